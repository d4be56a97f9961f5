"""Level books that tests write and read; nothing here computes what a test asserts."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import polars as pl
import pytest

from pipelines.seeds.level_book import LevelBookError
from pipelines.seeds.level_book_rules import read_level_books

COLUMNS = (
    *("level_id", "set_id", "author", "published_at", "source_ref", "instrument_id", "quote_instrument", "role"),
    *("low", "high", "horizon", "bias", "order_in_chain", "method", "valid_from", "valid_to", "supersedes"),
)
IDS = ("RUT", "NDX")
OWN, HOUSE = Path("own.csv"), Path("seeds/house.csv")
ROW = {
    "level_id": "a",
    "set_id": "set",
    "author": "me",
    "published_at": "2024-12-02T08:30:00-05:00",
    "source_ref": "page 3",
    "instrument_id": "RUT",
    "role": "key_support",
    "low": "2288",
    "horizon": "medium",
    "bias": "bullish",
}
NEXT = {"level_id": "b", "role": "next_support", "low": "2170", "order_in_chain": "1"}
"""Another place in the set."""
LATER = {"level_id": "b", "published_at": "2024-12-03T08:30:00-05:00", "supersedes": "a"}
"""A revision of the first row."""


def book_text(*rows: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> str:
    """Return a book of these rows, each with the fields of ``ROW`` where it names none."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({**ROW, **row} for row in rows)
    return out.getvalue()


def read(content: str | bytes, house: str | None = None) -> pl.DataFrame:
    """Read ``content`` as the own book beside a house's book, which is empty unless given."""
    OWN.write_bytes(content if isinstance(content, bytes) else content.encode())
    HOUSE.write_text(house or book_text())
    return read_level_books(IDS, OWN, HOUSE)


def findings(content: str | bytes, house: str | None = None) -> list[str]:
    """Return why ``content`` is refused."""
    with pytest.raises(LevelBookError) as refusal:
        read(content, house)
    return refusal.value.findings
