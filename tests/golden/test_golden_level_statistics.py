"""Tests of levels and their placebos worked by hand: an average true range of 4 and, mostly, a level from 90 to 91.

The tolerance is 1 (a touch at 92 or below), a close of 95 is a hold, one below 89 a break.
"""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from pipelines.contracts import core
from pipelines.parameters import Parameters
from pipelines.transforms.level_statistics import level_statistics
from tests.frames import prices
from tests.transforms.average_frames import averages
from tests.transforms.level_state_frames import DAY, level, state, states, zone

BOUNDS = (90.0, 91.0)
ATR = 4.0
NO_LEVELS = core.Level.create_empty()
TOUCH = states(state("L", 1, 1, BOUNDS), state("L", 2, None, BOUNDS, tests=1, event=2, state="testing"))
"""A stand from row 1 on, touched on row 2."""


def _statistics(
    closes: list[float],
    of_states: pl.DataFrame = TOUCH,
    *,
    levels: pl.DataFrame = NO_LEVELS,
    zones: pl.DataFrame | None = None,
    lows: list[float | None] | None = None,
    atr: list[float | None] | None = None,
    **parameters: Any,
) -> pl.DataFrame:
    of_averages = averages(closes, atr_14=atr or [ATR] * len(closes))
    out = level_statistics(
        of_states,
        levels,
        zone("L") if zones is None else zones,
        prices(closes, lows=lows),
        of_averages,
        Parameters(**parameters),
    )
    return core.LevelStatistics.validate(out)


def _any(out: pl.DataFrame) -> dict[str, Any]:
    return out.row(by_predicate=pl.col("kind") == "any", named=True)


def _counts(*args: Any, **kwargs: Any) -> tuple[int, int, int]:
    """Return (tests, holds, breaks) of all levels."""
    row = _any(_statistics(*args, **kwargs))
    return row["tests"], row["holds"], row["breaks"]


def _mirrored(closes: list[float]) -> tuple[list[float], pl.DataFrame]:
    turned = {"evaluated_low": 200 - pl.col("evaluated_high"), "evaluated_high": 200 - pl.col("evaluated_low")}
    of_states = TOUCH.with_columns(side=pl.lit("resistance")).with_columns(**turned)
    return [200 - close for close in closes], of_states


CASES = [
    ("a close one ATR above", [100, 98, 92, 93, 95], (1, 1, 0)),
    ("not quite, and still open", [100, 98, 92, 93, 94.9], (0, 0, 0)),
    ("a quarter of an ATR below is not beyond", [100, 98, 92, 89], (0, 0, 0)),
    ("beyond", [100, 98, 92, 89, 88.9], (1, 0, 1)),
    ("first beyond, then above", [100, 98, 92, 88, 96], (1, 0, 1)),
    ("first above, then beyond", [100, 98, 92, 96, 88], (1, 1, 0)),
    ("decided on the tenth row", [100, 98, *[92] * 10, 95], (1, 1, 0)),
    ("neither within ten rows", [100, 98, *[92] * 11, 95], (1, 0, 0)),
    ("a row short of that", [100, 98, *[92] * 10], (0, 0, 0)),
    ("on the touching row itself", [100, 98, 88], (1, 0, 1)),
    ("price had been as near as the tolerance", [92, 98, 92, 95], (0, 0, 0)),
    ("price had been farther away", [92.1, 98, 92, 95], (1, 1, 0)),
]


@pytest.mark.parametrize(("case", "closes", "expected"), CASES, ids=[case[0] for case in CASES])
@pytest.mark.parametrize("side", ["support", "resistance"])
def test_the_first_close_beyond_a_distance_decides(case, closes, expected, side):
    of_states = TOUCH
    if side == "resistance":
        closes, of_states = _mirrored(closes)
    assert _counts(closes, of_states) == expected


def test_the_touching_bar_can_hold_on_its_own_close():
    assert _counts([100, 98, 95], lows=[100, 98, 92]) == (1, 1, 0)


def test_distances_are_those_of_the_row_before_the_touch():
    # With 8 the tolerance is 2, a hold takes 99; with the 4 of the touching row 95 would be one.
    assert _counts([100, 98, 92, 95, 98.9], atr=[4, 8, 4, 4, 4]) == (0, 0, 0)
    assert _counts([100, 98, 92, 95, 99], atr=[4, 8, 4, 4, 4]) == (1, 1, 0)


def test_a_share_of_the_price_is_the_tolerance_where_it_is_wider_than_that_of_the_range():
    # 2 per cent of 90.5 are 1.81, so that a close of 92.8 before was no distance.
    assert _counts([92.8, 98, 92, 95], level_tolerance_pct=2.0) == (0, 0, 0)
    assert _counts([92.9, 98, 92, 95], level_tolerance_pct=2.0) == (1, 1, 0)


