"""A made-up market for the benchmarks of all stocks: seeded random walks in a lake of their own, drawn once."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl

from pipelines import seeds
from pipelines.contracts import core
from pipelines.storage.bucket_record import Record
from pipelines.storage.bucket_store import BucketStore
from pipelines.storage.lake import Lake, bucket_of

BUCKETS = 16
FIRST = dt.date(1995, 1, 2)
KNOWN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def symbols(count: int) -> list[str]:
    """Return the names of the stocks, in order."""
    return [f"S{number:05d}" for number in range(count)]


def calendar(count: int) -> pl.DataFrame:
    """Return so many weekdays as sessions with their numbers."""
    days = pl.date_range(FIRST, FIRST + dt.timedelta(days=count * 2), eager=True)
    weekdays = days.filter(days.dt.weekday() <= 5).head(count)
    return pl.DataFrame({"session": weekdays, "session_number": np.arange(1, count + 1)})


def bars_of(names: list[str], sessions: pl.Series, seed: int) -> pl.DataFrame:
    """Return ``core.StockBar`` of random walks with an upward or downward trend of each stock's own."""
    random = np.random.default_rng(seed)
    shape = (len(names), len(sessions))
    drift = random.normal(0.0002, 0.0004, (len(names), 1))
    close = 50.0 * np.exp(np.cumsum(random.normal(0.0, 0.02, shape) + drift, axis=1)).ravel()
    reach = np.abs(random.normal(0.0, 0.01, (3, close.size)))
    high, low = close * (1 + reach[0]), close * (1 - reach[1])
    made = pl.DataFrame(
        {
            "instrument_id": pl.Series(names).gather(np.repeat(np.arange(len(names)), len(sessions))),
            "session": sessions.gather(np.tile(np.arange(len(sessions)), len(names))),
            "open": low + (high - low) * np.minimum(reach[2] * 20, 1),
            "high": high,
            "low": low,
            "close": close,
            "volume": np.round(random.lognormal(13, 1, close.size)),
            "is_close_only": False,
            "source": "made up",
            "known_from": KNOWN,
            "versions": 1,
            "split_factor": 1.0,
        }
    )
    columns = {name: column.dtype for name, column in core.StockBar.columns().items()}
    return made.select(pl.col(name).cast(dtype) for name, dtype in columns.items())


def draw(root: Path, stocks: int, sessions: int, last: int | None = None) -> None:
    """Write the bars of all buckets; of a longer market only the first ``last`` sessions, if given."""
    store = BucketStore(Lake(root), core.StockBar, BUCKETS)
    store.lake.replace(core.Instrument, seeds.instruments(is_synthetic=False))
    days = calendar(sessions)["session"]
    for bucket in range(BUCKETS):
        names = [name for name in symbols(stocks) if bucket_of(name, BUCKETS) == bucket]
        rows = bars_of(names, days, seed=bucket)
        if last:
            rows = rows.filter(pl.col("session") <= days[last - 1])
        store.commit(bucket, store.write(bucket, rows, Record("made up", snapshot="stock_bar=made_up")).built())


def add_session(root: Path, stocks: int, sessions: int) -> None:
    """Write the last session's bars, as a day's build of bars does."""
    store = BucketStore(Lake(root), core.StockBar, BUCKETS)
    days = calendar(sessions)["session"]
    for bucket in range(BUCKETS):
        names = [name for name in symbols(stocks) if bucket_of(name, BUCKETS) == bucket]
        rows = bars_of(names, days.tail(1), seed=bucket)
        changes, record = dict.fromkeys(names, days[-1]), store.record(bucket)
        if record and names:
            store.commit(bucket, store.change(bucket, rows, changes, record).changed(changes))
