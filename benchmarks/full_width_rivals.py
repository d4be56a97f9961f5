"""The columns of the trend tables by other means, to be measured against: TA-Lib with NumPy, and pandas.

Both are written as one would who knows the library: a stock at a time, vectorised within it. What they find agrees with
ours on rows without gaps (``tests/test_full_width_rivals.py``).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import talib

SPANS = (20, 50, 200)
K = 20
BANDS = {"medium": (50, 2.0), "major": (200, 1.0)}
STATEMENTS = np.array(
    [
        None,
        "major and medium-term uptrend intact",
        "corrective decline within major uptrend",
        "counter-trend rally within major downtrend",
        "major and medium-term downtrend",
    ],
    dtype=object,
)
LABELS = np.array([None, "rising", "falling", "flat"], dtype=object)
PHASES = np.array([None, "up", "down"], dtype=object)
REASONS = np.array([None, "warm_up", "missing_sessions"], dtype=object)
PHASE_REASONS = np.array([None, "warm_up", "missing_sessions", "undetermined"], dtype=object)
RANGE_REASONS = np.array([None, "warm_up", "no_intraday_range"], dtype=object)
Columns = dict[str, np.ndarray]


def shifted(values: np.ndarray, rows: int) -> np.ndarray:
    """Return the values of so many rows before, NaN where there is none."""
    found = np.full(len(values), np.nan)
    found[rows:] = values[:-rows] if rows else values
    return found


def last_true(flags: np.ndarray) -> np.ndarray:
    """Return the row of the last true flag so far, -1 for none."""
    return np.maximum.accumulate(np.where(flags, np.arange(len(flags)), -1))


def window_sum(flags: np.ndarray, span: int) -> np.ndarray:
    """Return how many of the last rows are true."""
    total = np.cumsum(flags)
    total[span:] -= total[:-span].copy()
    return total


def by_talib(days: np.ndarray, close: np.ndarray, high: np.ndarray, low: np.ndarray, missing: np.ndarray) -> Columns:
    """Return all columns of one stock."""
    columns: Columns = {}
    for span in SPANS:
        columns[f"sma_{span}"] = talib.SMA(close, span)
    for span in SPANS[1:]:
        columns[f"ema_{span}"] = talib.EMA(close, span)
    columns["atr_14"] = talib.ATR(high, low, close, 14)
    return columns | the_rest(days, close, high, low, missing, columns)


def by_pandas(days: np.ndarray, close: np.ndarray, high: np.ndarray, low: np.ndarray, missing: np.ndarray) -> Columns:
    """Return all columns of one stock; the means by pandas, the rest as above."""
    series, columns = pd.Series(close), {}
    for span in SPANS:
        columns[f"sma_{span}"] = series.rolling(span).mean().to_numpy(copy=True)
    for span in SPANS[1:]:
        seeded = series.copy()
        seeded[: span - 1] = np.nan
        if len(series) >= span:
            seeded[span - 1] = columns[f"sma_{span}"][span - 1]
        columns[f"ema_{span}"] = seeded.ewm(span=span, adjust=False).mean().to_numpy(copy=True)
    before = series.shift()
    ranges = pd.concat([pd.Series(high), before], axis=1).max(axis=1) - pd.concat([pd.Series(low), before], axis=1).min(
        axis=1
    )
    ranges[:14] = np.nan if len(ranges) < 15 else ranges[:14]
    seeded = ranges.copy()
    seeded[:14] = np.nan
    if len(ranges) > 14:
        seeded[14] = ranges[1:15].mean()
    columns["atr_14"] = seeded.ewm(alpha=1 / 14, adjust=False).mean().to_numpy(copy=True)
    return columns | the_rest(days, close, high, low, missing, columns)


def the_rest(
    days: np.ndarray, close: np.ndarray, high: np.ndarray, low: np.ndarray, missing: np.ndarray, averages: Columns
) -> Columns:
    """Return what NumPy makes of the averages: distances, reasons, labels, phases, support, statement, swing high."""
    size, found = len(close), {}
    row, atr = np.arange(size), averages["atr_14"]
    gaps = np.cumsum(missing)
    for span in SPANS:
        average = averages[f"sma_{span}"]
        inside = gaps - np.concatenate([np.zeros(min(span - 1, size), int), gaps[: max(size - span + 1, 0)]])
        found[f"missing_in_window_{span}"] = inside
        average[inside > 0.01 * span] = np.nan
        found[f"reason_{span}"] = REASONS[np.where(row < span - 1, 1, np.where(np.isnan(average), 2, 0))]
    for name in ("sma_20", "sma_50", "sma_200", "ema_50", "ema_200"):
        found[f"distance_{name}_pct"] = (close / averages[name] - 1) * 100
        found[f"distance_{name}_atr"] = (close - averages[name]) / atr
    for span in SPANS[1:]:
        found[f"ema_{span}_is_stable"] = (1 - 2 / (span + 1)) ** np.maximum(row - span + 1.0, 0) < 1e-4
        average = averages[f"sma_{span}"]
        found[f"slope_{span}_bp_per_day"] = (average / shifted(average, K) - 1) * 1e4 / K
    found["atr_reason"] = RANGE_REASONS[np.where(np.isnan(high), 2, np.where(np.isnan(atr), 1, 0))]
    phase = {}
    for name, (span, band) in BANDS.items():
        slope, average = found[f"slope_{span}_bp_per_day"], averages[f"sma_{span}"]
        label = np.where(slope >= band, 1, np.where(slope <= -band, 2, np.where(np.isnan(slope), 0, 3)))
        decided = last_true((label == 1) | (label == 2))
        phase[name] = np.where(decided >= 0, label[decided], 0)
        turned = last_true(phase[name] != np.concatenate([[0], phase[name][:-1]]))
        found[f"{name}_label"], found[f"{name}_phase"] = LABELS[label], PHASES[phase[name]]
        since = days[turned]
        since[turned < 0] = np.datetime64("NaT")
        found[f"{name}_since"], found[f"{name}_age_sessions"] = since, np.where(turned >= 0, row - turned + 1, 0)
        touched = window_sum(np.abs(low - average) <= 0.5 * atr, 60) > 0
        held = window_sum(close < average, 60) <= 2
        found[f"{name}_is_supported"] = (phase[name] == 1) & (close > average) & touched & held
        gap = np.where(row < span - 1 + K, 1, 2)
        found[f"{name}_reason"] = PHASE_REASONS[np.where(np.isnan(slope), gap, np.where(phase[name] == 0, 3, 0))]
    medium, major = phase["medium"], phase["major"]
    both = np.where((medium == 0) | (major == 0), 0, 2 * major + medium - 2)
    found["statement"] = STATEMENTS[both]
    starts = (medium != np.concatenate([[0], medium[:-1]])) & (
        (medium == 1) | (np.concatenate([[0], medium[:-1]]) == 0)
    )
    swing = np.empty(size)
    for begin, end in zip(edges := np.flatnonzero(starts | (row == 0)), [*edges[1:], size], strict=True):
        swing[begin:end] = np.maximum.accumulate(high[begin:end])
    top = last_true(high == swing)
    found["swing_high"], found["swing_high_session"] = np.where(medium > 0, swing, np.nan), days[top]
    depth = np.where(np.isnan(atr), 0.05 * swing, 2 * atr)
    found["is_multi_week_decline"] = (both == 2) & (row - top >= 10) & (swing - close >= depth)
    return found
