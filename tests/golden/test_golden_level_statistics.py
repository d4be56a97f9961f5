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
AT_ITS_PLACE, NEARER = ({"placebo_least": factor, "placebo_most": factor} for factor in (1.0, 0.6))
HALFWAY = {"placebo_least": 0.5, "placebo_most": 0.5}
"""Half of nine points below 100: from 94.5 to 95.5, reached at 96.5, held at 99.5, broken below 93.5."""


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
    of_states = TOUCH.with_columns(side=pl.lit("resistance"), role=pl.lit("resistance")).with_columns(**turned)
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


def test_bounds_are_those_of_the_touching_row_and_the_side_that_of_the_wait():
    moved = states(
        state("L", 1, 1, (85, 86), side="resistance"), state("L", 2, None, BOUNDS, tests=1, event=2, side="support")
    )
    # As a resistance from 90 to 91: price comes from 80, five points below the bounds of row 1, and closes above 92.
    assert _counts([80, 85, 89.5, 92.1], moved) == (1, 0, 1)
    assert _counts([84, 85, 89.5, 92.1], moved) == (0, 0, 0), "a point below 85 is no farther than the tolerance"


HELD_TWICE = [
    state("L", 1, 1, BOUNDS),
    state("L", 2, 2, BOUNDS, tests=1, event=2, state="testing"),
    state("L", 3, 3, BOUNDS, tests=1, event=3),
    state("L", 4, None, BOUNDS, tests=2, event=4, state="testing"),
]


def test_price_is_away_since_the_event_that_left_the_level_waiting():
    closes = [100, 98, 91.5, 96, 92, 95, 91, 80]
    assert _counts(closes, states(*HELD_TWICE)) == (2, 2, 0)
    # A close a point above the level on row 3: the second touch is no test.
    assert _counts([*closes[:3], 92, *closes[4:]], states(*HELD_TWICE)) == (1, 1, 0)


@pytest.mark.parametrize(("close", "expected"), [(92, (1, 0, 1)), (93, (2, 0, 2))])
def test_restored_is_no_event_that_price_is_away_since(close, expected):
    reclaimed = HELD_TWICE[2] | {"state": "reclaimed", "last_event": "reclaimed"}
    restored = state("L", 4, 4, BOUNDS, tests=1, event=4) | {"last_event": "restored"}
    again = state("L", 5, None, BOUNDS, tests=2, event=5, state="testing")
    # Away by row 3, where the level was reclaimed; row 4 lies seven points above it in any case.
    of_states = states(*HELD_TWICE[:2], reclaimed, restored, again)
    assert _counts([100, 98, 88, close, 98, 92, 88], of_states) == expected


def test_a_reclaim_that_finds_the_level_waiting_is_a_touch():
    waiting = state("L", 1, 1, BOUNDS, side="resistance", state="role_reversed")
    against = state("L", 2, None, BOUNDS, event=2, state="reclaimed") | {"last_event": "reclaimed"}
    # A resistance of late, and price goes from 80 through it at once.
    assert _counts([80, 85, 93], states(waiting, against)) == (1, 0, 1)
    broken = states(waiting | {"state": "broken"}, against)
    assert _counts([80, 85, 93], broken) == (0, 0, 0)


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
        state("L", 3, None, (90, 91.5), tests=1, event=2, state="testing"),
    )
    assert _counts(closes, same) == (1, 1, 0)


def test_a_level_of_the_very_first_row_has_no_row_before_to_measure_from():
    early = states(state("L", 0, 1, BOUNDS), state("L", 2, None, BOUNDS, tests=1, event=2))
    assert _counts([100, 98, 92, 95], early) == (0, 0, 0)


@pytest.mark.parametrize(("close", "expected"), [(92, (0, 0, 0)), (92.1, (1, 1, 0))])
def test_a_pending_level_waits_from_the_row_before_it_is_taken_up(close, expected):
    pending = states(
        state("L", 1, 2, BOUNDS, state="pending"),
        state("L", 3, 3, BOUNDS),
        state("L", 4, None, BOUNDS, tests=1, event=4, state="testing"),
    )
    assert _counts([100, 98, close, 98, 92, 95], pending) == expected


