"""A day of the main job against the vendor on the loopback interface: what it asks, stores and reads, by history."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pipelines.contracts import core, raw
from pipelines.contracts.table import qualified_name
from pipelines.defs.workspace import Workspace
from pipelines.settings import Settings
from tests.defs.test_main_job import run
from tests.vendor.listing import Plan
from tests.vendor.market import Market
from tests.vendor.server import Vendor

pytestmark = pytest.mark.slow
LAST = dt.date(2024, 12, 31)
THURSDAY, FRIDAY = dt.date(2024, 12, 19), dt.date(2024, 12, 20)
"""No stock of the made-up market pays a dividend or splits in December."""
OF_STOCKS = (
    core.StockBar,
    core.StockMovingAverage,
    core.StockTrendState,
    core.StockAction,
    core.AdjustmentFactor,
    core.StockBarWarning,
    core.Breadth,
    core.BarRevision,
)
ADDED_TO = (raw.StockBar, raw.StockAction, raw.RejectedRow, raw.FetchOutcome)


class Day(NamedTuple):
    """What a run of one evening did: requests by kind and symbol, new rows by raw table, facts by asset."""

    requests: dict[str, dict[str, int]]
    new_rows: dict[str, int]
    facts: dict[str, dict[str, Any]]

    def read(self) -> dict[str, int]:
        """Return how many rows each table of stocks was derived from."""
        return {qualified_name(table): self.facts[qualified_name(table)]["rows_read"] for table in OF_STOCKS}


def evening(session: dt.date) -> dt.datetime:
    return dt.datetime.combine(session, dt.time(23), dt.UTC)


def listed_throughout(years: int) -> set[str]:
    """Return the stocks that are listed from the first session of a market to the last."""
    market = Market(Plan(symbols=40, years=years, last=LAST))
    size = len(market.sessions)
    return {line.symbol for line in market.listings.values() if (line.begin, line.end) == (0, size) and line.sector}


def days_of(folder: Path, years: int, symbols: list[str]) -> list[Day]:
    """Return what the main job does on the first evening of a warehouse and on the next one."""
    universe = folder / "symbols.txt"
    universe.write_text("\n".join(symbols))
    found = []
    with Vendor(Market(Plan(symbols=40, years=years, last=LAST))) as vendor:
        for session in (THURSDAY, FRIDAY):
            vendor.now = evening(session)
            vendor.log.clear()
            settings = {
                "source": "yahoo", "yahoo_url": vendor.url, "web_url": vendor.url, "universe": str(universe),
                "yahoo_per_minute": 1e6, "yahoo_burst": 1000, "warehouse_dir": folder / "out", "now": vendor.now,
                "stock_buckets": 2,
            }  # fmt: skip
            place = Workspace(Settings(**settings))
            before = {table: place.lake.read(table).height for table in ADDED_TO}
            result = run(place)
            assert result.success
            facts = {
                ".".join(event.asset_key.path): {
                    name: value.value for name, value in event.materialization.metadata.items()
                }
                for event in result.get_asset_materialization_events()
            }
            new_rows = {qualified_name(table): place.lake.read(table).height - before[table] for table in ADDED_TO}
            kinds = {one.kind for one in vendor.log.requests()}
            found.append(Day({kind: vendor.log.per_symbol(kind) for kind in kinds}, new_rows, facts))
    return found


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> dict[int, list[Day]]:
    symbols = sorted(listed_throughout(2) & listed_throughout(4))
    assert len(symbols) > 30
    return {years: days_of(tmp_path_factory.mktemp(f"{years}"), years, symbols) for years in (2, 4)}


def test_requests_and_raw_rows_of_a_day_do_not_grow_with_history(days: dict[int, list[Day]]) -> None:
    two, four = (days[years][1] for years in (2, 4))
    assert two.requests == four.requests
    assert set(two.requests["chart"].values()) == {1}
    assert two.new_rows == four.new_rows
    assert two.new_rows["raw.stock_bar"] == two.new_rows["raw.fetch_outcome"] > 30


def test_the_rows_that_a_day_of_stocks_is_derived_from_do_not_grow_with_history(days: dict[int, list[Day]]) -> None:
    two, four = (days[years] for years in (2, 4))
    assert two[1].read() == four[1].read()
    # The first evening reads all there is, and the longer history is about twice the other.
    first = {name: (rows, four[0].read()[name]) for name, rows in two[0].read().items()}
    for table in (core.StockBar, core.StockTrendState, core.StockBarWarning, core.Breadth):
        fewer, more = first[qualified_name(table)]
        assert 1.8 * fewer < more < 2.2 * fewer
        assert 0 < four[1].read()[qualified_name(table)] < more
