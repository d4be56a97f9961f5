"""What the break of one level means for its set, and the numbers of every event, worked by hand.

Range and bounds are those of test_golden_level_state.py: [90, 92] and 4, so a close of 88 breaks the level at once.
"""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from pipelines.contracts.vocabulary import CHAIN_CAUSES, LEVEL_CAUSES
from tests.transforms.level_machine_frames import Bar, Made, each_session, mirrored, on_bars, published
from tests.transforms.level_state_frames import DAY

SIDES = ("support", "resistance")
OTHER = {"broken": "cleared", "cleared": "broken", "support": "resistance", "resistance": "support"}
MIRRORED_BIAS = {"bullish": "bearish", "bearish": "bullish", "neutral": "neutral"}
QUIET: list[Bar] = [100, 100]
NEXT = ("next-1", "next-2", "other")


def made(side: str, bars: list[Bar], *levels: dict[str, Any], **of_set: Any) -> Made:
    """Hold levels with a part in the set, such as key, against bars; for a resistance all in a mirror at 100."""
    frames = []
    for level in levels:
        level = {"bounds": (90, 92)} | of_set | level
        part, own = level.pop("part"), side if level.pop("own", True) else OTHER[side]
        if side == "resistance":
            level["bounds"] = (200 - level["bounds"][1], 200 - level["bounds"][0])
            level["bias"] = MIRRORED_BIAS[level.get("bias", "neutral")]
        frames.append(published(role=f"{part}_{own}", **level))
    return on_bars([mirrored(bar) for bar in bars] if side == "resistance" else bars, pl.concat(frames))


def next_levels(**fields: Any) -> list[dict[str, Any]]:
    """Return the next two levels down, and the next one of the other side."""
    return [
        {"level_id": "next-1", "part": "next", "bounds": (80, 80), **fields},
        {"level_id": "next-2", "part": "next", "bounds": (70, 72), **fields},
        {"level_id": "other", "part": "next", "own": False, "bounds": (120, 120), **fields},
    ]


def chained(out: Made) -> list[tuple[int, str, str, str, str]]:
    """Return (row, level, cause, from, to) of what the chain did, in order of row, cause and level."""
    rows = out.events.filter(pl.col("cause").is_in(CHAIN_CAUSES)).sort("session", "cause", "level_id")
    names = ("session", "level_id", "cause", "from_state", "to_state")
    return [(DAY.index(session), *rest) for session, *rest in rows.select(names).rows()]


def facts(out: Made, level_id: str, rows: range, name: str) -> list[Any]:
    return [row and row[name] for row in each_session(out.states, [DAY[at] for at in rows], level_id)]


EXPOSED = [(2, "next-1", "exposed", "intact", "intact"), (2, "next-2", "exposed", "intact", "intact")]


@pytest.mark.parametrize("bars", [[*QUIET, 88, 88], [100, 89, 89, 89]], ids=["by half a range", "by two closes"])
@pytest.mark.parametrize(
    ("part", "bias", "negates", "exposes"),
    [
        ("key", "bullish", True, True),
        ("key", "bearish", False, True),
        ("key", "neutral", False, True),
        ("intermediate", "bullish", False, True),
        ("intermediate", "bearish", False, True),
        ("next", "bullish", False, False),
    ],
)
@pytest.mark.parametrize("side", SIDES)
def test_a_break_exposes_its_side_and_that_of_a_key_level_against_the_bias_negates_the_set(
    side: str, part: str, bias: str, negates: bool, exposes: bool, bars: list[Bar]
):
    """The bias is that of a set around a support; around a resistance it is the opposite."""
    out = made(side, bars, {"level_id": "breaks", "part": part}, *next_levels(), bias=bias)
    broken = "broken" if side == "support" else "cleared"
    assert facts(out, "breaks", range(2, 3), "state") == [broken]
    negated = [(2, "breaks", "negated", broken, broken)] if negates else []
    assert chained(out) == (EXPOSED if exposes else []) + negated
    for level_id in NEXT:
        is_exposed = exposes and level_id != "other"
        assert facts(out, level_id, range(1, 4), "is_exposed") == [False, is_exposed, is_exposed], level_id
    if part != "next":
        assert facts(out, "breaks", range(1, 4), "is_exposed") == [None] * 3, "expected no chain to lead to it"
    for level_id in ("breaks", *NEXT):
        thesis = ["standing", *["negated" if negates else "standing"] * 2]
        assert facts(out, level_id, range(1, 4), "thesis_state") == thesis, level_id


@pytest.mark.parametrize(
    "bars",
    [
        pytest.param([100, 89, 91, 89, 91], id="closes beyond that are not running"),
        pytest.param([100, (95, 80, 90), (95, 80, 90)], id="bars that trade beyond"),
        pytest.param([89, 88, 88], id="a level that began as broken"),
    ],
)
@pytest.mark.parametrize("side", SIDES)
def test_what_is_no_break_means_nothing(side: str, bars: list[Bar]):
    out = made(side, bars, {"level_id": "key", "part": "key"}, *next_levels(), bias="bullish")
    assert chained(out) == []
    assert out.states["thesis_state"].unique().to_list() == ["standing"]
    assert not out.states["is_exposed"].any()


