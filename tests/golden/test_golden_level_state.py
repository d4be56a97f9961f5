"""The state machine of levels worked by hand: every rule of methods B4, on its edges, and in a mirror.

The support is [90, 92] and the range 4 throughout, so the tolerance is 1. Looked at from above:

    reached: L <= 93        beyond: C < 90        broken at once: C <= 88        held: C >= 96
    pierced: L < 89, C >= 90        retest from below: H >= 89, C < 90        rejected: C <= 86        back: C > 92

Once it has become a resistance the same from below: reached H >= 89, beyond C > 92, cleared at once C >= 94, held
C <= 86, pierced H > 93, retest L <= 93, rejected C >= 96, back C < 90.
"""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.contracts.vocabulary import LEVEL_CAUSES
from tests.transforms.level_machine_frames import Bar, Made, causes, each_session, mirrored, on_bars, published
from tests.transforms.level_state_frames import DAY

SIDES = ("support", "resistance")
OTHER = {"broken": "cleared", "cleared": "broken", "support": "resistance", "resistance": "support"}
DATES = ("first_intraday", "first_close", "confirmed_two_closes", "confirmed_atr")
RETEST = (89, 88, 88)
"""Reaches the tolerance from below, and is no rejection yet."""
BROKEN = [(88, "atr", "broken")]
TURNED = [*BROKEN, ((89, 85, 86), "role_reversed", "resistance: role_reversed")]
RECLAIMED = [*BROKEN, (93, None, "broken"), (93, "reclaimed", "reclaimed")]
TOUCHED = [(93, "touched", "testing")]

