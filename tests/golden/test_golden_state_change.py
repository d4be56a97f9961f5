"""Changes of states between two builds, worked by hand (methods B8).

On closes of 100 throughout the 50-session average is 100. One close of 130 on day d lifts it by 30/50 = 0.6 for fifty
sessions: the slope over twenty is 60 bp / 20 = 3 bp a day from d on, zero from d + 20, and about -3 from d + 50, when
the close leaves the window. The band is 2 bp: up from d, down from d + 50.
"""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from pipelines.parameters import Parameters
from pipelines.transforms.change_evidence import learnt_actions, learnt_bars
from pipelines.transforms.state_spell import stated_levels
from tests.market import calendar
from tests.transforms.stated_builds import (
    DAYS,
    FIRST_BUILD,
    PARAMETERS,
    SECOND_BUILD,
    changes,
    facts,
    spells,
    stated,
    told,
    versions,
)

FLAT = [100.0] * 140
LIFTED = [130.0 if day == 80 else 100.0 for day in range(140)]
EARLY, LATE = FIRST_BUILD - dt.timedelta(days=200), SECOND_BUILD - dt.timedelta(hours=1)


def test_a_restated_close_moves_a_phase_and_a_record() -> None:
    before, now = stated(FLAT, facts(1)), stated(LIFTED, facts(2, snapshot="bar=2"))
    restated = versions(("A", 80, 100.0, EARLY), ("A", 80, 130.0, LATE), ("A", 90, 100.0, EARLY), ("B", 80, 1.0, LATE))
    found = changes(before, now, learnt_bars(restated, FIRST_BUILD, SECOND_BUILD))
    assert told(found) == [
        ("record_close", 80, 139, f"100.0 on {DAYS[0]}", f"130.0 on {DAYS[80]}", "vendor_revision"),
        ("medium_phase", 80, 129, None, "up", "vendor_revision"),
        ("medium_phase", 130, 139, None, "down", "vendor_revision"),
        ("medium_since", 80, 129, None, str(DAYS[80]), "vendor_revision"),
        ("medium_since", 130, 139, None, str(DAYS[130]), "vendor_revision"),
    ]
    assert set(found["evidence"]) == {f"A {DAYS[80]} close 100.0 -> 130.0 (version 2)"}
    assert found.select("comparison_number", "series_id", "previous_known_at", "known_at").unique().rows() == [
        (2, "A", FIRST_BUILD, SECOND_BUILD)
    ]


def test_a_revision_of_one_close_ends_a_record() -> None:
    closes = [100.0, 102.0, 105.0, 103.0, 110.0, 104.0, 108.0]
    before, now = stated(closes, facts(1)), stated([*closes[:4], 101.0, *closes[5:]], facts(2))
    assert told(changes(before, now)) == [
        ("record_close", 4, 5, f"110.0 on {DAYS[4]}", f"105.0 on {DAYS[2]}", "vendor_revision"),
        ("record_close", 6, 6, f"110.0 on {DAYS[4]}", f"108.0 on {DAYS[6]}", "vendor_revision"),
    ]


def test_another_parameter_says_so_whatever_else_came_in_between() -> None:
    wider = Parameters(medium_flat_band_bp=4.0)
    before, now = stated(LIFTED, facts(1)), stated(LIFTED, facts(2, wider), wider)
    bars = learnt_bars(versions(("A", 70, 100.0, EARLY), ("A", 70, 100.1, LATE)), FIRST_BUILD, SECOND_BUILD)
    found = changes(before, now, bars)
    assert told(found)[:2] == [
        ("medium_phase", 80, 129, "up", None, "param_change"),
        ("medium_phase", 130, 139, "down", None, "param_change"),
    ]
    assert set(found["evidence"]) == {f"parameter set {PARAMETERS.set_id} -> {wider.set_id}"}


def test_new_sessions_change_states_by_their_price() -> None:
    """Day 80 is the first that the build before did not reach; that build gives nothing to compare there."""
    before, now = stated(LIFTED[:80], facts(1)), stated(LIFTED, facts(2))
    new = versions(("A", 80, 130.0, LATE), ("A", 81, 100.0, LATE))
    found = changes(before, now, learnt_bars(new, FIRST_BUILD, SECOND_BUILD))
    assert told(found) == [
        ("record_close", 80, 80, f"100.0 on {DAYS[0]}", f"130.0 on {DAYS[80]}", "price"),
        ("medium_phase", 80, 80, None, "up", "price"),
        ("medium_phase", 130, 130, "up", "down", "price"),
    ]
    assert found["evidence"].to_list() == [
        *[f"A {DAYS[80]} close none -> 130.0 (version 1)"] * 2,
        "no new bar of the session",
    ]


BARS = [("coverage", "A", "bars", "A", 0, 99, None), ("coverage", "A/B", "bars", "A/B", 0, 99, None)]
MARCH, APRIL = (
    ("calendar", "2020-03", "sessions", "XNYS", 43, 64, "2 3"),
    (
        *("calendar", "2020-04", "sessions", "XNYS", 65, 86),
        "1 2",
    ),
)


