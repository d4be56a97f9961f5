"""Numbered sessions: their labels, and where the table begins and ends."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines.contracts.core import Bar, Session
from pipelines.parameters import Parameters
from pipelines.transforms.session import calendar_end, number_sessions
from tests.market import bars, calendar, weekdays

COLUMNS = ("session", "opens_at", "closes_at", "is_early_close")


def plain_calendar(first: dt.date, last: dt.date) -> pl.DataFrame:
    """Return weekdays without numbers or labels, as the source hands them over."""
    return calendar(weekdays(first, last)).select(COLUMNS)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("session", "week", "month", "quarter", "year"),
    [
        ("2024-11-29", "2024-W48", "2024-11", "2024-Q4", 2024),
        ("2024-12-27", "2024-W52", "2024-12", "2024-Q4", 2024),
        ("2024-12-30", "2025-W01", "2024-12", "2024-Q4", 2024),
        ("2025-01-02", "2025-W01", "2025-01", "2025-Q1", 2025),
        ("2021-01-01", "2020-W53", "2021-01", "2021-Q1", 2021),
        ("2024-03-28", "2024-W13", "2024-03", "2024-Q1", 2024),
        ("2024-04-01", "2024-W14", "2024-04", "2024-Q2", 2024),
        ("2024-07-01", "2024-W27", "2024-07", "2024-Q3", 2024),
    ],
)
def test_the_periods_of_a_session(session: str, week: str, month: str, quarter: str, year: int) -> None:
    frame = number_sessions(plain_calendar(day(session), day(session)), bars({"A": {day(session): 1}}), Parameters())
    assert frame.select("week", "month", "quarter", "year").row(0) == (week, month, quarter, year)


def test_from_the_first_bar_to_the_end_of_the_last_ones_year_and_its_last_week() -> None:
    source = plain_calendar(day("2023-12-01"), day("2025-12-31"))
    held = bars({"A": {day("2024-11-29"): 1}, "B": {day("2024-11-27"): 1}})  # 31 December 2024 is a Tuesday
    frame = Session.validate(number_sessions(source, held, Parameters()))
    assert frame["session"].to_list() == weekdays(day("2024-11-27"), day("2025-01-03"))
    assert frame["session_number"].to_list() == list(range(1, 29))
    assert_frame_equal(frame.select(COLUMNS), source.filter(pl.col("session").is_in(frame["session"].implode())))


@pytest.mark.parametrize(
    ("last", "end"), [("2024-05-01", "2025-01-05"), ("2022-12-30", "2023-01-01"), ("2023-12-29", "2023-12-31")]
)
def test_the_calendar_ends_with_the_week_of_new_years_eve(last: str, end: str) -> None:
    assert calendar_end(day(last)) == day(end)


def test_before_the_calendar_is_trusted_only_sessions_with_a_bar_count() -> None:
    source = plain_calendar(day("1969-12-22"), day("1970-12-31"))
    held = bars({"A": {day("1969-12-22"): 1, day("1969-12-24"): 1}, "B": {day("1969-12-30"): 1, day("1970-01-06"): 1}})
    frame = Session.validate(number_sessions(source, held, Parameters()))
    expected = [day(f"1969-12-{number}") for number in (22, 24, 30)] + weekdays(day("1970-01-01"), day("1970-12-31"))
    assert frame["session"].to_list() == expected
    assert frame["session_number"].to_list() == list(range(1, len(expected) + 1))


@pytest.mark.parametrize(("first", "last"), [("2024-11-28", "2024-12-31"), ("2024-11-01", "2024-11-28")])
def test_a_calendar_that_does_not_span_the_bars_is_an_error(first: str, last: str) -> None:
    held = bars({"A": {day("2024-11-27"): 1, day("2024-11-29"): 1}})
    message = f"expected a calendar from 2024-11-27 to 2024-11-29, was one from {first} to {last}"
    with pytest.raises(ValueError, match=message):
        number_sessions(plain_calendar(day(first), day(last)), held, Parameters())


def test_without_bars_there_are_no_sessions() -> None:
    frame = number_sessions(plain_calendar(day("2024-11-01"), day("2024-12-31")), Bar.create_empty(), Parameters())
    assert_frame_equal(frame, Session.create_empty())
