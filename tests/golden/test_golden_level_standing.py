"""Which levels stand when, worked by hand: pending, without a range, at their end, and detected ones beside their zone.

Bounds and range are those of test_golden_level_state.py: [90, 92] and 4, so 93 is reached and a margin is 1.
"""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from tests.transforms.level_machine_frames import Bar, Made, causes, each_session, on_bars, published, zone
from tests.transforms.level_state_frames import DAY

OTHER = [zone("B", 0, None, (10, 12))]
"""Somewhere else, so that there is a zone when the others have vanished."""


def states(out: Made, rows: range, level_id: str = "L") -> list[str | None]:
    found = each_session(out.states, [DAY[row] for row in rows], level_id)
    return [row and row["state"] for row in found]


def last_event(out: Made) -> tuple[Any, ...]:
    return out.events.select("session", "cause", "from_state", "to_state").row(-1)


# Published levels.


@pytest.mark.parametrize(
    ("valid_to", "superseded_from", "row", "cause"),
    [
        pytest.param(5, None, 6, "expired", id="on the session after its last one"),
        pytest.param(3, None, 5, "expired", id="which need not be the next day"),
        pytest.param(4, None, 5, "expired", id="nor its last day a session"),
        pytest.param(None, 5, 5, "superseded", id="on the first session of the one that replaces it"),
        pytest.param(None, 4, 5, "superseded", id="or the first one after"),
        pytest.param(3, 4, 5, "superseded", id="superseded goes before expired"),
        pytest.param(4, 5, 5, "superseded", id="superseded goes before expired, by days too"),
        pytest.param(2, 5, 3, "expired", id="whichever comes first"),
        pytest.param(5, 3, 3, "superseded", id="whichever comes first, the other way"),
    ],
)
def test_a_level_ends_on_a_session_whatever_its_bar_does(valid_to, superseded_from, row, cause):
    """There is no session on row 4; the bar of the end lies far beyond the level."""
    bars = [100, 93, *[94] * (row - 2), 50, 50, 50]
    out = on_bars(bars, published(valid_to=valid_to, superseded_from=superseded_from), without=[4])
    assert {state for at, state in enumerate(states(out, range(1, row)), 1) if at != 4} == {"testing"}
    assert states(out, range(row, row + 3)) == [cause, None, None]
    assert last_event(out) == (DAY[row], cause, "testing", cause)
    end = out.states.row(-1, named=True)
    assert (end["valid_from"], end["valid_to"], end["state_since"]) == (DAY[row],) * 3
    assert (end["test_count"], end["first_intraday"], end["last_event_session"]) == (1, None, DAY[row])


@pytest.mark.parametrize("end", [{"valid_to": 3}, {"superseded_from": 4}])
def test_an_end_that_has_not_come_is_not_known(end: dict[str, int]):
    out = on_bars([100, 93, 94, 94], published(**end))
    assert states(out, range(1, 4)) == ["testing"] * 3
    assert out.states["valid_to"].to_list() == [None]


def test_any_state_can_end():
    bars: list[Bar] = [100, 88, (89, 85, 86), 93, 50]
    assert last_event(on_bars(bars, published(valid_to=3)))[1:] == ("expired", "broken_provisional", "expired")
    # What it was stays written beside the end.
    assert on_bars(bars, published(valid_to=3)).states.row(-1, named=True)["side"] == "resistance"
    assert last_event(on_bars(bars[:3], published(superseded_from=2)))[1:] == ("superseded", "broken", "superseded")


def test_a_level_is_pending_until_it_is_valid():
    out = on_bars([100, 93, 80, 89, 93, 93], published(pending_from=1, valid_from=4))
    assert states(out, range(6)) == [None, "pending", "pending", "pending", "broken", "reclaimed"]
    assert out.events.select("session", "cause", "from_state").rows() == [(DAY[5], "reclaimed", "broken")]
    assert out.states["state_since"].to_list() == [DAY[1], DAY[4], DAY[5]]


