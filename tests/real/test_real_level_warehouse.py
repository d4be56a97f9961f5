"""Levels in the published tables on real prices: the note of 2 December 2024 and the zones around it, asked in SQL."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.real.test_real_warehouse import MONDAY, ask, overview

KEY, MIDDLE = "note-2024-12-02/key-support", "note-2024-12-02/intermediate-resistance"
DOWN_1, DOWN_2 = "note-2024-12-02/next-support-1", "note-2024-12-02/next-support-2"
UP_1 = "note-2024-12-02/next-resistance-1"


def test_the_levels_of_the_note_stand_as_the_note_has_them(warehouse) -> None:
    rows = ask(
        warehouse,
        "SELECT level_id, low, high, state, is_exposed, thesis_state, next_exposed FROM serve.level_state "
        "WHERE instrument_id = 'RUT' AND origin = 'published' AND session = ? ORDER BY low DESC",
        MONDAY,
    )
    assert rows == [
        (UP_1, 2625, 2655, "intact", False, "standing", None),
        (MIDDLE, 2450, 2450, "testing", None, "standing", UP_1),
        (KEY, 2288, 2288, "intact", None, "standing", DOWN_1),
        (DOWN_1, 2170, 2170, "intact", False, "standing", DOWN_2),
        (DOWN_2, 2080, 2080, "intact", False, "standing", None),
    ]


def test_the_intermediate_resistance_is_touched_within_a_quarter_of_the_average_range(warehouse) -> None:
    """The high of 2,442.61 lies above 2,450 less a quarter of 36.72, the range at the close before; the close below."""
    rows = ask(
        warehouse,
        "SELECT level_id, from_state, to_state, cause, round(bar_high, 2), round(threshold, 2), round(close, 2) "
        "FROM serve.level_event WHERE origin = 'published' AND session = ?",
        MONDAY,
    )
    assert rows == [(MIDDLE, "intact", "testing", "touched", 2442.61, 2440.82, 2434.14)]


def test_distances_of_the_note_are_those_from_the_close(warehouse) -> None:
    (row,) = ask(
        warehouse, "SELECT close, atr_14 FROM serve.index_overview WHERE instrument_id = 'RUT' AND session = ?", MONDAY
    )
    close, atr = row
    rows = ask(
        warehouse,
        "SELECT level_id, distance_pct, distance_atr FROM levels_as_of('RUT', ?) WHERE origin = 'published'",
        MONDAY,
    )
    edges = [(UP_1, 2625), (MIDDLE, 2450), (KEY, 2288), (DOWN_1, 2170), (DOWN_2, 2080)]
    assert [level for level, *_ in rows] == [level for level, _ in edges]
    for (_, pct, in_atr), (_, edge) in zip(rows, edges, strict=True):
        assert pct == pytest.approx((edge - close) / close * 100)
        assert in_atr == pytest.approx((edge - close) / atr)


def test_nearest_levels_of_the_russell_are_the_cleared_round_number_and_the_zone_of_the_record(warehouse) -> None:
    """Between 2,400 and the zone from the high of 11 November to the record of the 25th no other level lies.

    The close of 2,434.14 is 34.14 above 2,400, a resistance that two closes cleared on 25 November and that was not
    retested since, so it is no support yet: it is the nearest level below, and its state says which. 2,441.72 is 7.58
    above the close, nearer than the 2,450 of the note, which lies inside that zone.
    """
    columns = "round(nearest_{0}_low, 2), round(nearest_{0}_high, 2), nearest_{0}_state, nearest_{0}_kinds"
    assert overview(warehouse, columns.format("support"), "RUT", MONDAY) == (2400, 2400, "cleared", "round_number")
    assert overview(warehouse, columns.format("resistance"), "RUT", MONDAY) == (
        2441.72,
        2466.49,
        "testing",
        "swing_high, record_high",
    )
    distances = "round(nearest_support_distance_pct, 2), round(nearest_resistance_distance_pct, 2)"
    assert overview(warehouse, distances, "RUT", MONDAY) == (-1.40, 0.31)
    between = ask(
        warehouse,
        "SELECT level_id FROM levels_as_of('RUT', ?) WHERE evaluated_high > 2400 AND evaluated_low < 2441.71 "
        "AND state NOT IN ('expired', 'superseded')",
        MONDAY,
    )
    assert between == []


def test_the_nearest_levels_are_zones_that_were_known_on_the_friday_before(warehouse) -> None:
    ids = overview(warehouse, "nearest_support_id, nearest_resistance_id", "RUT", MONDAY)
    zones = ask(
        warehouse,
        "SELECT zone_id, round(low, 2), round(high, 2), valid_from FROM core.zone WHERE zone_id IN (?, ?) "
        "AND valid_from < ? AND (valid_to IS NULL OR valid_to >= DATE '2024-11-29') ORDER BY low",
        *ids,
        MONDAY,
    )
    assert zones == [
        (ids[0], 2400, 2400, dt.date(2024, 11, 22)),
        (ids[1], 2441.72, 2466.49, dt.date(2024, 11, 26)),
    ]


def test_the_history_of_the_cleared_round_number_in_november(warehouse) -> None:
    rows = ask(
        warehouse,
        "SELECT session, state, cause, round(close, 2) FROM level_history("
        "(SELECT nearest_support_id FROM serve.index_overview WHERE instrument_id = 'RUT' AND session = ?)) "
        "WHERE session >= DATE '2024-11-11'",
        MONDAY,
    )
    assert rows == [
        (dt.date(2024, 11, 11), "cleared", "atr", 2434.98),
        (dt.date(2024, 11, 13), "reclaimed", "reclaimed", 2369.37),
        (dt.date(2024, 11, 14), "intact", "restored", 2336.94),
        (dt.date(2024, 11, 22), "broken_provisional", "first_close", 2406.67),
        (dt.date(2024, 11, 25), "cleared", "two_closes", 2442.03),
    ]


def test_levels_as_of_a_sunday_are_those_of_the_friday_before_the_note(warehouse) -> None:
    rows = ask(warehouse, "SELECT DISTINCT session, origin FROM levels_as_of('RUT', '2024-12-01')")
    assert rows == [(dt.date(2024, 11, 29), "detected")]


def test_the_view_has_one_row_per_level_and_session(warehouse) -> None:
    """Counted over all of history: as many rows as the stretches of core hold sessions with a bar."""
    ((rows, distinct),) = ask(warehouse, "SELECT count(*), count(DISTINCT (level_id, session)) FROM serve.level_state")
    numbered = (
        "SELECT instrument_id, session, row_number() OVER (PARTITION BY instrument_id ORDER BY session) AS number "
        "FROM core.bar"
    )
    ((expected,),) = ask(
        warehouse,
        f"WITH bar AS ({numbered}), last AS (SELECT instrument_id, max(number) AS number FROM bar GROUP BY ALL) "
        "SELECT sum(coalesce(ended.number, last.number) - began.number + 1)::BIGINT FROM core.level_state AS state "
        "JOIN last USING (instrument_id) "
        "JOIN bar AS began ON began.instrument_id = state.instrument_id AND began.session = valid_from "
        "LEFT JOIN bar AS ended ON ended.instrument_id = state.instrument_id AND ended.session = valid_to",
    )
    assert rows == distinct == expected


@pytest.mark.parametrize("instrument", ["RUT", "SPX", "NDX", "DJI"])
def test_nearest_levels_embrace_the_close_and_are_of_that_session(warehouse, instrument: str) -> None:
    rows = ask(
        warehouse,
        "SELECT overview.session FROM serve.index_overview AS overview "
        "LEFT JOIN serve.level_state AS support ON support.level_id = nearest_support_id "
        "AND support.session = overview.session AND support.instrument_id = overview.instrument_id "
        "LEFT JOIN serve.level_state AS resistance ON resistance.level_id = nearest_resistance_id "
        "AND resistance.session = overview.session AND resistance.instrument_id = overview.instrument_id "
        "WHERE overview.instrument_id = ? AND (nearest_support_low > overview.close "
        "OR nearest_resistance_high < overview.close "
        "OR support.distance_pct IS DISTINCT FROM nearest_support_distance_pct "
        "OR resistance.distance_pct IS DISTINCT FROM nearest_resistance_distance_pct "
        "OR support.state IS DISTINCT FROM nearest_support_state "
        "OR resistance.state IS DISTINCT FROM nearest_resistance_state)",
        instrument,
    )
    assert rows == []
