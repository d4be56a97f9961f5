"""A made-up market, its vendor on the loopback interface, and runs of an ingestion against it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from pipelines.contracts import raw
from pipelines.contracts.table import Table
from pipelines.ingestion.progress import Progress
from pipelines.ingestion.run import IngestResult, ingest_universe
from pipelines.ingestion.spool import Spool
from pipelines.ingestion.yahoo import yahoo_vendor
from pipelines.parameters import Parameters
from pipelines.settings import Settings
from pipelines.storage.lake import Lake
from tests.vendor.market import Market
from tests.vendor.server import Vendor

TABLES = (raw.StockBar, raw.StockAction, raw.RejectedRow, raw.FetchOutcome)


def evening(session: dt.date, hour: int = 23) -> dt.datetime:
    """Return an hour in UTC at which the session has settled."""
    return dt.datetime.combine(session, dt.time(hour), dt.UTC)


@dataclass
class Place:
    """A folder that bars are ingested into from one vendor, whose clock is the one of the run."""

    folder: Path
    server: Vendor
    parameters: Parameters = field(default_factory=Parameters)
    pauses: list[float] = field(default_factory=list)
    on_pause: Callable[[], None] = lambda: None

    @property
    def lake(self) -> Lake:
        return Lake(self.folder / "lake")

    @property
    def spool(self) -> Spool:
        return Spool(self.folder / "spool")

    def run(
        self,
        symbols: Sequence[str] | None = None,
        tell: Callable[[Progress], None] = lambda progress: None,
        **choices: bool,
    ) -> IngestResult:
        """Ingest the symbols, by default all of the market."""
        with self.vendor() as vendor:
            wanted = self.server.market.symbols if symbols is None else symbols
            return ingest_universe(wanted, vendor, self.lake, self.spool, self.parameters, tell=tell, **choices)

    @contextmanager
    def vendor(self) -> Iterator:
        settings = Settings(
            source="yahoo", yahoo_url=self.server.url, now=self.server.now, yahoo_per_minute=1e6, yahoo_burst=1000
        )
        with yahoo_vendor(settings) as vendor:
            yield type(vendor)(vendor.name, vendor.ask, lambda: self.server.now, self._pause)

    def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.on_pause()

    def rows(self, table: type[Table]) -> pl.DataFrame:
        """Return what is stored of a table, in the order of its key; the port of the vendor is left out of details."""
        found = self.lake.read(table).sort(table.primary_key())
        if table is raw.FetchOutcome:
            return found.with_columns(pl.col("outcome_detail").str.replace(r"127\.0\.0\.1:\d+", "127.0.0.1"))
        return found

    def asked(self) -> dict[str, int]:
        """Return how often each symbol's chart was asked for since the log was cleared."""
        return self.server.log.per_symbol()


def newest(bars: pl.DataFrame) -> pl.DataFrame:
    """Return the newest version of each bar."""
    return bars.sort("known_from").group_by("instrument_id", "session", maintain_order=True).last()


def assert_bars_are_true(place: Place, symbols: Sequence[str], until: dt.date, market: Market | None = None) -> None:
    """Assert that the newest versions are the bars as traded, to half a cent and half a share of the vendor."""
    truth = (market or place.server.market).true_bars(symbols, until)
    found = newest(place.rows(raw.StockBar)).filter(pl.col("vendor_symbol").is_in(list(symbols)))
    both = truth.join(found, on=["instrument_id", "session"], how="full", suffix="_found", coalesce=True)
    assert both.filter(pl.col("close").is_null() | pl.col("close_found").is_null()).is_empty()
    for name in ("open", "high", "low", "close"):
        assert (both[name] - both[f"{name}_found"]).abs().max() < 0.005
    coarser = pl.max_horizontal(pl.lit(1.0), "split_factor")
    assert both.filter((pl.col("volume") - pl.col("volume_found")).abs() > coarser / 2 + 1e-6).is_empty()
