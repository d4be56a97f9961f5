"""Averages of the close, their slopes, the average true range and how far the close stands from them.

Belongs here: every column of ``core.moving_average`` (docs/methods.md, B1), for indices, pairs and stocks alike.
Not here: what an average says of the trend (``trend``, ``trend_spell``) and where two averages meet (``cross``).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.contracts.core import MovingAverage
from pipelines.contracts.vocabulary import WINDOW_REASONS
from pipelines.parameters import Parameters
from pipelines.transforms.price_rows import Columns, PriceRows, code, numbers, worded
from pipelines.transforms.scan.flat import (
    Floats,
    Recursion,
    earlier,
    last_row_with,
    recursive_averages,
    window_means,
)

SMA_SPANS = (20, 50, 200)
EMA_SPANS = (50, 200)
SLOPE_SPANS = (50, 200)
ATR_SPAN = 14
AVERAGES = (*(f"sma_{span}" for span in SMA_SPANS), *(f"ema_{span}" for span in EMA_SPANS))
_RANGE_REASONS = ("no_intraday_range", "warm_up")


def moving_averages(prices: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Return averages, slopes, ATR and distances: one row per series and session.

    Args:
        prices: ``core.SeriesPrice`` of any number of series, in any order.
        parameters: gives the share of a window that may be missing, the slope's span and the seed's weight.

    Returns:
        ``core.MovingAverage``, one row per row of ``prices``, sorted by ``series_id`` and ``session``. Averages and
        ATR are in points of the series, slopes in basis points per session, distances in per cent and in ATR. What
        has not warmed up is null with a reason. Formulas: docs/methods.md, B1; ATR after Wilder (1978).
    """
    frame = prices.sort("series_id", "session")
    return frame.with_columns(average_columns(PriceRows.of(frame, "series_id"), parameters)).select(
        MovingAverage.column_names()
    )


def average_columns(rows: PriceRows, parameters: Parameters) -> list[pl.Series]:
    """Return every column of ``core.MovingAverage`` beside key and close, one value for each of ``rows``.

    Where rows go on from rows that are stored (``PriceRows.kept``), only those of new rows are meant to be used; they
    have the very digits that they would have from the first bar on.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        found = _averages(rows, parameters)
        columns = dict(found)
        for span in SLOPE_SPANS:
            columns[f"slope_{span}_bp_per_day"] = _slope(found[f"sma_{span}"], rows, parameters.slope_sessions)
        atr = found[f"atr_{ATR_SPAN}"]
        for name in AVERAGES:
            columns[f"distance_{name}_pct"] = (rows.close / found[name] - 1) * 100
            # Infinite or not a number where nothing has moved for so long that the range is zero.
            columns[f"distance_{name}_atr"] = np.where(atr > 0, (rows.close - found[name]) / atr, np.nan)
    return [
        *numbers(columns),
        *(_missing_column(rows, span) for span in SMA_SPANS),
        *(_stable(rows, span, parameters.ema_stable_weight) for span in EMA_SPANS),
        *(_reason(found[f"sma_{span}"], rows, span) for span in SMA_SPANS),
        _range_reason(atr, rows),
    ]


def _averages(rows: PriceRows, parameters: Parameters) -> Columns:
    """Return the averages and the average true range by name; NaN where one is null."""
    means = window_means(rows.close, SMA_SPANS, rows.layout)
    ranges = _true_ranges(rows)
    runs = rows.layout.row - _rows_to(last_row_with(np.isnan(ranges), rows.layout), rows)
    mean_range = window_means(ranges, (ATR_SPAN,), rows.layout)[ATR_SPAN]
    seeded = {f"ema_{span}": (rows.close, rows.number == span, means[span], 2 / (span + 1)) for span in EMA_SPANS}
    seeded[f"atr_{ATR_SPAN}"] = (ranges, runs == ATR_SPAN, mean_range, 1 / ATR_SPAN)
    new = rows.is_new
    recursions = [
        Recursion(np.where(seeds, seed, values)[new], seeds[new], weight, rows.before(name))
        for name, (values, seeds, seed, weight) in seeded.items()
    ]
    averages = {
        name: rows.with_kept(name, values)
        for name, values in zip(seeded, recursive_averages(recursions, rows.new_layout), strict=True)
    }
    for span in SMA_SPANS:
        means[span][_missing_in_window(rows, span) > parameters.max_missing_share * span] = np.nan
    return {f"sma_{span}": means[span] for span in SMA_SPANS} | averages


def _true_ranges(rows: PriceRows) -> Floats:
    """Range of the session, the close before it included; NaN on a first row and without high or low."""
    before = earlier(rows.close, 1)
    widest = np.maximum(rows.high, before) - np.minimum(rows.low, before)
    widest[rows.layout.starts] = np.nan
    return widest


def _rows_to(places: np.ndarray, rows: PriceRows) -> np.ndarray:
    """Number within the series of the rows at ``places``; the first row of a series always is one."""
    return places - rows.layout.starts.astype(np.int32)[rows.layout.of]


def _missing_in_window(rows: PriceRows, span: int) -> np.ndarray:
    """Sessions missing between the first and the last row of the window; the gap before its first row is outside."""
    return rows.missing_so_far - earlier(rows.missing_so_far, span - 1)


def _missing_column(rows: PriceRows, span: int) -> pl.Series:
    is_whole = pl.Series(rows.layout.row >= span - 1)
    missing = pl.Series(f"missing_in_window_{span}", _missing_in_window(rows, span), pl.Int64)
    return missing.set(~is_whole, None)


def _slope(average: Floats, rows: PriceRows, sessions: int) -> Floats:
    slope = (average / earlier(average, sessions) - 1) * 1e4 / sessions
    slope[rows.layout.row < sessions] = np.nan
    return slope


def _stable(rows: PriceRows, span: int, weight: float) -> pl.Series:
    """Whether the seed hardly weighs any more; it stands on row ``span``."""
    decay = 1 - 2 / (span + 1)
    longest = int(rows.number.max(initial=0))
    is_stable = np.array([False, *(decay ** (number - span) < weight for number in range(1, longest + 1))])
    return pl.Series(f"ema_{span}_is_stable", is_stable[rows.number])


def _reason(average: Floats, rows: PriceRows, span: int) -> pl.Series:
    return worded(f"reason_{span}", code(rows.layout.row < span - 1, np.isnan(average)), WINDOW_REASONS)


def _range_reason(atr: Floats, rows: PriceRows) -> pl.Series:
    without_range = np.isnan(rows.high) | np.isnan(rows.low)
    return worded("atr_reason", code(without_range, np.isnan(atr)), _RANGE_REASONS)
