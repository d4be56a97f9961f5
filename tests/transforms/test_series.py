"""Instruments and pairs in one table: their kinds, their ranges and the sessions they lack."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines.contracts.core import Bar, Ratio, SeriesPrice
from pipelines.transforms.series import series_prices
from tests.market import bar_frame, bars, calendar, weekdays

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (dt.date(2024, 11, day) for day in range(4, 9))
SATURDAY = dt.date(2024, 11, 9)
SESSIONS = calendar(weekdays(MONDAY, FRIDAY))


def ratios(values: Mapping[dt.date, float], pair_id: str = "A/B") -> pl.DataFrame:
    rows = [(pair_id, session, value, value, 1.0) for session, value in values.items()]
    names = ("pair_id", "session", "ratio", "numerator_close", "denominator_close")
    empty = Ratio.create_empty()
    return pl.concat([empty, pl.DataFrame(rows, schema=names, orient="row")], how="diagonal_relaxed")


def test_an_instrument_keeps_its_range_and_a_pair_has_none() -> None:
    held = pl.DataFrame(
        [("A", MONDAY, 10.0, 12.0, 9.0, 11.0, None), ("A", TUESDAY, 11.0, 11.0, 11.0, 11.0, None)],
        schema=("instrument_id", "session", "open", "high", "low", "close", "volume"),
        orient="row",
    )
    frame = SeriesPrice.validate(series_prices(bar_frame(held), ratios({MONDAY: 0.5, TUESDAY: 0.25}), SESSIONS))
    assert frame.rows() == [
        ("A", MONDAY, "instrument", 11.0, 12.0, 9.0, 0),
        ("A", TUESDAY, "instrument", 11.0, None, None, 0),  # a close-only bar
        ("A/B", MONDAY, "pair", 0.5, None, None, 0),
        ("A/B", TUESDAY, "pair", 0.25, None, None, 0),
    ]


@pytest.mark.parametrize(
    ("present", "missing_before"),
    [
        ([MONDAY, TUESDAY, WEDNESDAY], [0, 0, 0]),
        ([MONDAY, WEDNESDAY, FRIDAY], [0, 1, 1]),
        ([TUESDAY, FRIDAY], [0, 2]),
        ([FRIDAY], [0]),
    ],
)
def test_sessions_without_a_value_are_counted_per_series(present: list[dt.date], missing_before: list[int]) -> None:
    held = bars({"A": dict.fromkeys(present, 1.0), "B": dict.fromkeys([MONDAY, FRIDAY], 2.0)})
    frame = series_prices(held, ratios(dict.fromkeys(present, 0.5), "B/A"), SESSIONS)
    for series_id, expected in (("A", missing_before), ("B", [0, 3]), ("B/A", missing_before)):
        assert frame.filter(pl.col("series_id") == series_id)["missing_before"].to_list() == expected


def test_the_order_of_the_rows_received_does_not_matter() -> None:
    held = bars({"B": dict.fromkeys([MONDAY, FRIDAY], 2.0), "A": dict.fromkeys([TUESDAY, WEDNESDAY], 1.0)})
    of_pairs = ratios({MONDAY: 0.5, THURSDAY: 0.4})
    expected = series_prices(held, of_pairs, SESSIONS)
    assert_frame_equal(series_prices(held.reverse(), of_pairs.reverse(), SESSIONS), expected)


def test_a_day_that_is_no_session_is_an_error() -> None:
    held = bars({"A": {FRIDAY: 1.0, SATURDAY: 1.0}})
    with pytest.raises(
        ValueError, match=r"core\.series_price A 2024-11-09: expected a session of core\.session, was none"
    ):
        series_prices(held, Ratio.create_empty(), SESSIONS)


def test_without_bars_there_are_no_series() -> None:
    assert_frame_equal(series_prices(Bar.create_empty(), Ratio.create_empty(), SESSIONS), SeriesPrice.create_empty())
