"""Raw rows to append, part by part, in tests of the lake."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl

from pipelines.contracts import raw
from pipelines.contracts.table import Table
from pipelines.storage.lake import Lake
from tests.frames import days

MORNING = dt.datetime(2024, 12, 2, 9, tzinfo=dt.UTC)
CHRISTMAS = dt.date(2023, 12, 20)
"""First day of a lake filled day by day; its batches run into the next year."""


def frame_of(table: type[Table], rows: list[dict[str, object]]) -> pl.DataFrame:
    """Return rows in the columns and types of a contract."""
    return pl.DataFrame(rows, schema={name: column.dtype for name, column in table.columns().items()})


def bars(instruments: list[str], sessions: list[dt.date], close: float = 10.0) -> pl.DataFrame:
    return frame_of(
        raw.StockBar,
        [
            {
                "instrument_id": instrument,
                "session": session,
                "known_from": dt.datetime.combine(session, dt.time(21), dt.UTC),
                "known_basis": "observed",
                **dict.fromkeys(("open", "high", "low", "close", "adjusted_close"), close + number),
                "volume": 1000.0,
                "vendor_symbol": instrument,
                "source": "files",
                "payload_hash": "0",
                "fetched_at": MORNING,
                "split_factor": None,
            }
            for number, instrument in enumerate(instruments)
            for session in sessions
        ],
    )


def filled(root: Path, batches: int = 12, buckets: int = 2) -> Lake:
    """Return a lake whose raw bars of stocks came day by day."""
    lake = Lake(root, buckets)
    for day in days(batches, CHRISTMAS):
        lake.append(raw.StockBar, bars(["AAA", "BBB", "ABC"], [day]))
    return lake
