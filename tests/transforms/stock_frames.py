"""Random prices of stocks with gaps, bars without a range, late listings and delistings, and a calendar for them."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from pipelines.contracts import core
from pipelines.transforms.stock_trend import stock_prices
from tests.frames import days

FIRST = dt.date(2019, 6, 3)


def calendar(count: int) -> pl.DataFrame:
    """Return numbered sessions; nothing but their order matters here."""
    return pl.DataFrame({"session": days(count, FIRST), "session_number": range(1, count + 1)})


def bars(seed: int, stocks: int, sessions: int) -> pl.DataFrame:
    """Return ``core.StockBar`` of random walks; some begin late, some end early, all lack some sessions."""
    random = np.random.default_rng(seed)
    dates = days(sessions, FIRST)
    rows = []
    for number in range(stocks):
        begin = int(random.integers(0, sessions)) if random.random() < 0.4 else 0
        end = int(random.integers(begin, sessions)) + 1 if random.random() < 0.3 else sessions
        closes = float(random.uniform(2, 900)) * np.exp(np.cumsum(random.normal(0, 0.02, end - begin)))
        reach = random.uniform(0.0, 0.02, (2, end - begin))
        lacks = random.random(end - begin) < random.choice([0.0, 0.002, 0.03])
        flat = random.random(end - begin) < random.choice([0.0, 0.004])
        for at in range(end - begin):
            if not lacks[at]:
                close = float(closes[at])
                high = close if flat[at] else close * (1 + reach[0, at])
                low = close if flat[at] else close * (1 - reach[1, at])
                rows.append((f"S{number:03d}", dates[begin + at], high, low, close, bool(flat[at])))
    known = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    frame = pl.DataFrame(
        rows, schema=["instrument_id", "session", "high", "low", "close", "is_close_only"], orient="row"
    ).with_columns(
        open="close",
        volume=pl.lit(1.0),
        split_factor=pl.lit(1.0),
        source=pl.lit("test"),
        known_from=pl.lit(known),
        versions=pl.lit(1),
    )
    columns = {name: column.dtype for name, column in core.StockBar.columns().items()}
    return core.StockBar.validate(frame.select(pl.col(name).cast(dtype) for name, dtype in columns.items()))


def prices(seed: int, stocks: int, sessions: int) -> pl.DataFrame:
    """Return the prices of such bars as trends take them."""
    return stock_prices(bars(seed, stocks, sessions), calendar(sessions))