@pytest.mark.parametrize("side", SIDES)
def test_the_break_of_a_level_that_turned_is_no_break_of_its_own_side(side: str):
    # Began as broken, turned on the first bar and broken through from the other side.
    out = made(side, [89, (89, 85, 86), 94], {"level_id": "key", "part": "key"}, *next_levels(), bias="bullish")
    assert facts(out, "key", range(2, 3), "last_event") == ["atr"]
    assert chained(out) == []


@pytest.mark.parametrize("side", SIDES)
def test_a_reclaim_takes_nothing_back_and_a_second_break_adds_nothing(side: str):
    bars: list[Bar] = [*QUIET, 88, 93, 93, 100, 88]
    out = made(side, bars, {"level_id": "key", "part": "key"}, *next_levels(), bias="bullish")
    states = ["intact", "broken", "broken", "reclaimed", "intact", "broken"]
    assert facts(out, "key", range(1, 7), "state") == (
        states if side == "support" else [OTHER.get(state, state) for state in states]
    )
    assert facts(out, "key", range(1, 7), "thesis_state") == ["standing", *["negated"] * 5]
    assert facts(out, "next-1", range(1, 7), "is_exposed") == [False, *[True] * 5]
    broken = facts(out, "key", range(2, 3), "state")[0]
    assert chained(out) == [*EXPOSED, (2, "key", "negated", broken, broken)]


@pytest.mark.parametrize("side", SIDES)
def test_the_first_break_exposes_and_the_key_level_negates_later(side: str):
    intermediate = {"level_id": "intermediate", "part": "intermediate", "bounds": (96, 96)}
    out = made(
        side, [*QUIET, 94, 94, 88], intermediate, {"level_id": "key", "part": "key"}, *next_levels(), bias="bullish"
    )
    broken = "broken" if side == "support" else "cleared"
    assert chained(out) == [*EXPOSED, (4, "key", "negated", broken, broken)]
    assert facts(out, "intermediate", range(1, 5), "thesis_state") == ["standing"] * 3 + ["negated"]
    rows = out.states.filter(level_id="next-2").select("valid_from", "valid_to", "is_exposed", "thesis_state").rows()
    assert rows == [
        (DAY[1], DAY[1], False, "standing"),
        (DAY[2], DAY[3], True, "standing"),
        (DAY[4], None, True, "negated"),
    ]


@pytest.mark.parametrize("side", SIDES)
def test_two_key_levels_negate_once(side: str):
    out = made(
        *(side, [*QUIET, 94, 94, 88], {"level_id": "first", "part": "key", "bounds": (96, 96)}),
        *({"level_id": "second", "part": "key"}, *next_levels()),
        bias="bullish",
    )
    assert [(row, level_id) for row, level_id, cause, *_ in chained(out) if cause == "negated"] == [(2, "first")]


@pytest.mark.parametrize("side", SIDES)
def test_a_pending_level_is_exposed_and_one_that_comes_later_starts_exposed(side: str):
    late = [
        {"level_id": "pending", "part": "next", "bounds": (80, 80), "pending_from": 1, "valid_from": 4},
        {"level_id": "late", "part": "next", "bounds": (70, 70), "valid_from": 3},
        {"level_id": "gone", "part": "next", "bounds": (60, 60), "superseded_from": 2},
    ]
    out = made(side, [*QUIET, 88, 88, 88], {"level_id": "key", "part": "key"}, *late, bias="neutral")
    assert facts(out, "pending", range(1, 5), "is_exposed") == [False, True, True, True]
    assert facts(out, "pending", range(1, 5), "state") == ["pending"] * 3 + ["intact"]
    assert facts(out, "late", range(1, 5), "is_exposed") == [None, None, True, True]
    assert (2, "pending", "exposed", "pending", "pending") in chained(out)
    assert "late" not in {level_id for _, level_id, *_ in chained(out)}, "expected starting to be no event"


@pytest.mark.parametrize("side", SIDES)
def test_a_break_by_the_very_first_bar_of_a_set_is_in_the_log(side: str):
    """Before it the levels were what the close before made them: not exposed, and the thesis stood."""
    out = made(side, [100, 88, 88], {"level_id": "key", "part": "key"}, *next_levels(), bias="bullish")
    broken = "broken" if side == "support" else "cleared"
    assert facts(out, "key", range(1, 2), "thesis_state") == ["negated"]
    exposed = [(1, level_id, "exposed", "intact", "intact") for level_id in NEXT[:2]]
    assert chained(out) == [*exposed, (1, "key", "negated", broken, broken)]


