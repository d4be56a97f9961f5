"""Pivots worked by hand: every rule of methods B4 on a few rows."""

from __future__ import annotations

import polars as pl

from pipelines.contracts import core
from pipelines.parameters import Parameters
from pipelines.transforms.pivot import pivots
from tests.frames import days, prices
from tests.transforms.average_frames import averages

DAY = days(20)


def _pivots(
    frame: pl.DataFrame, method: str, atr_14: list[float | None] | None = None, **thresholds: float
) -> list[tuple]:
    """Return (kind, extreme row, price, confirmed row) of one method, by extreme."""
    of_averages = averages(frame["close"].to_list(), atr_14=atr_14, series_id=frame["series_id"][0])
    out = pivots(frame, of_averages, Parameters(**thresholds))
    assert core.Pivot.is_valid(out)
    found = out.filter(pl.col("method") == method).sort("extreme_session", "kind")
    columns = ("kind", "extreme_session", "price", "confirmed_session")
    return [(kind, DAY.index(at), price, DAY.index(seen)) for kind, at, price, seen in found.select(columns).rows()]


def test_a_fractal_is_the_extreme_of_five_rows_on_either_side():
    highs = [10, 11, 12, 13, 14, 20, 14, 13, 12, 11, 10]
    lows = [9, 8, 7, 6, 5, 4, 5, 6, 7, 8, 9]
    frame = prices([9.5] * 11, highs=highs, lows=lows)
    assert _pivots(frame, "fractal") == [("high", 5, 20.0, 10), ("low", 5, 4.0, 10)]
    assert _pivots(frame.head(10), "fractal") == [], "expected nothing before the fifth row after it"


def test_a_fractal_needs_five_rows_before_it_and_a_full_window():
    frame = prices([10, 11, 12, 13, 20, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 5])
    assert _pivots(frame, "fractal") == []


def test_of_equal_fractals_in_one_window_the_latest_counts_and_farther_ones_both():
    equal = [1, 1, 9, 1, 9, 1, 9, 1, 1, 9, 1, 1]
    # Each 9 has another 9 within two rows after it, but for those of rows 6 and 9.
    assert [row for row in _pivots(prices(equal), "fractal", pivot_span_sessions=2) if row[0] == "high"] == [
        ("high", 6, 9.0, 8),
        ("high", 9, 9.0, 11),
    ]
    assert _pivots(prices([5.0] * 12), "fractal", pivot_span_sessions=2) == []


def test_a_pair_has_fractals_and_a_zigzag_of_closes_and_no_atr_zigzag():
    frame = prices([1.0, 1.25, 2.0, 1.75, 1.5], series_id="A/B")
    assert _pivots(frame, "fractal", pivot_span_sessions=2) == [("high", 2, 2.0, 4)]
    # 1.25 lies 25 % above 1, 1.75 lies 12.5 % below 2.
    assert _pivots(frame, "zigzag_pct") == [("low", 0, 1.0, 1), ("high", 2, 2.0, 3)]
    assert _pivots(frame, "zigzag_atr") == []


def test_a_close_stands_in_where_there_is_no_range():
    frame = prices([100, 100, 104, 100, 100], highs=[101, 101, None, 103, 101], lows=[99, 99, None, 99, 99])
    fractals = _pivots(frame, "fractal", pivot_span_sessions=2)
    assert fractals == [("high", 2, 104.0, 4)]
    # 104 lies 5.05 % above the latest low of 99; the low of 99 lies 4.8 % below 104.
    assert _pivots(frame, "zigzag_pct") == [("low", 1, 99.0, 2)]


def test_the_per_cent_zigzag_turns_on_five_per_cent_between_high_and_low():
    highs = [101, 104, 120, 119, 118, 116, 119.5]
    lows = [100, 102, 115, 114.5, 114, 113, 115]
    # 105 confirms the low of 100, 114 the high of 120; 118.65 the low of 113.
    assert _pivots(prices([(high + low) / 2 for high, low in zip(highs, lows, strict=True)], highs=highs, lows=lows),
                   "zigzag_pct") == [("low", 0, 100.0, 2), ("high", 2, 120.0, 4), ("low", 5, 113.0, 6)]  # fmt: skip


def test_a_bar_that_makes_a_new_high_does_not_turn_on_its_own_low():
    highs, lows = [101, 107, 120, 118, 119], [100, 106, 110, 114.5, 112.5]
    frame = prices([100.5, 106.5, 111, 115, 113], highs=highs, lows=lows)
    # The bar of 120 falls to 110, 8.3 % below; only 112.5 of a later bar confirms, and only later lows are the low.
    assert _pivots(frame, "zigzag_pct") == [("low", 0, 100.0, 1), ("high", 2, 120.0, 4)]
    rising = prices([100.5, 106.5, 111, 115, 113, 118.5], highs=[*highs, 118.5], lows=[*lows, 115])
    assert _pivots(rising, "zigzag_pct")[-1] == ("low", 4, 112.5, 5)


def test_the_atr_zigzag_takes_three_atr_of_the_confirming_row():
    closes = [90, 100, 101, 98, 96, 95, 98]
    atr = [None, 2.0, 2.0, 2.0, 2.0, 2.0, 1.0]
    # It starts with the first ATR, so the 90 is not seen; 95 is six points below 101, 98 three above 95.
    assert _pivots(prices(closes), "zigzag_atr", atr) == [("high", 2, 101.0, 5), ("low", 5, 95.0, 6)]


def test_the_atr_zigzag_pauses_where_there_is_no_atr():
    closes = [100, 101, 95, 97, 98, 98]
    atr = [2.0, 2.0, None, 2.0, 1.5, 1.0]
    # 95 is six points below 101 unseen, 97 only four; on the next row 98 is three below, less than 4.5.
    # On the last row 98 is three points below 101, enough, and three above 95, also enough: neither.
    assert _pivots(prices(closes), "zigzag_atr", atr) == []
    # One point higher it is three ATR from the low alone: 99 - 95 = 4, 101 - 99 = 2.
    assert _pivots(prices([*closes[:-1], 99]), "zigzag_atr", atr) == [("low", 2, 95.0, 5)]