def test_bounds_are_those_of_the_touching_row_and_the_side_that_of_the_row_before():
    moved = states(
        state("L", 1, 1, (80, 81), side="resistance"), state("L", 2, None, BOUNDS, tests=1, event=2, side="support")
    )
    # As a resistance from 90 to 91: price comes from 80, ten points away, and closes above 92.
    assert _counts([80, 85, 89.5, 92.1], moved) == (1, 0, 1)


def test_price_is_away_since_the_last_event():
    closes = [100, 98, 91.5, 96, 92, 95, 91, 80]
    held = [
        state("L", 1, 1, BOUNDS),
        state("L", 2, 2, BOUNDS, tests=1, event=2, state="testing"),
        state("L", 3, 3, BOUNDS, tests=1, event=3),
        state("L", 4, None, BOUNDS, tests=2, event=4, state="testing"),
    ]
    assert _counts(closes, states(*held)) == (2, 2, 0)
    # An event of row 2 closed at 91.5, half a point above the level: the second touch is no test.
    nearer = [*held[:2], state("L", 3, 3, (90, 91.0), tests=1, event=2), held[3]]
    assert _counts(closes, states(*nearer)) == (1, 1, 0)


@pytest.mark.parametrize("last", [5, 4], ids=["after an end", "after a gap"])
def test_a_level_that_returns_starts_afresh(last):
    first = [state("L", 1, 1, BOUNDS), state("L", 2, 4, BOUNDS, tests=1, event=2, state="testing")]
    end = [state("L", 5, 5, BOUNDS, tests=1, event=5, state="expired")] if last == 5 else []
    # Touched on the first row of its second stand, after a close of 96 on the row before it.
    again = [state("L", 6, None, BOUNDS, tests=1, event=6, state="testing")]
    closes = [100, 98, 92, 95, 92, 96, 91.5, 88]
    assert _counts(closes, states(*first, *end, *again)) == (2, 1, 1)
    assert _counts([*closes[:5], 91.9, *closes[6:]], states(*first, *end, *again)) == (1, 1, 0)


def test_a_row_without_a_new_touch_is_no_test():
    closes = [100, 98, 92, 95, 91, 80]
    same = states(
        state("L", 1, 1, BOUNDS),
        state("L", 2, 2, BOUNDS, tests=1, event=2, state="testing"),
        state("L", 3, None, (90, 91.5), tests=1, event=2),
    )
    assert _counts(closes, same) == (1, 1, 0)


def test_a_level_of_the_very_first_row_has_no_row_before_to_measure_from():
    early = states(state("L", 0, 1, BOUNDS, state="pending"), state("L", 2, None, BOUNDS, tests=1, event=2))
    assert _counts([100, 98, 92, 95], early) == (0, 0, 0)


def test_a_placebo_of_factor_one_is_the_test_itself():
    for closes in ([100, 98, 92, 93, 95], [100, 98, 92, 88.9]):
        row = _any(_statistics(closes, placebo_least=1.0, placebo_most=1.0))
        assert row["placebo_hold_rate_pct"] == row["hold_rate_pct"]
        assert (row["placebo_sd_pct_points"], row["hold_excess_pct_points"], row["reason"]) == (0, 0, None)


HALFWAY = {"placebo_least": 0.5, "placebo_most": 0.5}
"""Half of nine points below 100: from 94.5 to 95.5, reached at 96.5, held at 99.5, broken below 93.5."""


def test_a_placebo_lies_at_its_own_distance_and_is_tested_on_its_own_rows():
    row = _any(_statistics([100, 96.5, 92, 95], **HALFWAY))
    assert (row["hold_rate_pct"], row["placebo_hold_rate_pct"], row["hold_excess_pct_points"]) == (100, 0, 100)
    later = states(state("L", 1, 2, BOUNDS), state("L", 3, None, BOUNDS, tests=1, event=3))
    row = _any(_statistics([100, 96.5, 99.5, 92, 88], later, **HALFWAY))
    assert (row["hold_rate_pct"], row["placebo_hold_rate_pct"], row["hold_excess_pct_points"]) == (0, 100, -100)


def test_a_placebo_of_a_resistance_is_the_mirror_image():
    closes, of_states = _mirrored([100, 96.5, 92, 95])
    row = _any(_statistics(closes, of_states, **HALFWAY))
    assert (row["hold_rate_pct"], row["placebo_hold_rate_pct"]) == (100, 0)


def test_a_placebo_is_reached_by_the_range_of_the_armed_row():
    of_states = states(state("L", 1, 3, BOUNDS), state("L", 4, None, BOUNDS, tests=1, event=4))
    closes, lows = [100, 98, 99.5, 93.4, 88], [100, 98, 97.5, 93.4, 88]
    # With a range of 8 the tolerance is 2, so row 2 reaches it and holds at once; with 4 row 3 does, and breaks it.
    assert (
        _any(_statistics(closes, of_states, lows=lows, atr=[8, 4, 4, 4, 4], **HALFWAY))["placebo_hold_rate_pct"] == 100
    )
    assert _any(_statistics(closes, of_states, lows=lows, **HALFWAY))["placebo_hold_rate_pct"] == 0


