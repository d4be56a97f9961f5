"""Small calendars, bars and seeds that tests hand to transforms; nothing here computes what a test asserts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import polars as pl

from pipelines.contracts import core
from tests.frames import FIRST_DAY

CHECKED = dt.date(2024, 12, 2)
KNOWN = dt.datetime(2024, 12, 2, 22, tzinfo=dt.UTC)


def weekdays(first: dt.date, last: dt.date) -> list[dt.date]:
    """Return Monday to Friday from first to last, both included: a calendar without holidays."""
    every = pl.date_range(first, last, eager=True)
    return every.filter(every.dt.weekday() <= 5).to_list()


def calendar(dates: Iterable[dt.date]) -> pl.DataFrame:
    """Return a ``core.Session`` frame with these sessions; opening hours are 14:30 to 21:00 UTC throughout."""
    session = pl.col("session")
    midnight = session.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    frame = pl.DataFrame({"session": sorted(dates)}, schema={"session": pl.Date}).select(
        "session",
        session_number=pl.int_range(1, pl.len() + 1),
        opens_at=midnight + pl.duration(hours=14, minutes=30),
        closes_at=midnight + pl.duration(hours=21),
        settles_at=midnight + pl.duration(hours=21, minutes=30),
        is_early_close=pl.lit(value=False),
        week=session.dt.to_string("%G-W%V"),
        month=session.dt.to_string("%Y-%m"),
        quarter=pl.format("{}-Q{}", session.dt.year(), session.dt.quarter()),
        year=session.dt.year(),
    )
    return core.Session.validate(frame)


def bars(closes: Mapping[str, Mapping[dt.date, float]]) -> pl.DataFrame:
    """Return a ``core.Bar`` frame whose open, high and low equal the close; one mapping of closes per instrument."""
    rows = [(instrument, session, float(close)) for instrument, of in closes.items() for session, close in of.items()]
    frame = pl.DataFrame(
        rows, schema={"instrument_id": pl.String, "session": pl.Date, "close": pl.Float64}, orient="row"
    )
    return bar_frame(frame.with_columns(open="close", high="close", low="close", volume=None))


def random_bars(
    seed: int, dates: Sequence[dt.date], instruments: Sequence[str], missing_share: float = 0.0
) -> pl.DataFrame:
    """Return a ``core.Bar`` frame of random walks; ``missing_share`` of the bars are left out."""
    random = np.random.default_rng(seed)
    closes = {}
    for instrument_id in instruments:
        path = 100.0 * np.exp(np.cumsum(random.normal(0.0, 0.02, len(dates))))
        kept = random.random(len(dates)) >= missing_share
        closes[instrument_id] = {day: close for day, close, keep in zip(dates, path, kept, strict=True) if keep}
    return bars(closes)


def bar_frame(prices: pl.DataFrame) -> pl.DataFrame:
    """Return prices (instrument_id, session, open, high, low, close, volume) as a ``core.Bar`` frame."""
    frame = prices.with_columns(
        pl.col("volume").cast(pl.Float64),
        is_close_only=pl.all_horizontal(pl.col("close") == pl.col("open", "high", "low")),
        source=pl.lit("test"),
        known_from=pl.lit(KNOWN).cast(pl.Datetime("us", "UTC")),
        versions=pl.lit(1, pl.Int64),
    )
    return core.Bar.validate(frame.select(core.Bar.column_names()))


def stock_bar_frame(prices: pl.DataFrame) -> pl.DataFrame:
    """Return prices as a ``core.StockBar`` frame of stocks that never split."""
    return core.StockBar.validate(bar_frame(prices).with_columns(split_factor=pl.lit(1.0)))


def traded(stock_bars: pl.DataFrame) -> pl.DataFrame:
    """Return the first and the last session of each stock."""
    session = pl.col("session")
    return stock_bars.group_by("instrument_id").agg(first_session=session.min(), last_session=session.max())


def pairs(*pair_ids: str, base_date: dt.date = dt.date(2019, 12, 31)) -> pl.DataFrame:
    """Return a ``core.RatioPair`` frame of ids such as A/B."""
    rows = [(pair, *pair.split("/"), base_date, "test", CHECKED) for pair in pair_ids]
    return core.RatioPair.validate(pl.DataFrame(rows, schema=core.RatioPair.create_empty().schema, orient="row"))


def universe(instruments: Sequence[str], benchmark: str, universe_id: str = "U") -> pl.DataFrame:
    """Return a ``core.UniverseMember`` frame of one universe."""
    rows = [(universe_id, instrument, instrument == benchmark, "test", CHECKED) for instrument in instruments]
    return core.UniverseMember.validate(
        pl.DataFrame(rows, schema=core.UniverseMember.create_empty().schema, orient="row")
    )


def instrument(
    instrument_id: str = "A",
    *,
    tick_size: float = 0.01,
    intraday_from: dt.date | None = None,
    record_seed: tuple[float, dt.date] | None = None,
) -> pl.DataFrame:
    """Return a ``core.Instrument`` frame of one instrument; a seeded record precedes ``frames.FIRST_DAY``."""
    facts = {
        "instrument_id": instrument_id,
        "name": f"Index {instrument_id}",
        "asset_class": "index",
        "currency": "USD",
        "vendor_symbol": f"^{instrument_id}",
        "aliases": instrument_id,
        "tick_size": tick_size,
        "intraday_from": intraday_from,
        "record_seed_close": record_seed[0] if record_seed else None,
        "record_seed_session": record_seed[1] if record_seed else None,
        "record_seed_first_session": FIRST_DAY if record_seed else None,
        "source": "test",
        "as_of": CHECKED,
        "is_synthetic": False,
    }
    return core.Instrument.validate(pl.DataFrame([facts], schema=core.Instrument.create_empty().schema))
