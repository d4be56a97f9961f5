"""Sector weights of any members against a plain loop; single rules stand in tests/golden."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipelines.contracts import core
from pipelines.transforms.sector_weight import sector_weights
from tests.frames import days
from tests.transforms.membership_frames import members

DAY = days(4)
_SECTORS = st.sampled_from(["Energy", "Financials", "Utilities", "Unclassified", "Unclassified"])


@st.composite
def _members(draw: st.DrawFn) -> pl.DataFrame:
    made = [core.Membership.create_empty()]
    for index_id in ("X", "Y"):
        for as_of in draw(st.sets(st.sampled_from(DAY))):
            held = draw(st.lists(st.tuples(st.integers(1, 1000), _SECTORS), min_size=1, max_size=6))
            total = sum(size for size, _ in held)
            rows = [
                {"symbol": f"S{place}", "weight_share": size / total, "sector": sector}
                for place, (size, sector) in enumerate(held)
            ]
            made.append(members(*rows, index_id=index_id, as_of=as_of))
    return pl.concat(made)


def _plain_loop(of: pl.DataFrame) -> dict[tuple, tuple]:
    """Return (weight, members, previous date, change) by index, date and sector."""
    found: dict[tuple, tuple] = {}
    for index_id in ("X", "Y"):
        before: tuple[dt.date | None, dict[str, float]] = (None, {})
        for as_of in DAY:
            weights: dict[str, list[float]] = {}
            for row in of.filter(index_id=index_id, as_of=as_of).rows(named=True):
                weights.setdefault(row["sector"], []).append(row["weight_share"])
            if not set(weights) - {"Unclassified"}:
                continue
            now = {sector: sum(own) for sector, own in weights.items()}
            for sector, weight in now.items():
                change = None if before[0] is None else 100 * (weight - before[1].get(sector, 0.0))
                found[index_id, as_of, sector] = (weight, len(weights[sector]), before[0], change)
            before = (as_of, now)
    return found


@settings(max_examples=60, deadline=None)
@given(of=_members(), seed=st.integers(0, 9))
def test_sector_weights_are_those_of_a_plain_loop(of: pl.DataFrame, seed: int):
    out = core.SectorWeight.validate(sector_weights(of))
    expected = _plain_loop(of)
    assert out.select("index_id", "as_of", "sector").rows() == sorted(expected)
    for row in out.rows(named=True):
        weight, count, previous, change = expected[row["index_id"], row["as_of"], row["sector"]]
        assert row["weight_share"] == pytest.approx(weight, abs=1e-12)
        assert (row["members"], row["previous_as_of"]) == (count, previous)
        assert row["weight_change_pct_points"] == (None if change is None else pytest.approx(change, abs=1e-9))
    for _, rows in out.group_by("index_id", "as_of"):
        ranked = rows.sort("rank")
        assert ranked["rank"].to_list() == list(range(1, len(rows) + 1))
        by_size = sorted(rows.select("weight_share", "sector").rows(), key=lambda it: (-it[0], it[1]))
        assert ranked.select("weight_share", "sector").rows() == by_size
    assert_frame_equal(sector_weights(of.sample(fraction=1, shuffle=True, seed=seed)), out, check_exact=True)


@settings(max_examples=30, deadline=None)
@given(of=_members(), last=st.sampled_from(DAY))
def test_later_dates_change_no_earlier_sector(of: pl.DataFrame, last: dt.date):
    until = pl.col("as_of") <= last
    assert_frame_equal(sector_weights(of.filter(until)), sector_weights(of).filter(until), check_exact=True)
