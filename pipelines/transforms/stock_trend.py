"""Averages and trend states of stocks: the definitions of indices, over split-adjusted closes, a bucket at a time.

Belongs here: ``core.stock_moving_average`` and ``core.stock_trend_state``, whole or going on from what is stored, and
how far back a day looks. Not here: any definition (``moving_average``, ``trend``), or what is stored where.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.contracts import core
from pipelines.parameters import Parameters
from pipelines.transforms.moving_average import ATR_SPAN, SMA_SPANS, average_columns
from pipelines.transforms.price_rows import PriceRows, array_of
from pipelines.transforms.trend import AVERAGES, state_columns

_KEY = ("instrument_id", "session")
KEPT_COLUMNS = (
    *_KEY,
    "bar_number",
    "ema_50",
    "ema_200",
    "atr_14",
    *(f"{horizon}_{part}" for horizon in ("medium", "major") for part in ("phase", "since", "age_sessions")),
    "swing_high",
    "swing_high_session",
)
"""What is carried from a build to the next: columns of the stored averages and states of the rows in front."""


def rows_looked_back(parameters: Parameters) -> int:
    """Return how many stored rows of a stock have to stand in front of its new ones.

    So many that every window and every run that a new row looks through lies within them, and so many that every
    average has been seeded in front of them.
    """
    slope = parameters.slope_sessions + parameters.phase_confirmation_sessions
    window = max(slope, parameters.support_window_sessions)
    return max(max(SMA_SPANS) + window, parameters.multi_week_sessions, ATR_SPAN) + 1


def stock_prices(bars: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    """Return split-adjusted prices of stocks with the sessions that are missing before each.

    A close-only bar has no range. ``missing_before`` counts the sessions without a bar since the row before, 0 at the
    first row of a stock.

    Args:
        bars: ``core.StockBar``, in any order.
        sessions: ``core.Session``, spanning the bars.

    Returns:
        ``instrument_id``, ``session``, ``close``, ``high``, ``low``, ``missing_before``, sorted by the first two.

    Raises:
        ValueError: a bar stands on a day that is no session.
    """
    has_range = ~pl.col("is_close_only")
    rows = bars.select(*_KEY, "close", high=pl.when(has_range).then("high"), low=pl.when(has_range).then("low"))
    rows = _in_order(rows)
    number = _session_numbers(rows, sessions)
    missing = np.diff(number, prepend=number[:1]) - 1
    missing[(rows["instrument_id"] != rows["instrument_id"].shift(1)).fill_null(value=True).to_numpy()] = 0
    return rows.with_columns(missing_before=pl.Series(missing, dtype=pl.Int64))


def _in_order(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows by stock and session, at a third of the cost where each stock's own are in order already."""
    by_stock = rows.sort("instrument_id", maintain_order=True)
    is_other = pl.col("instrument_id") != pl.col("instrument_id").shift(1)
    ascends = by_stock.select((is_other | (pl.col("session") > pl.col("session").shift(1))).slice(1).all()).item()
    return by_stock if ascends else rows.sort(_KEY)


def _session_numbers(rows: pl.DataFrame, sessions: pl.DataFrame) -> npt.NDArray[np.int64]:
    """Return the number of each row's session: days are looked up in an array, as a join would cost many times that."""
    known = sessions["session"].to_physical().to_numpy()
    first = int(known.min(initial=0)) if len(known) else 0
    by_day = np.full(int(known.max(initial=first)) - first + 1, -1)
    by_day[known - first] = sessions["session_number"].to_numpy()
    day = rows["session"].to_physical().to_numpy() - first
    number = by_day[np.clip(day, 0, len(by_day) - 1)]
    is_stray = (number < 0) | (day < 0) | (day >= len(by_day))
    for at in np.flatnonzero(is_stray)[:1].tolist():
        raise ValueError(
            f"core.stock_bar {rows['instrument_id'][at]} {rows['session'][at]}: "
            "expected a session of core.session, was none"
        )
    return number


def stock_trends(
    prices: pl.DataFrame, parameters: Parameters, kept: pl.DataFrame | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return averages and trend states of stocks: of all rows, or of those that are new.

    Args:
        prices: See ``stock_prices``, sorted. A stock either has all its rows here, or its new rows and in front of
            them at least ``rows_looked_back`` that are stored.
        parameters: See ``moving_averages`` and ``trend_states``.
        kept: What is stored of the rows in front (``KEPT_COLUMNS``); None or empty where there are none.

    Returns:
        ``core.StockMovingAverage`` and ``core.StockTrendState`` of the rows of ``prices`` that are not in ``kept``,
        sorted by instrument_id and session, with the very values that the whole history gives.

    Raises:
        ValueError: the rows in front of a stock are too few.
    """
    if kept is not None:
        kept = kept.sort(_KEY)
    rows = PriceRows.of(prices, "instrument_id", kept)
    _require_enough(rows, prices, parameters)
    averages = prices.select(*_KEY, "close", bar_number=pl.Series(rows.number, dtype=pl.Int64)).with_columns(
        average_columns(rows, parameters)
    )
    states = prices.select(_KEY).with_columns(
        state_columns(rows, {name: array_of(averages[name]) for name in AVERAGES}, parameters)
    )
    frames = averages.select(core.StockMovingAverage.column_names()), states.select(core.StockTrendState.column_names())
    if rows.is_new.all():
        return frames
    is_new = pl.Series(rows.is_new)
    return frames[0].filter(is_new), frames[1].filter(is_new)


def _require_enough(rows: PriceRows, prices: pl.DataFrame, parameters: Parameters) -> None:
    """Raise where a stock goes on from fewer rows than its windows look through."""
    needed = rows_looked_back(parameters)
    goes_on = rows.last_kept >= 0
    in_front = rows.last_kept - rows.layout.starts + 1
    for series in (goes_on & (in_front < needed) & (rows.number[rows.layout.starts] > 1)).nonzero()[0][:1]:
        name = prices["instrument_id"][int(rows.layout.starts[series])]
        raise ValueError(
            f"core.stock_moving_average {name}: expected {needed} stored rows in front of new ones, "
            f"was {in_front[series]}"
        )
