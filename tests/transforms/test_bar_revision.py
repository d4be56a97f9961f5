"""Later versions of bars: which differ, by how much, and what is material (methods B8)."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from pipelines.contracts import core
from pipelines.parameters import Parameters
from pipelines.transforms.revision import bar_revisions
from tests.transforms.stated_builds import FIRST_BUILD, versions

ONE, TWO, THREE = (FIRST_BUILD + dt.timedelta(days=days) for days in (0, 1, 2))


def revisions(frame: pl.DataFrame) -> pl.DataFrame:
    return core.BarRevision.validate(bar_revisions(frame, "index", Parameters()))


def test_each_later_version_is_a_row_with_what_was_before() -> None:
    found = revisions(
        versions(("A", 0, 2000.0, ONE), ("A", 0, 2001.0, THREE), ("A", 0, 1998.0, TWO), ("B", 0, 5.0, ONE))
    )
    columns = ("instrument_id", "bar_version", "earlier_known_from", "known_from", "kind", "earlier_close", "close")
    assert found.select(columns).rows() == [
        ("A", 2, ONE, TWO, "close", 2000.0, 1998.0),
        ("A", 3, TWO, THREE, "close", 1998.0, 2001.0),
    ]
    assert found["close_change_bp"].to_list() == [-10.0, pytest.approx(15.015015015)]


@pytest.mark.parametrize(
    ("column", "value", "kind", "is_material"),
    [
        ("close", 2000.1, "close", False),  # 0.5 bp, and more is asked for
        ("close", 2000.11, "close", True),
        ("close", 1999.89, "close", True),
        ("high", 2001.0, "range", True),  # 5 bp, and no more is asked for
        ("high", 2000.99, "range", False),
        ("low", 1999.0, "range", True),
        ("low", 1999.01, "range", False),
        ("open", 1990.0, "range", False),  # no state stands on an open
        ("volume", 11.0, "volume", False),
        ("volume", None, "volume", False),
    ],
)
def test_what_is_restated_and_whether_it_is_material(
    column: str, value: float | None, kind: str, is_material: bool
) -> None:
    frame = versions(("A", 0, 2000.0, ONE), ("A", 0, 2000.0, TWO))
    changed = frame.with_columns(pl.when(pl.col("known_from") == TWO).then(value).otherwise(column).alias(column))
    assert revisions(changed).select("kind", "is_material").rows() == [(kind, is_material)]


def test_an_adjusted_close_alone_is_no_revision_but_a_version() -> None:
    frame = versions(("A", 0, 2000.0, ONE), ("A", 0, 2000.0, TWO), ("A", 0, 2001.0, THREE))
    adjusted = pl.when(pl.col("known_from") == TWO).then(1999.0).otherwise("adjusted_close")
    assert revisions(frame.with_columns(adjusted_close=adjusted))["bar_version"].to_list() == [3]