def test_a_calendar_that_was_mended_is_the_cause_from_its_month_on() -> None:
    """March and April are whole months; of January and February only the calendar's first month is left out."""
    january = ("calendar", "2020-01", "sessions", "XNYS", 0, 22, "1 2")
    mended = (*APRIL[:6], "1 2 3*")
    states = [("regime", "A/B", "verdict", "A/B", first, last, "none") for first, last in ((0, 50),)]
    before = spells(
        facts(1), *BARS, january, MARCH, APRIL, *states, ("regime", "A/B", "verdict", "A/B", 51, 99, "outperforming")
    )
    now = spells(
        facts(2),
        *[*BARS, (*january[:6], "2"), MARCH, mended],
        ("regime", "A/B", "verdict", "A/B", 0, 52, "none"),
        ("regime", "A/B", "verdict", "A/B", 53, 69, "outperforming"),
        ("regime", "A/B", "verdict", "A/B", 70, 99, "underperforming"),
    )
    found = changes(before, now)
    assert told(found) == [
        ("verdict", 51, 52, "outperforming", "none", "vendor_revision"),
        ("verdict", 70, 99, "outperforming", "underperforming", "calendar_fix"),
    ]
    assert found["evidence"].to_list() == ["nothing of a session up to it", "sessions of 2020-04: 1 2 -> 1 2 3*"]


def test_an_action_or_a_revision_of_either_instrument_moves_a_pair() -> None:
    before = spells(facts(1), *BARS, ("regime", "A/B", "verdict", "A/B", 0, 99, "none"))
    now = spells(facts(2), *BARS, ("regime", "A/B", "verdict", "A/B", 10, 99, "outperforming"))
    bars = learnt_bars(
        versions(*(("B", day, 1.0 + later, (EARLY, LATE)[later]) for day in range(6, 12) for later in (0, 1))),
        FIRST_BUILD,
        SECOND_BUILD,
    )
    assert told(changes(before, now, bars)) == [
        ("verdict", 0, 9, "none", None, "vendor_revision"),
        ("verdict", 10, 99, "none", "outperforming", "vendor_revision"),
    ]
    first, second = changes(before, now, bars)["evidence"]
    assert first == "nothing of a session up to it"
    assert second == (
        f"B {DAYS[10]} close 1.0 -> 2.0 (version 2); B {DAYS[9]} close 1.0 -> 2.0 (version 2); "
        f"B {DAYS[8]} close 1.0 -> 2.0 (version 2) and 2 more"
    )
    action = {"instrument_id": "A", "ex_session": DAYS[40], "action_type": "split", "split_ratio": 2.0}
    known = {"known_from": LATE, "fetched_at": LATE, "is_withdrawn": False, "dividend_amount": None}
    split = pl.DataFrame({**action, **known}, schema_overrides={"dividend_amount": pl.Float64})
    reached = pl.DataFrame({"instrument_id": ["A"], "was_last": [DAYS[99]], "now_last": [DAYS[99]]})
    found = changes(before, now, bars, learnt_actions(split, FIRST_BUILD, SECOND_BUILD, reached))
    assert found.select("cause", "evidence").unique().rows() == [("corporate_action", f"A {DAYS[40]} split 2.0")]


def actions(*rows: tuple[str, int, str, dt.datetime, bool]) -> pl.DataFrame:
    """Return versions of actions of (instrument, ex-day by number, type, when known and read, withdrawn)."""
    made = [
        {
            **{"instrument_id": name, "ex_session": DAYS[day], "action_type": kind, "known_from": known},
            **{"fetched_at": known, "is_withdrawn": is_withdrawn, "split_ratio": 2.0 if kind == "split" else None},
        }
        for name, day, kind, known, is_withdrawn in rows
    ]
    return pl.DataFrame(made, schema_overrides={"split_ratio": pl.Float64})


@pytest.mark.parametrize(
    ("known", "facts_of_a"),
    [
        (actions(("A", 40, "split", EARLY, False)), []),
        (actions(("A", 40, "dividend", LATE, False)), []),
        (
            actions(("A", 40, "split", EARLY, False), ("A", 40, "split", LATE, True)),
            [f"A {DAYS[40]} split 2.0 withdrawn"],
        ),
        # Announced before, and in force since day 100, the first that the build before had not reached.
        (actions(("A", 99, "split", EARLY, False)), []),
        (actions(("A", 100, "split", EARLY, False)), [f"A {DAYS[100]} split 2.0"]),
        (actions(("A", 101, "split", EARLY, False)), [f"A {DAYS[101]} split 2.0"]),
        (actions(("A", 102, "split", EARLY, False)), []),
        (actions(("A", 102, "split", LATE, False)), [f"A {DAYS[102]} split 2.0"]),
        (actions(("A", 100, "split", EARLY, False), ("A", 100, "split", EARLY + dt.timedelta(days=1), True)), []),
        (actions(("A", 40, "split", SECOND_BUILD + dt.timedelta(hours=1), False)), []),
        (actions(("B", 100, "split", EARLY, False)), []),
    ],
)
def test_a_split_counts_when_it_is_heard_of_and_when_it_takes_effect(
    known: pl.DataFrame, facts_of_a: list[str]
) -> None:
    reached = pl.DataFrame({"instrument_id": ["A"], "was_last": [DAYS[99]], "now_last": [DAYS[101]]})
    found = learnt_actions(known, FIRST_BUILD, SECOND_BUILD, reached)
    assert found["fact"].to_list() == facts_of_a
    assert set(found["session"]) <= {dt.date.min}