# The close before the first bar; then bar, what it does and what the level is after it ("resistance: " where turned).
CASES: dict[str, list[Any]] = {
    "just out of reach": [100, (93.125, None, "intact")],
    "reached to the tolerance, held a range above, and not a tick less": [
        100, *TOUCHED, (95.875, None, "testing"), (96, "retest_held", "intact"), (100, None, "intact"),
    ],
    "the low reaches it": [100, ((97, 93, 95.875), "touched", "testing")],
    "touch and hold in one bar": [100, ((97, 93, 96), "retest_held", "intact"), ((97, 93.125, 96), None, "intact")],
    "the tolerance below is not beyond it": [100, ((95, 89, 90), "touched", "testing")],
    "pierced goes before touched": [100, ((95, 88.875, 90), "pierced", "testing")],
    "pierced while tested": [
        100, *TOUCHED, ((93, 88.875, 91), "pierced", "testing"), ((93, 89, 91), None, "testing"),
        ((93, 80, 90), "pierced", "testing"),
    ],
    "held goes before pierced": [100, ((96, 80, 96), "retest_held", "intact")],
    "held goes before pierced while tested": [100, *TOUCHED, ((96, 80, 96), "retest_held", "intact")],
    "the edge itself is not beyond": [100, (90, "touched", "testing"), (90, None, "testing")],
    "one close beyond, and a second": [
        100, (89.875, "first_close", "broken_provisional"), (89.875, "two_closes", "broken"), (89, None, "broken"),
    ],
    "broken at once by half a range": [100, (88, "atr", "broken"), (80, None, "broken")],
    "not quite half a range": [100, (88.125, "first_close", "broken_provisional")],
    "one close beyond while tested": [100, *TOUCHED, (88.125, "first_close", "broken_provisional")],
    "broken at once while tested": [100, *TOUCHED, (88, "atr", "broken")],
    "a second close far beyond is two closes": [
        100, (89, "first_close", "broken_provisional"), (80, "two_closes", "broken"),
    ],
    "a failed break on the edge": [
        100, (89, "first_close", "broken_provisional"), (90, "failed_break", "testing"),
        (89, "first_close", "broken_provisional"),
    ],
    "a failed break goes before held": [
        100, (89, "first_close", "broken_provisional"), (99, "failed_break", "testing"),
        (96, "retest_held", "intact"),
    ],
    "a failed break goes before pierced": [
        100, (89, "first_close", "broken_provisional"), ((91, 80, 91), "failed_break", "testing"),
    ],
    "a test lapses on the tenth session": [
        100, *TOUCHED, *[(94, None, "testing")] * 9, (94, "test_lapsed", "intact"), (94, None, "intact"),
    ],
    "a session later it is reached afresh": [
        100, *TOUCHED, *[(93, None, "testing")] * 9, (93, "test_lapsed", "intact"), *TOUCHED,
    ],
    "held on the tenth session": [100, *TOUCHED, *[(94, None, "testing")] * 9, (96, "retest_held", "intact")],
    "pierced on the tenth goes before the lapse, and after it nothing is held": [
        100, *TOUCHED, *[(94, None, "testing")] * 9, ((94, 88, 94), "pierced", "testing"),
        (96, "test_lapsed", "intact"),
    ],
    "a failed break goes on with the test it broke": [
        100, *TOUCHED, *[(94, None, "testing")] * 8, (89, "first_close", "broken_provisional"),
        (94, "failed_break", "testing"), (96, "test_lapsed", "intact"),
    ],
    "a test begins with the gap that broke it": [
        100, (89, "first_close", "broken_provisional"), (94, "failed_break", "testing"),
        *[(94, None, "testing")] * 8, (94, "test_lapsed", "intact"),
    ],
    # Reversals.
    "rejected a range below, and not a tick less": [
        100, *BROKEN, ((89, 86, 86.125), None, "broken"), (86, "role_reversed", "resistance: role_reversed"),
    ],
    "retest and rejection in one bar": [100, *TURNED, (80, None, "resistance: role_reversed")],
    "a retest that falls short": [100, *BROKEN, ((88.875, 85, 86), None, "broken")],
    "the bar that breaks is no retest": [100, ((95, 88, 88), "atr", "broken"), (86, None, "broken")],
    "nor is the second close": [
        100, (89, "first_close", "broken_provisional"), (89, "two_closes", "broken"), (86, None, "broken"),
    ],
    "a close on the edge is no retest": [100, *BROKEN, (90, None, "broken"), (86, None, "broken")],
    "ten sessions after the retest": [
        100, *BROKEN, (RETEST, None, "broken"), *[(88, None, "broken")] * 9,
        (86, "role_reversed", "resistance: role_reversed"),
    ],
    "eleven sessions after the retest": [
        100, *BROKEN, (RETEST, None, "broken"), *[(88, None, "broken")] * 10, (86, None, "broken"),
    ],
    "the latest retest counts": [
        100, *BROKEN, (RETEST, None, "broken"), *[(88, None, "broken")] * 5,
        (RETEST, None, "broken"), *[(88, None, "broken")] * 9, (86, "role_reversed", "resistance: role_reversed"),
    ],
    "a retest of an earlier break does not": [
        100, *BROKEN, (RETEST, None, "broken"), (93, None, "broken"), (93, "reclaimed", "reclaimed"),
        *BROKEN, (86, None, "broken"),
    ],
    "turned: just out of reach, reached, held": [
        100, *TURNED, (88.875, None, "resistance: role_reversed"), (89, "touched", "resistance: testing"),
        (86.125, None, "resistance: testing"), (86, "retest_held", "resistance: intact"),
    ],
    "turned: touch and hold in one bar": [100, *TURNED, ((89, 85, 86), "retest_held", "resistance: intact")],
    "turned: pierced": [100, *TURNED, ((93.125, 90, 92), "pierced", "resistance: testing")],
    "turned: cleared, and two closes back below": [
        100, *TURNED, (94, "atr", "resistance: cleared"), (90, None, "resistance: cleared"),
        (89.875, None, "resistance: cleared"), (89, "reclaimed", "resistance: reclaimed"),
        (85, "restored", "resistance: intact"), (80, None, "resistance: intact"),
    ],
    # Reclaims.
    "two closes back above the upper edge": [
        100, *BROKEN, (92, None, "broken"), (92.125, None, "broken"), (92.125, "reclaimed", "reclaimed"),
        (93.125, "restored", "intact"), (94, None, "intact"),
    ],
    "twenty sessions apart": [
        100, *BROKEN, (93, None, "broken"), *[(91, None, "broken")] * 19, (93, "reclaimed", "reclaimed"),
    ],
    "twenty-one sessions apart, and the next one": [
        100, *BROKEN, (93, None, "broken"), *[(91, None, "broken")] * 20, (93, None, "broken"),
        (93, "reclaimed", "reclaimed"),
    ],
    "however long after the break": [
        100, *BROKEN, *[(88, None, "broken")] * 40, (93, None, "broken"), (93, "reclaimed", "reclaimed"),
    ],
    "touched goes before restored": [100, *RECLAIMED, *TOUCHED],
    "pierced goes before restored": [100, *RECLAIMED, ((93, 80, 91), "pierced", "testing")],
    "held goes before restored": [100, *RECLAIMED, ((97, 93, 96), "retest_held", "intact")],
    "one close beyond goes before restored": [100, *RECLAIMED, (89, "first_close", "broken_provisional")],
    "broken goes before restored": [100, *RECLAIMED, *BROKEN],
    "turned: two closes take the reversal back": [
        100, *TURNED, (93, "first_close", "resistance: broken_provisional"), (92.125, "reclaimed", "reclaimed"),
        (100, "restored", "intact"), (88, "atr", "broken"),
    ],
    "turned: they may follow a break": [
        100, *TURNED, (94, "atr", "resistance: cleared"), (92.125, "reclaimed", "reclaimed"),
    ],
    "turned: a reclaim goes before a break": [
        100, *TURNED, (93, "first_close", "resistance: broken_provisional"),
        (92, "failed_break", "resistance: testing"), (95, "reclaimed", "reclaimed"),
    ],
    "turned: a reclaim goes before the next reversal": [
        100, *TURNED, (94, "atr", "resistance: cleared"), ((97, 93, 96), "reclaimed", "reclaimed"),
    ],
    "turned: twenty sessions apart": [
        100, *TURNED, (93, "first_close", "resistance: broken_provisional"),
        (91, "failed_break", "resistance: testing"), (85, "retest_held", "resistance: intact"),
        *[(85, None, "resistance: intact")] * 17, (93, "reclaimed", "reclaimed"),
    ],
    "turned: twenty-one sessions apart": [
        100, *TURNED, (93, "first_close", "resistance: broken_provisional"),
        (91, "failed_break", "resistance: testing"), (85, "retest_held", "resistance: intact"),
        *[(85, None, "resistance: intact")] * 18, (93, "first_close", "resistance: broken_provisional"),
    ],
    "turned: a reclaim settles what closed against the reversal before it": [
        100, *TURNED, (94, "atr", "resistance: cleared"), (89, None, "resistance: cleared"),
        (89, "reclaimed", "resistance: reclaimed"), (93, "first_close", "resistance: broken_provisional"),
    ],
    "turned twice it has its old side, and nothing to take back": [
        100, *TURNED, (94, "atr", "resistance: cleared"), *[(91, None, "resistance: cleared")] * 20,
        ((97, 93, 96), "role_reversed", "role_reversed"), (89, "first_close", "broken_provisional"),
        (89, "two_closes", "broken"),
    ],
    # The state from the close before.
    "a close before on the edge": [90, (100, None, "intact")],
    "a close before beyond it": [89.875, (91, None, "broken")],
    "started as broken and reclaimed": [89, (93, None, "broken"), (93, "reclaimed", "reclaimed")],
    "started as broken and rejected by the first bar": [
        89, ((89, 85, 86), "role_reversed", "resistance: role_reversed"),
    ],
}  # fmt: skip


