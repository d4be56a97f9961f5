"""When the newest bar of an answer is a part of a session."""

from __future__ import annotations

import datetime as dt

import pytest

from pipelines.sources.partial_bar import is_partial

MONDAY, FRIDAY = dt.date(2024, 12, 2), dt.date(2024, 11, 29)  # the latter closed at 13:00 in New York


def utc(day: int, hour: int, minute: int = 0, month: int = 12) -> dt.datetime:
    return dt.datetime(2024, month, day, hour, minute, tzinfo=dt.UTC)


CASES = {
    "quoted at the close": (MONDAY, utc(2, 21), utc(2, 23), False),
    "quoted at noon": (MONDAY, utc(2, 17), utc(2, 23), True),
    "quoted a quarter of an hour before the close": (MONDAY, utc(2, 20, 45), utc(2, 23), False),
    "quoted a minute before that": (MONDAY, utc(2, 20, 44), utc(2, 23), True),
    "still so after midnight in London": (MONDAY, utc(2, 17), utc(3, 3), True),
    "still so before the next close": (MONDAY, utc(2, 17), utc(3, 20), True),
    "after the next close the stock was halted": (MONDAY, utc(2, 17), utc(3, 23), False),
    "over a weekend": (FRIDAY, utc(29, 16, month=11), utc(1, 12), True),
    "after an early close": (FRIDAY, utc(29, 18, month=11), utc(29, 23, month=11), False),
    "under way, which the clock shows": (MONDAY, utc(2, 17), utc(2, 17), False),
    "a quote of another day": (FRIDAY, utc(2, 17), utc(2, 23), False),
    "no word of a quote": (MONDAY, None, utc(2, 23), False),
}


@pytest.mark.parametrize(("session", "quoted_at", "read_at", "expected"), CASES.values(), ids=CASES)
def test_a_bar_is_partial(
    session: dt.date, quoted_at: dt.datetime | None, read_at: dt.datetime, expected: bool
) -> None:
    assert is_partial(session, quoted_at, read_at) is expected