@pytest.mark.parametrize("side", SIDES)
def test_a_key_level_that_comes_after_the_negation_negates_nothing(side: str):
    first = {"level_id": "first", "part": "key", "bounds": (96, 96)}
    second = {"level_id": "second", "part": "key", "valid_from": 3}
    out = made(side, [*QUIET, 94, 88], first, second, bias="bullish")
    assert facts(out, "second", range(3, 4), "last_event") == ["atr"]
    assert [(row, level_id) for row, level_id, *_ in chained(out)] == [(2, "first")]


@pytest.mark.parametrize("side", SIDES)
def test_sets_do_not_mix(side: str):
    others = next_levels(set_id="T")
    out = made(side, [*QUIET, 88, 88], {"level_id": "key", "part": "key", "set_id": "S"}, *others, bias="bullish")
    assert [(level_id, cause) for _, level_id, cause, *_ in chained(out)] == [("key", "negated")]
    of_other = out.states.filter(set_id="T")
    assert of_other["thesis_state"].unique().to_list() == ["standing"]
    assert not of_other["is_exposed"].any()


# Numbers. The threshold of a support, and how many points the rule asks of it, worked from [90, 92] and a range of 4.
TURNED: list[Bar] = [100, 88, (89, 85, 86)]
THRESHOLDS = [
    ("touched", [100, 93], 93),
    ("pierced", [100, (95, 80, 91)], 89),
    ("retest_held", [100, (99, 93, 97)], 96),
    ("atr", [100, 80], 88),
    ("first_close", [100, 89], 90),
    ("two_closes", [100, 89, 80], 90),
    ("failed_break", [100, 89, 91], 90),
    ("role_reversed", TURNED, 86),
    ("reclaimed", [100, 88, 93, 94], 92),
    ("restored", [100, 88, 93, 94, 100], None),
    ("test_lapsed", [100, 93, *[94] * 10], None),
    # A resistance by now: reached at 89, broken at 94, held at 86.
    ("touched", [*TURNED, 89], 89),
    ("pierced", [*TURNED, (99, 90, 91)], 93),
    ("retest_held", [*TURNED, (89, 80, 80)], 86),
    ("atr", [*TURNED, 99], 94),
    ("first_close", [*TURNED, 93], 92),
    ("failed_break", [*TURNED, 93, 90], 92),
    # Taken back by closes above 92; reclaimed from below as what it had become by closes below 90.
    ("reclaimed", [*TURNED, 93, 99], 92),
    ("reclaimed", [*TURNED, 94, 89, 80], 90),
    # Turned back by a close a range above.
    ("role_reversed", [*TURNED, 94, *[91] * 20, (97, 93, 96)], 96),
]


@pytest.mark.parametrize(("cause", "bars", "threshold"), THRESHOLDS)
@pytest.mark.parametrize("side", SIDES)
def test_an_event_holds_the_price_that_its_rule_compared_with(
    side: str, cause: str, bars: list[Bar], threshold: float | None
):
    # What was published lies a point off what bars are held against.
    low, high = (90, 92) if side == "support" else (108, 110)
    level = published(bounds=(low, high), role=f"intermediate_{side}").with_columns(low=low - 1.0, high=high + 1.0)
    seen = bars if side == "support" else [mirrored(bar) for bar in bars]
    event = on_bars(seen, level).events.row(-1, named=True)
    assert (event["session"], event["cause"]) == (DAY[len(bars) - 1], cause)
    assert event["threshold"] == (threshold if side == "support" or threshold is None else 200 - threshold)
    bar = seen[-1] if isinstance(seen[-1], tuple) else (seen[-1],) * 3
    assert (event["bar_high"], event["bar_low"], event["close"]) == bar
    assert (event["low"], event["high"], event["atr_before"], event["tolerance"]) == (low - 1, high + 1, 4, 1)


def test_the_numbers_of_every_cause_are_looked_at():
    assert {cause for cause, *_ in THRESHOLDS} == set(LEVEL_CAUSES) - {"superseded", "expired"}


def test_ends_and_the_chain_compare_with_no_price():
    levels = [{"level_id": "key", "part": "key", "valid_to": 3}, *next_levels()]
    events = made("support", [*QUIET, 88, 88, 88], *levels, bias="bullish").events
    of_none = events.filter(pl.col("cause").is_in(["expired", "exposed", "negated"]))
    assert of_none.select("cause", "threshold", "close", "atr_before", "tolerance").unique().sort("cause").rows() == [
        (cause, None, 88, 4, 1) for cause in ("expired", "exposed", "negated")
    ]


def test_without_a_range_an_end_has_no_tolerance():
    out = on_bars([100, 93, 94], published(valid_to=1), atr=[4, None, 4])
    row = out.events.row(-1, named=True)
    assert (row["cause"], row["atr_before"], row["tolerance"], row["close"]) == ("expired", None, None, 94)