def run(side: str, *bars: Bar) -> Made:
    """Hold bars, the first of them the one before the level, against [90, 92] or its mirror image."""
    if side == "support":
        return on_bars(bars, published())
    return on_bars([mirrored(bar) for bar in bars], published(bounds=(108, 110), role="intermediate_resistance"))


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("side", SIDES)
def test_one_bar_makes_one_transition(side: str, case: str):
    before, *lines = CASES[case]
    out = run(side, before, *(bar for bar, *_ in lines))
    sessions = DAY[1 : len(lines) + 1]
    found = [(row["side"], row["state"]) for row in each_session(out.states, sessions)]
    expected = [("resistance" if ": " in text else "support", text.rpartition(": ")[2]) for *_, text in lines]
    if side == "resistance":
        expected = [(OTHER[turned], OTHER.get(state, state)) for turned, state in expected]
    assert causes(out.events, sessions) == [cause for _, cause, _ in lines]
    assert found == expected


def test_the_cases_fire_every_rule():
    fired = {cause for _, *lines in CASES.values() for _, cause, _ in lines}
    assert fired == {*LEVEL_CAUSES, None} - {"superseded", "expired"}


@pytest.mark.parametrize(
    ("bars", "counts"),
    [
        pytest.param([93, 93, 96, 100, 93], [1, 1, 1, 1, 2], id="once a test"),
        pytest.param([(97, 93, 96), (97, 93, 96), 97], [1, 2, 2], id="each bar that holds at once"),
        pytest.param([(95, 80, 91), (95, 80, 91)], [1, 1], id="pierced"),
        pytest.param([89, 94, 89, 89], [1, 1, 1, 1], id="a failed break goes on with its test"),
        pytest.param([88, 91, 93, 93, 93], [1, 1, 1, 1, 2], id="a gap is a touch, a reclaim is none"),
        pytest.param([88, (89, 85, 86), 89], [1, 1, 2], id="a reversal is none"),
        pytest.param([88, (89, 85, 86), 93, 91, 85, 93], [1, 1, 2, 2, 2, 2], id="nor is its being taken back"),
    ],
)
@pytest.mark.parametrize("side", SIDES)
def test_touches_are_counted_where_the_level_was_waiting(side: str, bars: list[Bar], counts: list[int]):
    rows = each_session(run(side, 100, *bars).states, DAY[1 : len(bars) + 1])
    assert [row["test_count"] for row in rows] == counts


