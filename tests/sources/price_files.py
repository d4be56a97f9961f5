"""One made-up bar as a line of CSV and as the values it should be read as, and reading a folder of such files."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl

from pipelines.seeds import instruments
from pipelines.sources.files import FilesSource

NOW = dt.datetime(2024, 12, 2, 22, 0, tzinfo=dt.UTC)
FRIDAY = dt.date(2024, 11, 29)
MONDAY = dt.date(2024, 12, 2)
PRICES = ["open", "high", "low", "close", "adjusted_close", "volume"]
HEADER = "Date,Open,High,Low,Close,Adj Close,Volume"
ROW = "2024-11-29,10.5,12.25,9.75,11.5,11.25,3000"
EXPECTED = (FRIDAY, 10.5, 12.25, 9.75, 11.5, 11.25, 3000.0)


def read(folder: Path, start: dt.date | None = None) -> pl.DataFrame:
    """Return what the source makes of a folder."""
    return FilesSource(folder).bars(instruments(is_synthetic=False), {}, start, NOW)


def read_text(folder: Path, text: str, name: str = "RUT.csv") -> pl.DataFrame:
    """Return what the source makes of one file."""
    (folder / name).write_bytes(text.encode())
    return read(folder)


def values(frame: pl.DataFrame) -> list[tuple]:
    """Return session and numbers of each row."""
    return frame.select("session", *PRICES).rows()