def test_a_level_that_begins_as_broken_and_turns_at_once_waits_from_then_on():
    turned = {"role": "support", "last_event": "role_reversed"}
    of_states = states(
        state("L", 1, 1, BOUNDS, side="resistance", event=1, state="role_reversed") | turned,
        state("L", 2, None, BOUNDS, side="resistance", tests=1, event=2, state="testing"),
    )
    # As a support it lay above the close of row 0. Of a resistance from row 0 on half way there, row 2 would break it;
    # that of row 1, from 88 to 89, is held on row 3 like the level.
    row = _any(_statistics([80, 86, 89, 84], of_states, **HALFWAY))
    assert (row["tests"], row["holds"], row["placebo_hold_rate_pct"]) == (1, 1, 100)
    assert _counts([80, 89.5, 89, 84], of_states) == (0, 0, 0)


def test_a_placebo_of_factor_one_is_the_test_itself():
    for closes in ([100, 98, 92, 93, 95], [100, 98, 92, 88.9]):
        row = _any(_statistics(closes, **AT_ITS_PLACE))
        assert row["placebo_hold_rate_pct"] == row["hold_rate_pct"]
        assert (row["placebo_sd_pct_points"], row["hold_excess_pct_points"], row["reason"]) == (0, 0, None)


LATE = states(state("L", 1, 3, BOUNDS), state("L", 4, None, BOUNDS, tests=1, event=4, state="testing"))
"""Touched on row 4."""


def test_a_placebo_lies_at_its_own_distance_and_is_tested_on_its_own_rows():
    row = _any(_statistics([100, 96.5, 92, 95], **HALFWAY))
    assert (row["hold_rate_pct"], row["placebo_hold_rate_pct"], row["hold_excess_pct_points"]) == (100, 0, 100)
    row = _any(_statistics([100, 96.5, 99.5, 97, 92, 88], LATE, **HALFWAY))
    assert (row["hold_rate_pct"], row["placebo_hold_rate_pct"], row["hold_excess_pct_points"]) == (0, 100, -100)


def test_a_level_that_is_never_touched_has_placebos_too():
    row = _any(_statistics([100, 98, 96.5, 99.5, 98], states(state("L", 1, None, BOUNDS)), **HALFWAY))
    assert (row["tests"], row["placebo_hold_rate_pct"], row["reason"]) == (0, 100, "no_tests")
    both = pl.concat([LATE, states(state("M", 1, None, (80.0, 81.0)))])
    row = _any(_statistics([100, 96.5, 99.5, 97, 92, 88, 95], both, zones=pl.concat([zone("L"), zone("M")]), **HALFWAY))
    # The placebo of M lies from 89.5 to 90.5: reached on row 5 and broken there, below 88.5.
    assert (row["tests"], row["placebo_hold_rate_pct"]) == (1, 50)


@pytest.mark.parametrize(
    ("last_row", "rate"),
    [
        ([state("L", 4, None, BOUNDS, tests=1, event=3)], 50),
        ([state("L", 4, 4, BOUNDS, tests=1, event=3)], 50),
        ([state("L", 4, 4, BOUNDS, tests=1, event=4, state="expired")], 0),
        ([], 0),
    ],
)
def test_every_event_that_leaves_a_level_waiting_has_placebos_if_it_stands_on_the_next_row(last_row, rate):
    # From row 0 the near edge lies at 94.6: reached and broken on row 2. From row 3, where the level was held at 96, it
    # lies at 93: reached on row 4, held on row 5.
    row = _any(_statistics([100, 98, 92, 96, 94, 97], states(*HELD_TWICE[:3], *last_row), **NEARER))
    assert (row["tests"], row["placebo_hold_rate_pct"]) == (1, rate)


def test_a_placebo_of_a_resistance_is_the_mirror_image():
    closes, of_states = _mirrored([100, 96.5, 92, 95])
    row = _any(_statistics(closes, of_states, **HALFWAY))
    assert (row["hold_rate_pct"], row["placebo_hold_rate_pct"]) == (100, 0)


def test_a_placebo_is_reached_by_the_range_of_the_row_before():
    closes, lows = [100, 98, 99.5, 93.4, 88], [100, 98, 97.5, 93.4, 88]
    # With a range of 8 the tolerance is 2, so row 2 reaches and holds it; else row 3 does, and breaks it.
    wide = _any(_statistics(closes, LATE, lows=lows, atr=[4, 8, 4, 4, 4], level_hold_atr=0.5, **HALFWAY))
    assert wide["placebo_hold_rate_pct"] == 100
    narrow = _any(_statistics(closes, LATE, lows=lows, level_hold_atr=0.5, **HALFWAY))
    assert narrow["placebo_hold_rate_pct"] == 0