def test_a_placebo_is_decided_by_the_range_of_the_row_before_it_is_reached():
    of_states = states(state("L", 1, 3, BOUNDS), state("L", 4, None, BOUNDS, tests=1, event=4))
    closes = [100, 97.5, 93.4, 103.5, 88]
    # Reached on row 2. With a range of 8 a break is a close below 92.5 and a hold one of 103.5.
    assert _any(_statistics(closes, of_states, atr=[4, 8, 4, 4, 4], **HALFWAY))["placebo_hold_rate_pct"] == 100
    assert _any(_statistics(closes, of_states, **HALFWAY))["placebo_hold_rate_pct"] == 0


@pytest.mark.parametrize(
    ("case", "closes", "parameters", "atr"),
    [
        ("never reached", [100, 98, 92, 95], {"placebo_least": 1.5, "placebo_most": 1.5}, None),
        ("reached too late", [100, 98, 92, 95], {**HALFWAY, "placebo_sessions": 1}, None),
        ("no range where price was armed", [100, 96.5, 92, 95], HALFWAY, [None, 4, 4, 4]),
        ("no range before it was reached", [100, 98, 96, 92, 95], HALFWAY, [4, None, 4, 4, 4]),
        ("not decided yet", [100, 96.5, 99, 95.1], {**HALFWAY, "outcome_break_atr": 1.0}, None),
        ("not above zero", [100, 98, 92, 95, 0.4], {"placebo_least": 100.5 / 9, "placebo_most": 100.5 / 9}, None),
    ],
)
def test_a_draw_that_is_no_test_leaves_no_placebo(case, closes, parameters, atr):
    touch = 3 if case == "no range before it was reached" else 2
    of_states = states(state("L", 1, touch - 1, BOUNDS), state("L", touch, None, BOUNDS, tests=1, event=touch))
    if case == "not decided yet":
        # The level is held at once by a wide bar; its placebo waits for 99.5 or a close below 90.5.
        row = _any(_statistics(closes, of_states, lows=[100, 96.5, 92, 95.1], **parameters))
    else:
        row = _any(_statistics(closes, of_states, atr=atr, **parameters))
    assert row["tests"] == 1
    assert row["hold_rate_pct"] == 100
    assert row["reason"] == "no_placebo"
    assert row["placebo_hold_rate_pct"] is row["placebo_sd_pct_points"] is row["hold_excess_pct_points"] is None


def test_a_placebo_is_reached_on_the_last_session_allowed():
    row = _any(_statistics([100, 98, 92, 95], placebo_sessions=2, **HALFWAY))
    assert row["placebo_hold_rate_pct"] == 0


def test_a_level_counts_in_every_kind_of_its_zone_as_of_the_row_before():
    was = {"kinds": "swing_high, round_number", "n_pivots": 3}
    zones = pl.concat([zone("L", 0, 1, **was), zone("L", 2, None, kinds="swing_low", n_pivots=2)])
    out = _statistics([100, 98, 92, 95], zones=zones)
    assert out.select("author", "kind", "tests", "reason").rows() == [
        ("detected", "any", 1, None),
        ("detected", "round_number", 1, None),
        ("detected", "swing_high", 1, None),
        ("detected", "swing_low", 0, "no_tests"),
        ("detected", "three_pivots", 1, None),
    ]
    assert out["first_test_session"].to_list() == [DAY[2], DAY[2], DAY[2], None, DAY[2]]
    assert out.row(3)[6:10] == (None, None, None, None)


def test_published_levels_count_by_author_and_role():
    levels = pl.concat([level("P", "one"), level("Q", "two", "next_support"), level("R", "one", "next_support")])
    of_states = states(
        state("P", 1, 1, BOUNDS, role="key_support"),
        state("P", 2, None, BOUNDS, tests=1, event=2, role="key_support"),
        state("Q", 1, 2, BOUNDS, role="next_support"),
        state("Q", 3, None, BOUNDS, tests=1, event=3, role="next_support"),
        state("R", 1, 2, (89, 90), role="next_support"),
        state("R", 3, None, (89, 90), tests=1, event=3, role="next_support"),
    )
    # P and Q are broken on row 3, below 89; R lies a point lower and is held on row 4, above 94.
    out = _statistics([100, 98, 92, 88.5, 95], of_states, levels=levels, zones=core.Zone.create_empty())
    assert out.select("author", "instrument_id", "kind", "tests", "holds", "breaks").rows() == [
        ("one", "A", "any", 2, 1, 1),
        ("one", "A", "key_support", 1, 0, 1),
        ("one", "A", "next_support", 1, 1, 0),
        ("two", "A", "any", 1, 0, 1),
        ("two", "A", "next_support", 1, 0, 1),
    ]
    first, last = out.select("first_test_session", "last_test_session").row(0)
    assert (first, last) == (DAY[2], DAY[3])
