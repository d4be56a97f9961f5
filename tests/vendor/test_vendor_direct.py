"""Histories put into a lake without a connection are those that come over it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
from polars.testing import assert_frame_equal

from pipelines.contracts import raw
from pipelines.contracts.table import Table
from pipelines.ingestion.run import Vendor as Asked
from pipelines.ingestion.run import ingest_universe
from pipelines.ingestion.spool import Spool
from pipelines.parameters import Parameters
from pipelines.storage.lake import Lake
from tests.ingestion.universe_run import TABLES, Place
from tests.vendor.direct import direct_ask
from tests.vendor.listing import Plan
from tests.vendor.market import Market
from tests.vendor.server import Vendor

NOW = dt.datetime(2024, 12, 2, 23, tzinfo=dt.UTC)


def test_without_a_connection_the_same_is_stored(tmp_path: Path) -> None:
    market = Market(Plan(symbols=14, years=1, last=dt.date(2024, 12, 31), seed=1))
    with Vendor(market, now=NOW) as server:
        place = Place(tmp_path / "asked", server)
        place.run()
    lake, vendor = Lake(tmp_path / "direct"), Asked("yahoo", direct_ask(market, NOW), lambda: NOW)
    ingest_universe(market.symbols, vendor, lake, Spool(tmp_path / "spool"), Parameters())

    def rows(of: Lake, table: type[Table]) -> pl.DataFrame:
        found = of.read(table).sort(table.primary_key())
        return found.drop(["payload_hash", "outcome_detail"], strict=False)

    for table in TABLES:
        assert_frame_equal(rows(lake, table), rows(place.lake, table), check_exact=True)
    assert rows(lake, raw.StockBar).height > 2500
    assert set(rows(lake, raw.StockAction)["action_type"]) == {"split", "dividend"}
