"""Books, a calendar and closes that tests of published levels hand to transforms; nothing here computes a result."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import polars as pl

from pipelines.contracts.received import BookLevel
from tests.frames import prices
from tests.market import calendar

NOON = dt.datetime(2024, 11, 25, 17, tzinfo=dt.UTC)
EARLY_CLOSE = dt.datetime(2024, 11, 29, 18, tzinfo=dt.UTC)
LEVEL = {
    "level_id": "a",
    "set_id": "set",
    "book": "own",
    "author": "me",
    "instrument_id": "RUT",
    "quote_instrument": "RUT",
    "role": "key_support",
    "low": 2288.0,
    "high": 2288.0,
    "horizon": "medium",
    "bias": "bullish",
    "order_in_chain": None,
    "method": "unknown",
    "source_ref": "page 3",
    "published_at": NOON,
    "valid_from": None,
    "valid_to": None,
    "supersedes": None,
}


def day(of_month: int, month: int = 11) -> dt.date:
    """Return a day of 2024."""
    return dt.date(2024, month, of_month)


def book(*rows: Mapping[str, object]) -> pl.DataFrame:
    """Return a ``BookLevel`` frame of these rows, each with the fields of ``LEVEL`` where it names none."""
    schema = {name: column.dtype for name, column in BookLevel.columns().items()}
    return BookLevel.validate(pl.DataFrame([{**LEVEL, **row} for row in rows], schema=schema))


def november() -> pl.DataFrame:
    """Return the sessions from 2024-11-25 to 2024-12-03: closed on 28 November, closing at 18:00 UTC on the 29th."""
    sessions = calendar([day(25), day(26), day(27), day(29), day(2, 12), day(3, 12)])
    is_early = pl.col("session") == EARLY_CLOSE.date()
    return sessions.with_columns(
        is_early_close=is_early, closes_at=pl.when(is_early).then(pl.lit(EARLY_CLOSE)).otherwise("closes_at")
    )


def closes(of: Mapping[str, Mapping[dt.date, float]]) -> pl.DataFrame:
    """Return a ``core.SeriesPrice`` frame, one mapping of closes per series."""
    return pl.concat([prices(list(at.values()), series_id=name, sessions=list(at)) for name, at in of.items()])
