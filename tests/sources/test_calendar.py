"""The calendar against public facts about the New York exchange, and the two known gaps of the library."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from pipelines.sources.calendar import sessions_between


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("closed", "why"),
    [
        ("2012-10-29", "hurricane Sandy"),
        ("2012-10-30", "hurricane Sandy"),
        ("2025-01-09", "mourning for President Carter"),
        ("2001-09-11", "attack on New York"),
        ("2024-11-28", "Thanksgiving"),
        ("2024-11-30", "a Saturday"),
    ],
)
def test_days_on_which_the_exchange_was_shut(closed: str, why: str) -> None:
    around = sessions_between(day(closed) - dt.timedelta(days=7), day(closed) + dt.timedelta(days=7))
    assert day(closed) not in around["session"].to_list(), why
    assert around.height >= 6


def test_early_close_and_both_sides_of_daylight_saving() -> None:
    frame = sessions_between(day("2024-10-31"), day("2024-12-02")).rows_by_key("session", named=True, unique=True)

    def hours(session: str) -> tuple[str, str, bool]:
        row = frame[day(session)]
        return f"{row['opens_at']:%H:%M %Z}", f"{row['closes_at']:%H:%M %Z}", row["is_early_close"]

    assert hours("2024-11-29") == ("14:30 UTC", "18:00 UTC", True)
    assert hours("2024-12-02") == ("14:30 UTC", "21:00 UTC", False)
    assert hours("2024-10-31") == ("13:30 UTC", "20:00 UTC", False)


def test_columns_order_and_both_ends() -> None:
    frame = sessions_between(day("2024-11-25"), day("2024-12-02"))
    moment = pl.Datetime("us", "UTC")
    assert dict(frame.schema) == {
        "session": pl.Date,
        "opens_at": moment,
        "closes_at": moment,
        "is_early_close": pl.Boolean,
    }
    november = [day(f"2024-11-{number}") for number in (25, 26, 27, 29)]
    assert frame["session"].to_list() == [*november, day("2024-12-02")]


def test_reaches_further_back_than_the_library_does_by_itself() -> None:
    frame = sessions_between(day("1927-12-30"), day("2027-12-31"))
    assert frame["session"].min() == day("1927-12-30")
    assert frame["session"].max() == day("2027-12-31")
    assert frame["session"].is_sorted()
    assert frame["session"].is_unique().all()


def test_a_span_without_a_session_is_empty() -> None:
    weekend = sessions_between(day("2024-11-30"), day("2024-12-01"))
    assert weekend.is_empty()
    assert weekend.columns == ["session", "opens_at", "closes_at", "is_early_close"]


def test_a_span_the_wrong_way_round_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a first date not after the last, was 2024-12-02 and 2024-11-29"):
        sessions_between(day("2024-12-02"), day("2024-11-29"))


def test_known_gaps_of_the_library_are_still_there() -> None:
    """Should this fail after an update, the library has learnt: mend calendar_checked_from and the docstring."""
    saturday, holiday = day("1951-06-02"), day("1969-12-25")
    assert saturday not in sessions_between(saturday, saturday)["session"].to_list(), "the exchange traded"
    assert holiday in sessions_between(holiday, holiday)["session"].to_list(), "Christmas"


def test_real_bars_stand_on_sessions_and_leave_none_out_since_1970(real_data: Path) -> None:
    traded = pl.read_csv(real_data / "prices" / "GSPC.csv", columns=["Date"], try_parse_dates=True)["Date"]
    sessions = sessions_between(day("1927-12-30"), day("2024-12-02"))["session"]
    assert set(traded) <= set(sessions)
    assert {session for session in sessions if session >= day("1970-01-01")} <= set(traded)
