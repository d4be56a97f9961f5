"""A small made-up market and a place to ingest it into; every test has its own vendor and clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ingestion.universe_run import Place, evening
from tests.vendor.listing import Plan, Split
from tests.vendor.market import Market
from tests.vendor.server import Vendor

MONDAY = dt.date(2024, 12, 2)
SPLIT_DAY = dt.date(2024, 12, 4)


@pytest.fixture(scope="session")
def market() -> Market:
    """Twelve stocks over a year; one is gone since July, one splits two days after the first run, one in reverse."""
    splits = {"ZQAAA": (Split(SPLIT_DAY, 4.0),), "ZQAAC": (Split(SPLIT_DAY, 0.1),)}
    return Market(Plan(symbols=12, years=1, last=dt.date(2024, 12, 31), seed=1, splits=splits))


@pytest.fixture
def place(market: Market, tmp_path: Path) -> Iterator[Place]:
    """The evening of Monday 2 December 2024; nothing is stored."""
    with Vendor(market, now=evening(MONDAY)) as server:
        yield Place(tmp_path, server)
