"""Small frames that tests hand to transforms. Nothing here computes what a test asserts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl

from pipelines.contracts.core import SeriesPrice

FIRST_DAY = dt.date(2020, 1, 1)


def days(count: int, first: dt.date = FIRST_DAY) -> list[dt.date]:
    """Return consecutive calendar days: enough for a transform that only asks for an order."""
    return [first + dt.timedelta(days=offset) for offset in range(count)]


def prices(
    closes: Sequence[float],
    *,
    highs: Sequence[float | None] | None = None,
    lows: Sequence[float | None] | None = None,
    missing_before: Sequence[int] | None = None,
    series_id: str = "A",
    sessions: Sequence[dt.date] | None = None,
) -> pl.DataFrame:
    """Return a ``core.SeriesPrice`` frame of one series; highs and lows default to the closes."""
    size = len(closes)
    kind = "pair" if "/" in series_id else "instrument"
    frame = pl.DataFrame(
        {
            "series_id": [series_id] * size,
            "session": list(sessions or days(size)),
            "series_kind": [kind] * size,
            "close": [float(close) for close in closes],
            "high": list(highs or closes) if kind == "instrument" else [None] * size,
            "low": list(lows or closes) if kind == "instrument" else [None] * size,
            "missing_before": list(missing_before or [0] * size),
        },
        schema={name: column.dtype for name, column in SeriesPrice.columns().items()},
        strict=False,
    )
    return SeriesPrice.validate(frame)
