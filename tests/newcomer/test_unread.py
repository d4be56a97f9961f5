"""What is told of symbols without bars, from the outcomes of two evenings."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl

from pipelines.contracts import raw
from pipelines.report.unread import symbols_without_bars
from pipelines.settings import Settings
from pipelines.storage.lake import Lake

MONDAY = dt.datetime(2024, 12, 2, 22, tzinfo=dt.UTC)


def outcome(symbol: str, rows: int, detail: str | None, days: int = 0) -> dict[str, object]:
    return {
        "vendor_symbol": symbol, "asked_from": dt.date(2020, 1, 1), "asked_to": MONDAY.date() + dt.timedelta(days),
        "fetched_at": MONDAY + dt.timedelta(days), "instrument_id": symbol, "outcome": "ok" if rows else "http_error",
        "outcome_detail": detail, "rows_received": rows, "source": "yahoo",
    }  # fmt: skip


def told(folder: Path, *symbols: str, source: str = "yahoo") -> str | None:
    (folder / "symbols.txt").write_text("\n".join(symbols))
    return symbols_without_bars(Lake(folder), Settings(source=source, universe=str(folder / "symbols.txt")))


def test_symbols_that_never_gave_a_bar_are_named_with_the_newest_reason(tmp_path: Path) -> None:
    rows = [
        outcome("GOOD", 9, None),
        outcome("ZZZZ", 0, "no such symbol"),
        outcome("ZZZZ", 0, "HTTP 404", days=1),
        outcome("HALT", 9, None),
        outcome("HALT", 0, "HTTP 503", days=1),
        *[outcome(f"X{letter}", 0, "gone") for letter in "ABCDE"],
    ]
    schema = raw.FetchOutcome.create_empty().schema
    Lake(tmp_path).append(raw.FetchOutcome, pl.DataFrame(rows, schema=schema))
    assert told(tmp_path, "GOOD", "HALT") is None
    assert told(tmp_path, "GOOD", "ZZZZ", source="sample") is None
    assert told(tmp_path, "GOOD", "HALT", "ZZZZ") == (
        "no bars were ever received of ZZZZ (HTTP 404); are they symbols as Yahoo writes them?"
    )
    every = told(tmp_path, "ZZZZ", "XA", "XB", "XC", "XD", "XE")
    assert every is not None
    assert "XA (gone), XB (gone), XC (gone), XD (gone), XE (gone) and 1 more;" in every


def test_nothing_is_told_before_anything_was_asked(tmp_path: Path) -> None:
    assert told(tmp_path, "GOOD") is None
