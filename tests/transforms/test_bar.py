"""Versions of bars: what counts as new, when it was known, what is known at a moment, and what is missing."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipelines.contracts import core, raw
from pipelines.contracts.received import ReceivedBar
from pipelines.parameters import Parameters
from pipelines.transforms.bar import latest_bars, missing_sessions, new_versions
from tests.market import bars, calendar, weekdays

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (dt.date(2024, 11, day) for day in range(4, 9))
SESSIONS = calendar(weekdays(dt.date(2024, 11, 1), dt.date(2024, 12, 31)))
"""Every weekday is a session and closes at 21:00 UTC."""
ROW: dict[str, Any] = {
    "instrument_id": "RUT",
    "vendor_symbol": "^RUT",
    "session": MONDAY,
    "open": 10.0,
    "high": 12.0,
    "low": 9.0,
    "close": 11.0,
    "adjusted_close": 11.0,
    "volume": 100.0,
    "locator": "line 1",
    "payload": "{}",
    "payload_hash": "first batch",
}


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def accepted(*rows: dict[str, Any]) -> pl.DataFrame:
    return ReceivedBar.validate(pl.DataFrame([ROW | row for row in rows], schema=ReceivedBar.create_empty().schema))


def append(known: pl.DataFrame, fetched_at: dt.datetime, *rows: dict[str, Any]) -> pl.DataFrame:
    """Return the known versions and what the rows add to them."""
    added = new_versions(known, accepted(*rows), SESSIONS, "test", fetched_at, Parameters())
    return raw.Bar.validate(pl.concat([known, raw.Bar.validate(added)]).sort(raw.Bar.primary_key()))


EMPTY = raw.Bar.create_empty()
SAME_EVENING, NEXT_DAY = at("2024-11-04 22:00"), at("2024-11-05 12:00")


@pytest.mark.parametrize(
    ("fetched_at", "known_from", "basis"),
    [
        ("2024-11-04 21:30", "2024-11-04 21:30", "observed"),
        ("2024-11-05 09:00", "2024-11-05 09:00", "observed"),
        ("2024-11-18 23:00", "2024-11-18 23:00", "observed"),  # ten later sessions have closed: 5 to 18 November
        ("2024-11-19 20:59", "2024-11-19 20:59", "observed"),
        ("2024-11-19 21:00", "2024-11-04 21:30", "assumed"),  # the eleventh has closed
        ("2024-12-31 00:00", "2024-11-04 21:30", "assumed"),
    ],
)
def test_a_first_version_fetched_more_than_ten_sessions_late_is_assumed(
    fetched_at: str, known_from: str, basis: str
) -> None:
    row = append(EMPTY, at(fetched_at), {}).row(0, named=True)
    assert (row["known_from"], row["known_basis"]) == (at(known_from), basis)
    assert row["fetched_at"] == at(fetched_at)


def test_lateness_and_settling_come_from_the_parameters() -> None:
    parameters = Parameters(assumed_after_sessions=0, bar_settle_minutes=45)
    frame = new_versions(EMPTY, accepted({}), SESSIONS, "test", at("2024-11-05 21:00"), parameters)
    assert frame.select("known_from", "known_basis").row(0) == (at("2024-11-04 21:45"), "assumed")


def test_a_first_version_carries_the_row_and_the_batch() -> None:
    row = append(EMPTY, SAME_EVENING, {}).row(0, named=True)
    kept = {name: value for name, value in ROW.items() if name not in ("locator", "payload")}
    batch = {"source": "test", "fetched_at": SAME_EVENING, "known_from": SAME_EVENING, "known_basis": "observed"}
    assert row == kept | batch


@pytest.mark.parametrize(
    ("change", "is_new"),
    [
        ({}, False),
        ({"payload_hash": "second batch", "locator": "line 9", "payload": "x", "vendor_symbol": "RUT"}, False),
        ({"open": 10.01}, True),
        ({"high": 12.01}, True),
        ({"low": 9.01}, True),
        ({"close": 11.01}, True),
        ({"close": math.nextafter(11.0, 12.0)}, True),
        ({"adjusted_close": 10.99}, True),
        ({"adjusted_close": None}, True),
        ({"volume": 101.0}, True),
        ({"volume": None}, True),
    ],
)
def test_a_further_version_needs_another_number(change: dict[str, Any], is_new: bool) -> None:
    known = append(EMPTY, SAME_EVENING, {})
    added = new_versions(known, accepted(change), SESSIONS, "test", NEXT_DAY, Parameters())
    assert added.height == is_new
    assert added["known_basis"].to_list() == ["observed"] * is_new
    assert added["known_from"].to_list() == [NEXT_DAY] * is_new


@pytest.mark.parametrize(("volume", "is_new"), [(None, False), (100.0, True)])
def test_null_equals_null_only(volume: float | None, is_new: bool) -> None:
    known = append(EMPTY, SAME_EVENING, {"volume": None})
    assert new_versions(known, accepted({"volume": volume}), SESSIONS, "t", NEXT_DAY, Parameters()).height == is_new


def test_the_newest_version_is_the_one_compared_with() -> None:
    known = append(append(EMPTY, SAME_EVENING, {}), NEXT_DAY, {"close": 11.5})
    assert append(known, NEXT_DAY + dt.timedelta(hours=1), {"close": 11.5}).height == 2
    back = append(known, NEXT_DAY + dt.timedelta(hours=1), {"close": 11.0})
    assert back["close"].to_list() == [11.0, 11.5, 11.0]


def test_a_further_version_of_an_old_bar_is_observed_however_late() -> None:
    known = append(EMPTY, at("2024-12-20 22:00"), {})
    assert known["known_basis"].to_list() == ["assumed"]
    known = append(known, at("2024-12-23 22:00"), {"close": 11.5})
    assert known["known_basis"].to_list() == ["assumed", "observed"]
    assert known["known_from"].to_list() == [at("2024-11-04 21:30"), at("2024-12-23 22:00")]


@pytest.mark.parametrize("fetched_at", [SAME_EVENING, SAME_EVENING - dt.timedelta(seconds=1)])
def test_a_clock_that_went_back_is_an_error(fetched_at: dt.datetime) -> None:
    known = append(EMPTY, SAME_EVENING, {})
    message = r"raw.bar RUT 2024-11-04: expected a new version known after 2024-11-04T22:00:00\+00:00, was 2024-11-04T"
    with pytest.raises(ValueError, match=message):
        append(known, fetched_at, {"close": 11.5})


def test_an_unchanged_row_is_no_error_even_if_the_clock_went_back() -> None:
    known = append(EMPTY, SAME_EVENING, {})
    assert_frame_equal(append(known, SAME_EVENING, {}), known)


def test_a_calendar_that_ends_too_early_is_an_error() -> None:
    short = SESSIONS.filter(pl.col("session") <= FRIDAY)
    with pytest.raises(ValueError, match="expected a calendar that reaches 2024-11-25, was one to 2024-11-08"):
        new_versions(EMPTY, accepted({}), short, "test", at("2024-11-25 22:00"), Parameters())


def test_nothing_accepted_adds_nothing_and_needs_no_calendar() -> None:
    added = new_versions(EMPTY, ReceivedBar.create_empty(), SESSIONS.clear(), "test", SAME_EVENING, Parameters())
    assert_frame_equal(added, EMPTY)


def test_the_newest_version_known_at_a_moment() -> None:
    known = append(append(EMPTY, SAME_EVENING, {}, {"session": FRIDAY}), NEXT_DAY, {"close": 11.5})
    instant = dt.timedelta(microseconds=1)

    def closes(known_at: dt.datetime) -> list[tuple[float, int]]:
        frame = core.Bar.validate(latest_bars(known, known_at))
        return frame.filter(pl.col("session") == MONDAY).select("close", "versions").rows()

    assert closes(SAME_EVENING - instant) == []
    assert closes(SAME_EVENING) == [(11.0, 1)]
    assert closes(NEXT_DAY - instant) == [(11.0, 1)]
    assert closes(NEXT_DAY) == [(11.5, 2)]
    assert latest_bars(known, NEXT_DAY).select("session", "versions").rows() == [(MONDAY, 2), (FRIDAY, 1)]


@pytest.mark.parametrize(
    ("prices", "is_close_only"),
    [
        ((11.0, 11.0, 11.0), True),
        ((11.0, 11.01, 11.0), False),
        ((10.9, 11.0, 10.9), False),
        ((11.0, 11.0, 10.9), False),
    ],
)
def test_a_bar_without_a_range_is_close_only(prices: tuple[float, float, float], is_close_only: bool) -> None:
    row = dict(zip(("open", "high", "low"), prices, strict=True))
    assert latest_bars(append(EMPTY, SAME_EVENING, row), NEXT_DAY)["is_close_only"].to_list() == [is_close_only]


def test_missing_sessions_run_from_the_first_bar_of_one_to_the_last_bar_of_all() -> None:
    held = bars({"A": {MONDAY: 1, WEDNESDAY: 1, FRIDAY: 1}, "B": {WEDNESDAY: 1, THURSDAY: 1}})
    missing = core.MissingSession.validate(missing_sessions(held, SESSIONS, Parameters()))
    assert missing.rows() == [("A", TUESDAY), ("A", THURSDAY), ("B", FRIDAY)]


def test_a_session_that_a_live_source_lost_for_all_is_missed_once_it_has_settled() -> None:
    held = bars({"A": {MONDAY: 1, TUESDAY: 1}, "B": {TUESDAY: 1}})
    settled = dt.datetime.combine(WEDNESDAY, dt.time(21, 30), dt.UTC)
    for live_at, expected in (
        (None, []),
        (settled - dt.timedelta(seconds=1), []),
        (settled, [("A", WEDNESDAY), ("B", WEDNESDAY)]),
        (settled + dt.timedelta(days=2), [(name, day) for name in "AB" for day in (WEDNESDAY, THURSDAY, FRIDAY)]),
    ):
        assert missing_sessions(held, SESSIONS, Parameters(), live_at).rows() == expected


def test_no_session_is_missed_before_the_calendar_is_trusted() -> None:
    held = bars({"A": {MONDAY: 1, FRIDAY: 1}})
    parameters = Parameters(calendar_checked_from=THURSDAY)
    assert missing_sessions(held, SESSIONS, parameters).rows() == [("A", THURSDAY)]


def test_without_bars_nothing_is_missing_and_nothing_is_known() -> None:
    nothing = latest_bars(EMPTY, NEXT_DAY)
    assert_frame_equal(nothing, core.Bar.create_empty())
    assert missing_sessions(nothing, SESSIONS, Parameters()).is_empty()


BATCH = st.dictionaries(
    st.tuples(st.sampled_from(["RUT", "SPX"]), st.sampled_from([MONDAY, TUESDAY])),
    st.tuples(st.sampled_from([10.0, 11.0]), st.sampled_from([None, 5.0])),
)


@settings(max_examples=15, deadline=None)
@given(st.lists(BATCH, max_size=4))
def test_the_newest_versions_are_what_was_last_received(batches: list[dict[Any, Any]]) -> None:
    """A batch read again adds nothing, no version is ever lost, and the past stays what it was."""
    known, newest, moment = EMPTY, {}, at("2024-11-06 00:00")
    for batch in batches:
        before = latest_bars(known, moment)
        moment += dt.timedelta(hours=1)
        rows = [
            {"instrument_id": instrument, "session": session, "close": close, "volume": volume}
            for (instrument, session), (close, volume) in batch.items()
        ]
        known = append(known, moment, *rows)
        assert_frame_equal(append(known, moment + dt.timedelta(minutes=1), *rows), known)
        assert_frame_equal(latest_bars(known, moment - dt.timedelta(hours=1)), before)
        newest |= batch
    latest = latest_bars(known, moment)
    found = {(row[0], row[1]): row[2:] for row in latest.select("instrument_id", "session", "close", "volume").rows()}
    assert found == newest
    assert latest["versions"].sum() == known.height


def test_the_real_s_and_p_has_closes_only_until_the_middle_of_1983(real_data: Path) -> None:
    """The count and the last such session are known of this vendor's file."""
    names = {name.capitalize(): name for name in ("open", "high", "low", "close", "volume")}
    file = pl.read_csv(real_data / "prices" / "GSPC.csv", columns=["Date", *names], try_parse_dates=True)
    stated = {"known_basis": "observed", "vendor_symbol": "^GSPC", "source": "files", "payload_hash": "x"}
    moment = pl.lit(SAME_EVENING, pl.Datetime("us", "UTC"))
    versions = file.rename(names | {"Date": "session"}).with_columns(
        **{name: pl.lit(value) for name, value in stated.items()},
        instrument_id=pl.lit("SPX"),
        adjusted_close=None,
        known_from=moment,
        fetched_at=moment,
    )
    flat = latest_bars(raw.Bar.validate(versions, cast=True), NEXT_DAY).filter("is_close_only")
    assert (flat.height, flat["session"].max()) == (8547, dt.date(1983, 6, 30))
