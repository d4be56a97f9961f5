"""Published levels worked by hand: what a revision is, and the basis of a quote instrument (methods B4)."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from pipelines.contracts import core
from pipelines.parameters import Parameters
from pipelines.transforms.level import levels
from tests.transforms.level_frames import NOON, book, closes, day, november

LATE = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)


def _levels(rows: pl.DataFrame, prices: pl.DataFrame | None = None, **thresholds: int) -> pl.DataFrame:
    """Return the levels by level_id."""
    of_prices = core.SeriesPrice.create_empty() if prices is None else prices
    return core.Level.validate(levels(rows, november(), of_prices, LATE, Parameters(**thresholds)))


REVISIONS = [
    # role and numbers before, role and numbers after, kind
    ("key_support", (2280, 2290), "key_support", (2290, 2300), "tightened"),
    ("key_support", (2290, 2300), "key_support", (2280, 2290), "widened"),
    ("key_resistance", (2450, 2450), "key_resistance", (2440, 2440), "tightened"),
    ("key_resistance", (2450, 2450), "key_resistance", (2460, 2460), "widened"),
    # The middle decides before the width: 2285 to 2286.
    ("key_support", (2280, 2290), "key_support", (2262, 2310), "tightened"),
    ("next_resistance", (2625, 2655), "next_resistance", (2630, 2650), "tightened"),
    ("next_resistance", (2625, 2655), "next_resistance", (2620, 2660), "widened"),
    ("next_resistance", (2625, 2655), "next_resistance", (2625, 2655), "restated"),
    ("next_support", (2100, 2200), "next_support", (2150, 2150), "tightened"),
    # In floats the middle of 2439.9 and 2440.3 is 2440.1000000000004.
    ("key_support", (2439.9, 2440.3), "key_support", (2440.1, 2440.1), "tightened"),
    ("key_resistance", (2440.1, 2440.1), "key_resistance", (2439.9, 2440.3), "widened"),
    ("key_support", (2439.9, 2440.3), "key_resistance", (2440.1, 2440.1), "restated"),
    # Another role says where the level went, and nothing of tighter or wider.
    ("key_support", (2288, 2288), "intermediate_support", (2300, 2300), "raised"),
    ("key_support", (2288, 2288), "key_resistance", (2270, 2270), "lowered"),
    ("key_support", (2280, 2290), "key_resistance", (2285, 2285), "restated"),
    ("key_resistance", (2450, 2450), "key_support", (2450, 2450), "restated"),
]


@pytest.mark.parametrize(("old_role", "old", "role", "new", "kind"), REVISIONS)
def test_what_a_revision_is_to_what_it_supersedes(
    old_role: str, old: tuple[float, float], role: str, new: tuple[float, float], kind: str
):
    order = {"next_support": 1, "next_resistance": 1}
    out = _levels(
        book(
            {"role": old_role, "low": old[0], "high": old[1], "order_in_chain": order.get(old_role)},
            {
                **{"level_id": "b", "published_at": NOON + dt.timedelta(days=1), "supersedes": "a"},
                **{"role": role, "low": new[0], "high": new[1], "order_in_chain": order.get(role)},
            },
        )
    )
    assert out["revision_kind"].to_list() == [None, kind]
    assert out["superseded_from"].to_list() == [day(26), None]


def test_the_published_numbers_make_the_kind_not_the_evaluated_ones():
    # The first is quoted on a CFD 20 points above the index; 2,300 less 20 would lie below 2,290.
    fund = {day(25): 2320.0, day(26): 2320.0}
    index = {day(25): 2300.0, day(26): 2300.0}
    out = _levels(
        book(
            {"low": 2290.0, "high": 2290.0},
            {
                **{"level_id": "b", "published_at": NOON + dt.timedelta(days=2), "supersedes": "a"},
                **{"low": 2300.0, "high": 2300.0, "quote_instrument": "CFD"},
            },
        ),
        closes({"RUT": index, "CFD": fund}),
        level_basis_sessions=2,
    )
    assert out["evaluated_low"].to_list() == [2290.0, 2280.0]
    assert out["revision_kind"].to_list() == [None, "tightened"]


INDEX = {day(25): 100.0, day(26): 101.0, day(27): 102.0, day(29): 103.0, day(2, 12): 104.0, day(3, 12): 105.0}
QUOTE = {day(25): 101.0, day(27): 105.0, day(29): 104.5, day(2, 12): 107.0, day(3, 12): 205.0}
"""Above the index by 1, (no close), 3, 1.5, 3, 100."""


@pytest.mark.parametrize(
    ("valid_from", "count", "basis"),
    [
        (day(3, 12), 3, 3.0),  # of 3, 1.5, 3; the 100 of the day itself is not known yet
        (day(3, 12), 4, 2.25),  # of 1, 3, 1.5, 3: half way between 1.5 and 3
        (day(3, 12), 1, 3.0),
        (day(2, 12), 3, 1.5),  # of 1, 3, 1.5
        (day(2, 12), 2, 2.25),
        (day(2, 12), 4, None),  # only three common sessions
        (day(26), 1, 1.0),
        (None, 1, None),  # valid on the 25th, and nothing lies before it
    ],
)
def test_the_basis_is_the_median_of_common_closes_before_the_first_session(
    valid_from: dt.date | None, count: int, basis: float | None
):
    row = {"quote_instrument": "CFD", "low": 50.0, "high": 60.0, "valid_from": valid_from}
    out = _levels(book(row), closes({"RUT": INDEX, "CFD": QUOTE, "A/B": QUOTE}), level_basis_sessions=count)
    found = out.select("basis_points", "basis_flag", "low", "high", "evaluated_low", "evaluated_high").row(0)
    by = basis or 0.0
    assert found == (basis, "unadjusted" if basis is None else "adjusted", 50.0, 60.0, 50.0 - by, 60.0 - by)


def test_a_quote_below_the_index_raises_the_evaluated_numbers():
    row = {"instrument_id": "CFD", "quote_instrument": "RUT", "low": 50.0, "high": 60.0, "valid_from": day(2, 12)}
    out = _levels(book(row), closes({"RUT": INDEX, "CFD": QUOTE}), level_basis_sessions=3)
    assert out.select("basis_points", "evaluated_low", "evaluated_high").row(0) == (-1.5, 51.5, 61.5)


@pytest.mark.parametrize(
    ("low", "flag", "evaluated"), [(1.6, "adjusted", 0.1), (1.5, "unadjusted", 1.5), (1.0, "unadjusted", 1.0)]
)
def test_a_basis_that_leaves_nothing_is_not_used(low: float, flag: str, evaluated: float):
    row = {"quote_instrument": "CFD", "low": low, "high": 60.0, "valid_from": day(2, 12)}
    out = _levels(book(row), closes({"RUT": INDEX, "CFD": QUOTE}), level_basis_sessions=3)
    assert out["basis_flag"].item() == flag
    assert out["evaluated_low"].item() == pytest.approx(evaluated)
    assert out["basis_points"].item() == (1.5 if flag == "adjusted" else None)


@pytest.mark.parametrize(
    ("quote", "flag"), [("RUT", "cash"), ("RUT_CFD", "unadjusted"), ("RUT/CFD", "unadjusted"), ("CFD", "adjusted")]
)
def test_only_another_instrument_with_prices_has_a_basis(quote: str, flag: str):
    of_prices = closes({"RUT": INDEX, "CFD": QUOTE, "RUT/CFD": QUOTE})
    out = _levels(book({"quote_instrument": quote, "valid_from": day(2, 12)}), of_prices, level_basis_sessions=3)
    assert out["basis_flag"].item() == flag


@pytest.mark.parametrize(("quote", "flag"), [("RUT", "cash"), ("CFD", "unadjusted")])
def test_a_level_that_is_not_valid_yet_has_no_basis(quote: str, flag: str):
    row = {"quote_instrument": quote, "valid_from": day(4, 12)}
    out = _levels(book(row), closes({"RUT": INDEX, "CFD": QUOTE}), level_basis_sessions=1)
    assert out.select("valid_from", "basis_flag", "basis_points", "evaluated_low").row(0) == (None, flag, None, 2288.0)