@pytest.mark.parametrize(
    ("bars", "dates"),
    [
        pytest.param([100, (95, 89.875, 91), 89, 91, 89, 89, 88], [1, 2, 5, 6], id="each on a session of its own"),
        pytest.param([100, (95, 90, 90), 90], [None] * 4, id="the edge itself is not beyond"),
        pytest.param([100, 88.125, 91, 89, 91], [1, 1, None, None], id="two closes that are not running"),
        pytest.param([100, 88, 88], [1, 1, 2, 1], id="in whatever state"),
        pytest.param([100, 88, 93, 93], [None] * 4, id="emptied by a reclaim"),
        pytest.param([100, 88, 93, 93, (93, 89.5, 91), 88], [4, 5, None, 5], id="and dated anew"),
        pytest.param([100, 88, (95, 85, 86)], [None] * 4, id="emptied by a reversal, whose own bar does not count"),
        pytest.param([100, 88, (95, 85, 86), (92.125, 85, 86), 93], [3, 4, None, None], id="dated on the other side"),
        pytest.param([100, 88, (89, 85, 86), 94, 93, 88], [5, 5, None, 5], id="emptied where a reversal is taken back"),
        pytest.param([89, 88, 88, 80], [None] * 4, id="none where the break came before"),
        pytest.param([89, 93, 93, 89], [3, 3, None, None], id="until it is reclaimed"),
    ],
)
@pytest.mark.parametrize("side", SIDES)
def test_four_conventions_of_a_break_are_dated_side_by_side(side: str, bars: list[Bar], dates: list[int | None]):
    row = each_session(run(side, *bars).states, [DAY[len(bars) - 1]])[0]
    assert [row[name] for name in DATES] == [None if date is None else DAY[date] for date in dates]


@pytest.mark.parametrize("side", SIDES)
def test_an_event_that_keeps_the_state_keeps_its_first_session(side: str):
    rows = each_session(run(side, 100, 93, 94, (93, 88, 91), 94, 96, (97, 93, 96)).states, DAY[1:7])
    names = ("state", "state_since", "last_event", "last_event_session")
    assert [tuple(row[name] for name in names) for row in rows] == [
        ("testing", DAY[1], "touched", DAY[1]),
        ("testing", DAY[1], "touched", DAY[1]),
        ("testing", DAY[1], "pierced", DAY[3]),
        ("testing", DAY[1], "pierced", DAY[3]),
        ("intact", DAY[5], "retest_held", DAY[5]),
        ("intact", DAY[5], "retest_held", DAY[6]),
    ]


def test_the_range_is_that_of_the_session_before():
    # With 4 a close of 96 holds and one of 88 breaks, with 8 that takes 100 and 86.
    out = on_bars([100, 93, 96, 93, 88, 86], published(), atr=[4, 8, 4, 8, 8, 8])
    assert causes(out.events, DAY[1:6]) == ["touched", None, None, "first_close", "two_closes"]


@pytest.mark.parametrize(("low", "cause"), [(92.0905, "touched"), (92.0915, None)])
def test_a_tenth_of_a_per_cent_is_the_least_tolerance(low: float, cause: str | None):
    # Of the middle, 91; a quarter of the range would be 0.0625.
    assert causes(on_bars([100, low], published(), atr=0.25).events, DAY[1:2]) == [cause]


@pytest.mark.parametrize("side", SIDES)
def test_the_close_stands_in_where_a_bar_has_no_range(side: str):
    out = run(side, 100, (None, None, 93.125), (None, None, 93), (None, None, 88), (None, None, 88.5), (None, None, 86))
    assert causes(out.events, DAY[1:6]) == [None, "touched", "atr", None, None]
    assert out.events.select("bar_high", "bar_low").rows() == [(None, None)] * 2