def test_the_first_bar_runs_from_the_state_that_the_close_before_gave():
    of_pending = published(pending_from=1, valid_from=3)
    for close, expected in ((89, ("role_reversed", "broken")), (90, ("atr", "intact"))):
        out = on_bars([100, 93, close, (89, 85, 86)], of_pending)
        assert out.events.select("session", "cause", "from_state").rows() == [(DAY[3], *expected)]


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        pytest.param({"valid_from": 3, "superseded_from": 3}, [None, "pending", "pending", "superseded"], id="valid"),
        pytest.param({"valid_from": 4, "valid_to": 2}, [None, "pending", "pending", "expired"], id="not yet valid"),
        pytest.param({"valid_from": 9, "superseded_from": 2}, [None, "pending", "superseded", None], id="never valid"),
        pytest.param({"pending_from": 2, "valid_to": 0}, [None, None, "expired", None], id="over before it was known"),
        pytest.param({"valid_from": 1, "superseded_from": 1}, [None, "superseded", None, None], id="never pending"),
        pytest.param({"valid_from": None}, [None, "pending", "pending", "pending"], id="beyond the calendar"),
    ],
)
def test_a_level_may_end_before_it_is_held_against_a_bar(level: dict[str, int | None], expected: list[str | None]):
    out = on_bars([100, 93, 80, 80], published(**{"pending_from": 1, "valid_from": 3} | level))
    assert states(out, range(4)) == expected
    ends = [state for state in expected if state not in (None, "pending")]
    assert out.events.select("cause", "from_state").rows() == [(end, "pending") for end in ends]


def test_a_level_waits_for_a_range_before_its_first_bar():
    # The first range is that of row 3, so the first bar is that of row 4.
    out = on_bars([100, 93, 80, 89, 93, 93], published(), atr=[None, None, None, 4, 4, 4])
    assert states(out, range(6)) == [None, "pending", "pending", "pending", "broken", "reclaimed"]
    out = on_bars([100, 100, 100], published(valid_from=0), atr=4.0)
    assert states(out, range(3)) == ["pending", "intact", "intact"], "expected no range before the first row"


def test_without_a_range_on_the_session_before_nothing_happens():
    """Row 2 is not looked at: it would break the level, be a close beyond it and be traded beyond it."""
    atr = [4, None, 4, 4, 4]
    out = on_bars([100, 93, 80, 89, 89], published(), atr=atr)
    assert causes(out.events, DAY[1:5]) == ["touched", None, "first_close", "two_closes"]
    names = ("first_intraday", "first_close", "confirmed_two_closes")
    assert out.states.select(names).row(-1) == (DAY[3], DAY[3], DAY[4])
    ended = on_bars([100, 93, 80], published(valid_to=1), atr=atr[:3])
    assert last_event(ended)[1:] == ("expired", "testing", "expired")


def test_sessions_without_a_range_count():
    bars = [100, 93, *[94] * 9, 94, 94]
    out = on_bars(bars, published(), atr=[4, 4, *[None] * 5, *[4] * 6])
    assert causes(out.events, DAY[1:13]) == ["touched", *[None] * 9, "test_lapsed", None]


def test_a_provisional_break_waits_for_the_next_bar_that_is_looked_at():
    out = on_bars([100, 89, 89, 89, 89], published(), atr=[4, None, 4, 4, 4])
    assert causes(out.events, DAY[1:5]) == ["first_close", None, "two_closes", None]
    # The close of row 2 was not looked at, so the two closes running are those of rows 3 and 4.
    assert out.states["confirmed_two_closes"].to_list()[-1] == DAY[4]


# Detected levels.


def test_a_zone_is_held_against_the_session_after_it_appeared():
    out = on_bars([100, 93, 93, 96], zones=zone("Z", 1, None, (90, 92)))
    assert states(out, range(4), "Z") == [None, None, "testing", "intact"]
    assert out.states.select("origin", "role", "side", "set_id", "is_exposed", "thesis_state").unique().rows() == [
        ("detected", "support", "support", None, None, None)
    ]