def test_a_stock_whose_symbol_has_a_stroke_is_one_instrument() -> None:
    cover = ("coverage", "A/B", "bars", "A/B", 0, 99, None)
    stock = ("stock_trend", "A/B", "major_phase", "A/B")
    bars = learnt_bars(
        versions(("A", 5, 1.0, EARLY), ("A", 5, 2.0, LATE), ("A/B", 7, 1.0, EARLY), ("A/B", 7, 3.0, LATE)),
        FIRST_BUILD,
        SECOND_BUILD,
    )
    before = spells(facts(1), cover, (*stock, 0, 99, "up"))
    found = changes(before, spells(facts(2), cover, (*stock, 8, 99, "up")), bars)
    assert told(found) == [("major_phase", 0, 7, "up", None, "vendor_revision")]
    assert found["evidence"].item() == "nothing of a session up to it"
    later = changes(before, spells(facts(2), cover, (*stock, 0, 8, "up"), (*stock, 9, 99, "down")), bars)
    assert later["evidence"].item() == f"A/B {DAYS[7]} close 1.0 -> 3.0 (version 2)"


@pytest.mark.parametrize(
    ("snapshot", "code", "cause", "evidence"),
    [
        ("bar=1 level=b", "1", "vendor_revision", "level a -> b"),
        ("bar=1 level=a", "2", "param_change", "code 1 -> 2"),
        ("bar=2 level=a", "1", "vendor_revision", "bar 1 -> 2"),
    ],
)
def test_a_level_that_only_one_build_has_is_stated_as_null_by_the_other(
    snapshot: str, code: str, cause: str, evidence: str
) -> None:
    """A level on a series that only one of the builds has is not compared."""
    ended = ("level", "old", "level_state", "A", 20, 20, "expired")
    before = spells(
        facts(1, snapshot="bar=1 level=a"), *BARS, ("level", "old", "level_state", "A", 5, 19, "intact"), ended
    )
    now = spells(
        facts(2, snapshot=snapshot, code=code),
        *[*BARS, ("coverage", "C", "bars", "C", 0, 99, None)],
        *[("level", "old", "level_state", "A", 5, 19, "intact"), ended],
        ("level", "new", "level_state", "A", 30, 40, "testing"),
        ("level", "of another", "level_state", "C", 30, 40, "testing"),
    )
    found = changes(before, now)
    assert told(found) == [("level_state", 30, 99, None, "testing", cause)]
    assert found.select("subject_id", "evidence").row(0) == ("new", evidence)
    back = changes(now.with_columns(build_number=1), before.with_columns(build_number=2))
    assert back.select("subject_id", "from_state", "to_state").rows() == [("new", "testing", None)]


def test_a_level_has_no_state_after_the_session_on_which_it_ended_until_it_is_back() -> None:
    """Day 30 is in the first build's span, day 60 in the second's alone: there the price ends the level."""
    held = [("old", 10, "intact"), ("old", 30, "superseded"), ("old", 40, "testing"), ("old", 60, "expired")]
    back_at_once = [("flicker", 10, "superseded"), ("flicker", 11, "intact")]
    rows = [(level, DAYS[day], state, "A") for level, day, state in [*held, *back_at_once]]
    states = pl.DataFrame(rows, schema=["level_id", "valid_from", "state", "instrument_id"], orient="row")
    found = stated_levels(states, calendar(DAYS)).select("subject_id", "first_session", "state").rows()
    gone = [("old", 31, None), ("old", 61, None)]
    expected = sorted([*held, *back_at_once, *gone], key=lambda row: (row[0], row[1]))
    assert found == [(level, DAYS[day], state) for level, day, state in expected]
    stretches = [("level", level, "level_state", "A", day, day, state) for level, day, state in expected]
    short, long = (("coverage", "A", "bars", "A", 0, last, None) for last in (50, 99))
    before = spells(facts(1), short, *(row for row in stretches if row[4] <= 50 and row[6] != "superseded"))
    assert told(changes(before, spells(facts(2), long, *stretches))) == [
        ("level_state", 10, 10, None, "superseded", "vendor_revision"),
        ("level_state", 30, 30, "intact", "superseded", "vendor_revision"),
        ("level_state", 60, 60, "testing", "expired", "price"),
    ]
