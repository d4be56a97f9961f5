"""Text to sessions and numbers: what is read, and what is left alone as it could be read two ways."""

from __future__ import annotations

import datetime as dt

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.sources.received import number_of, session_of

FRIDAY = dt.date(2024, 11, 29)

SESSIONS = {
    "2024-11-29": FRIDAY,
    " 2024-11-29 ": FRIDAY,
    "2024-11-29T00:00:00": FRIDAY,
    "2024-11-29 23:59": FRIDAY,
    "2024-11-29 00:00:00.000000": FRIDAY,
    "2024-11-29 00:00:00-05:00": FRIDAY,
    "2024-07-01 00:00:00-04:00": dt.date(2024, 7, 1),
    "2024-11-29 05:00:00+00:00": FRIDAY,
    "2024-11-29T14:30:00Z": FRIDAY,
    "2024-11-29T21:00:00.000Z": FRIDAY,
    "2024-11-30T02:00:00Z": FRIDAY,  # 21:00 in New York
    "2024-11-29 06:00:00+0100": FRIDAY,
    "2024-11-29 00:00:00+00:00": FRIDAY,
    "2024-11-29T00:00:00Z": FRIDAY,
    "2024-11-29 00:00:00 UTC": FRIDAY,
    "2024-11-29 00:00:00+01:00": None,  # 18:00 on the 28th in New York, or a date labelled Berlin
    "2024-07-01 00:00:00-05:00": None,
    "11/29/2024": None,
    "29.11.2024": None,
    "20241129": None,
    "2024-02-30": None,
    "2024-11-29 25:00:00": None,
    "1732838400": None,
    "": None,
    "null": None,
}


def test_a_session_is_read_from_iso_text_alone() -> None:
    frame = pl.DataFrame({"text": list(SESSIONS)}).with_columns(session=session_of(pl.col("text")))
    assert dict(frame.rows()) == SESSIONS


NUMBERS = {
    "11.5": 11.5,
    " 11.5 ": 11.5,
    "+1.": 1.0,
    ".5": 0.5,
    "-3": -3.0,
    "0": 0.0,
    "1.5e3": 1500.0,
    "2444420000": 2444420000.0,
    "2,434.73": 2434.73,
    "1,234": 1234.0,
    "2,44,000": None,
    "1234,567": None,
    "2434,73": None,
    "2.434,73": None,
    "": None,
    "nan": None,
    "NaN": None,
    "inf": None,
    "-Infinity": None,
    "1e999": None,
    "null": None,
    "N/A": None,
    "1_000": None,
    "12%": None,
    "$12": None,
    "0x10": None,
    "1 234.5": None,
    "2.44B": None,
}


def test_a_number_is_read_where_it_can_be_read_one_way() -> None:
    frame = pl.DataFrame({"text": list(NUMBERS)}).with_columns(number=number_of(pl.col("text")))
    assert dict(frame.rows()) == NUMBERS


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=20))
def test_every_finite_number_survives_its_text(numbers: list[float]) -> None:
    frame = pl.DataFrame({"text": [repr(number) for number in numbers]}, schema={"text": pl.String})
    assert frame.select(number_of(pl.col("text"))).to_series().to_list() == numbers


@settings(max_examples=50, deadline=None)
@given(st.dates(min_value=dt.date(1900, 1, 1), max_value=dt.date(2100, 1, 1)), st.sampled_from(["", "T00:00:00Z"]))
def test_every_date_survives_its_text(date: dt.date, suffix: str) -> None:
    frame = pl.DataFrame({"text": [date.isoformat() + suffix]})
    assert frame.select(session_of(pl.col("text"))).item() == date