def test_a_placebo_is_decided_by_the_range_of_the_row_before_it_is_reached():
    closes = [100, 97.5, 93.4, 103.5, 88]
    # Reached on row 2. With a range of 8 a break is a close below 92.5 and a hold one of 103.5.
    assert _any(_statistics(closes, LATE, atr=[4, 8, 4, 4, 4], **HALFWAY))["placebo_hold_rate_pct"] == 100
    assert _any(_statistics(closes, LATE, **HALFWAY))["placebo_hold_rate_pct"] == 0


def test_a_row_without_a_range_before_it_reaches_no_placebo():
    # Row 2 would reach it and row 3 hold it; as it is row 4 does, and breaks it.
    closes, gap = [100, 98, 96, 99.5, 92, 95], [4, None, 4, 4, 4, 4]
    assert _any(_statistics(closes, LATE, **HALFWAY))["placebo_hold_rate_pct"] == 100
    assert _any(_statistics(closes, LATE, atr=gap, **HALFWAY))["placebo_hold_rate_pct"] == 0


def test_a_placebo_moves_with_its_level():
    moved = states(
        state("L", 1, 1, BOUNDS),
        state("L", 2, 3, (91.0, 94.0)),
        state("L", 4, None, (91.0, 94.0), tests=1, event=4, state="testing"),
    )
    # From 95.5 to 98.5 since row 2, as wide as the level now is: reached at 99.5, held at 102.5, broken below 94.5.
    assert _any(_statistics([100, 99.5, 99.5, 102.5, 94, 98], moved, **HALFWAY))["placebo_hold_rate_pct"] == 100
    assert _any(_statistics([100, 97, 99.6, 94.5, 94, 98, 94.4], moved, **HALFWAY))["placebo_hold_rate_pct"] == 0


@pytest.mark.parametrize(("end", "rate"), [(2, None), (3, 100)])
def test_a_placebo_ends_with_its_level(end, rate):
    over = states(state("L", 1, end - 1, BOUNDS), state("L", end, end, BOUNDS, event=end, state="expired"))
    # Reached on row 2, the last one of the longer stand; what decides it may come later.
    assert _any(_statistics([100, 98, 96.5, 99.5, 98], over, **HALFWAY))["placebo_hold_rate_pct"] == rate


@pytest.mark.parametrize(
    ("case", "closes", "parameters"),
    [
        ("never reached", [100, 98, 92, 95], {"placebo_least": 1.5, "placebo_most": 1.5}),
        ("reached too late", [100, 98, 92, 95], {**HALFWAY, "placebo_sessions": 1}),
        ("not decided yet", [100, 96.5, 99, 95.1], {**HALFWAY, "outcome_break_atr": 1.0}),
        ("not above zero", [100, 98, 92, 95, 0.4], {"placebo_least": 100.5 / 9, "placebo_most": 100.5 / 9}),
        ("price no farther away than the tolerance", [100, 98, 92, 95], {"placebo_least": 0.1, "placebo_most": 1 / 9}),
    ],
)
def test_a_draw_that_is_no_test_leaves_no_placebo(case, closes, parameters):
    # "not decided yet": the level is held at once by a wide bar; its placebo waits for 99.5 or a close below 90.5.
    lows = [*closes[:2], 92, *closes[3:]]
    row = _any(_statistics(closes, lows=lows, **parameters))
    assert row["tests"] == 1
    assert row["hold_rate_pct"] == 100
    assert row["reason"] == "no_placebo"
    assert row["placebo_hold_rate_pct"] is row["placebo_sd_pct_points"] is row["hold_excess_pct_points"] is None


def test_without_a_range_where_price_set_out_there_is_neither_test_nor_placebo():
    row = _any(_statistics([100, 96.5, 92, 95], atr=[None, 4, 4, 4], **HALFWAY))
    assert (row["tests"], row["placebo_hold_rate_pct"], row["reason"]) == (0, None, "no_tests")


def test_a_placebo_is_reached_on_the_last_session_allowed():
    row = _any(_statistics([100, 98, 92, 95], placebo_sessions=2, **HALFWAY))
    assert row["placebo_hold_rate_pct"] == 0


def test_a_level_counts_in_every_kind_that_its_zone_had_when_it_began_to_wait():
    was = {"kinds": "swing_high, round_number", "n_pivots": 3}
    zones = pl.concat([zone("L", 0, 0, **was), zone("L", 1, None, kinds="swing_low", n_pivots=2)])
    out = _statistics([100, 98, 92, 95], zones=zones, **AT_ITS_PLACE)
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