def test_a_zone_is_held_as_it_was_known_at_the_close_before():
    moved = pl.concat([zone("Z", 0, 1, (90, 92)), zone("Z", 2, None, (94, 95))])
    out = on_bars([100, 98, 95, 96.5, 95], zones=moved)
    rows = each_session(out.states, DAY[1:5], "Z")
    assert [(row["evaluated_low"], row["evaluated_high"]) for row in rows] == [(90, 92), (90, 92), (94, 95), (94, 95)]
    assert [(row["low"], row["high"]) for row in rows] == [(90, 92), (90, 92), (94, 95), (94, 95)]
    # 95 lies out of reach of 92 and in reach of 95.
    assert causes(out.events, DAY[1:5], "Z") == [None, None, None, "touched"]


@pytest.mark.parametrize(("centre", "role"), [(91, "support"), (91.125, "resistance")])
def test_the_role_of_a_zone_is_that_of_its_centre_at_the_close_before_its_first_bar(centre: float, role: str):
    out = on_bars([100, 91, 91], zones=zone("Z", 1, None, (90, 92), centre))
    assert out.states["role"].to_list() == [role]


@pytest.mark.parametrize(
    ("bounds", "cause"),
    [
        # Both widened by 1: [89, 93] is 4 wide, so 2 in common are a match.
        pytest.param((92, 96), "superseded", id="half of the narrower in common"),
        pytest.param((92.125, 96), "expired", id="a little less"),
        pytest.param((86, 90), "superseded", id="half of it below"),
        pytest.param((92.5, 92.5), "superseded", id="of a single price half of its margins"),
        pytest.param((93.125, 93.125), "expired", id="which lie too far"),
    ],
)
def test_a_zone_that_vanishes_is_superseded_by_one_that_matches_it(bounds: tuple[float, float], cause: str):
    zones = pl.concat([zone("Z", 0, 2, (90, 92)), zone("Y", 3, None, bounds)])
    out = on_bars([100, 97, 97, 97, 80, 80], zones=zones)
    # Known at the close of row 2 it is held against row 3; at the close of row 3 it is gone.
    assert states(out, range(6), "Z") == [None, "intact", "intact", "intact", cause, None]
    assert out.events.filter(level_id="Z").select("session", "cause").rows() == [(DAY[4], cause)]


def test_what_takes_its_place_must_stand_on_the_session_it_vanished():
    early = pl.concat([zone("Z", 0, 2, (90, 92)), zone("Y", 0, 2, (91, 93)), *OTHER])
    assert states(on_bars([100] * 6, zones=early), range(4, 5), "Z") == ["expired"]
    late = pl.concat([zone("Z", 0, 2, (90, 92)), zone("Y", 4, None, (91, 93)), *OTHER])
    assert states(on_bars([100] * 6, zones=late), range(4, 5), "Z") == ["expired"]


def test_a_zone_that_vanished_on_the_last_session_stands_there_still():
    out = on_bars([100, 93, 94], zones=pl.concat([zone("Z", 0, 1, (90, 92)), *OTHER]))
    assert states(out, range(3), "Z") == [None, "testing", "testing"]


def test_a_zone_that_returns_starts_afresh_under_its_old_id():
    spells = [zone("Z", 0, 1, (90, 92)), zone("Z", 4, None, (90, 92))]
    out = on_bars([100, 88, (89, 85, 86), 86, 86, 85, 89], zones=pl.concat([*spells, *OTHER]))
    names = ("role", "side", "state", "test_count", "first_close", "confirmed_atr")
    rows = each_session(out.states, DAY[:7], "Z")
    assert [row and tuple(row[name] for name in names) for row in rows] == [
        None,
        ("support", "support", "broken", 1, DAY[1], DAY[1]),
        ("support", "resistance", "role_reversed", 1, None, None),
        ("support", "resistance", "expired", 1, None, None),
        None,
        ("resistance", "resistance", "intact", 0, None, None),
        ("resistance", "resistance", "testing", 1, None, None),
    ]
    of_zone = out.events.filter(level_id="Z").select("session", "cause", "from_state").rows()
    assert of_zone == [
        (DAY[1], "atr", "intact"),
        (DAY[2], "role_reversed", "broken"),
        (DAY[3], "expired", "role_reversed"),
        (DAY[6], "touched", "intact"),
    ]
    assert rows[5]["last_event"] is None
