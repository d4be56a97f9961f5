"""Commands of the pages that take half a minute each: other sources, own files, past moments, servers."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pytest

from tests.checkout import Checkout, free_port
from tests.documents.markdown import blocks
from tests.documents.run_table import LIVE, LIVE_AND_MORE, ON_FILES, ON_OWN_FILES, SERVERS, page
from tests.vendor.listing import INDICES, Plan
from tests.vendor.market import Market
from tests.vendor.server import Vendor

pytestmark = pytest.mark.slow
NAMES = {"RUT": "RUT.csv", "SPX": "GSPC.csv", "NDX": "^NDX.parquet", "DJI": "dji.csv"}
"""Of the files of an own folder, as the README has them."""


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    with Vendor(Market(Plan(symbols=40, years=2))) as running:
        yield running


def ask(checkout: Checkout, source: str, query: str) -> list[tuple]:
    database = checkout / f"warehouse/{source}/market.duckdb"
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_the_lines_of_live_data_as_they_stand_and_what_adds_to_them(tmp_path: Path, vendor: Vendor) -> None:
    checkout = Checkout(tmp_path)
    here = {
        "MARKET_YAHOO_URL": vendor.url,
        "MARKET_WEB_URL": vendor.url,
        "MARKET_NOW": vendor.now.isoformat(),
        "MARKET_YAHOO_PER_MINUTE": "6000",
    }
    said = checkout.type("set -e\n" + "\n".join(LIVE), **here)
    assert said.code == 0, said.last_lines
    assert "SYNTHETIC" not in said.out
    assert "RUT 2024-12-31: " in said.out
    true = vendor.market.true_bars(list(INDICES), vendor.now.date())
    bars = ask(checkout, "yahoo", "SELECT instrument_id, count(*) FROM core.bar GROUP BY ALL ORDER BY ALL")
    assert bars == true.group_by("instrument_id").len().sort("instrument_id").rows()
    assert ask(checkout, "yahoo", "SELECT count(DISTINCT index_id) FROM serve.sector_weight") == [(4,)]
    for command in sorted(LIVE_AND_MORE):
        said = checkout.type(command, **here)
        assert said.code == 0, said.last_lines
    assert list((checkout / "warehouse/yahoo/documents/sec").glob("fsds_*.zip"))
    assert ask(checkout, "yahoo", "SELECT count(DISTINCT instrument_id) > 10 FROM serve.stock_trend") == [(True,)]


def test_the_commands_on_files(tmp_path: Path, sample: Checkout) -> None:
    checkout = Checkout(tmp_path)
    prices = checkout.home / "prices"
    prices.mkdir()
    rows = "SELECT session AS Date, open AS Open, high AS High, low AS Low, close AS Close FROM core.bar"
    for instrument, name in NAMES.items():
        found = ask(sample, "sample", f"{rows} WHERE instrument_id = '{instrument}' ORDER BY session")
        bars = pl.DataFrame(found, schema=["Date", "Open", "High", "Low", "Close"], orient="row")
        (bars.write_csv if name.endswith(".csv") else bars.write_parquet)(prices / name)
    build, prompt, again = ON_FILES
    said = checkout.type(build)
    assert said.code == 0, said.last_lines
    said = checkout.type(prompt, typed="SELECT count(*) AS bars FROM core.bar;")
    assert (said.code, "6040" in said.out) == (0, True)
    said = checkout.type("MARKET_SOURCE=files make brief INDEX=RUT SESSION=2024-12-02")
    assert said.code == 0, said.last_lines
    (manifest,) = (checkout / "warehouse/files/briefs/RUT/2024-12-02").glob("*/manifest.json")
    again = again.replace("<id>", manifest.parent.name)
    said = checkout.type(again)
    assert (said.code, "issued again, byte for byte" in said.out) == (0, True), said.last_lines
    known_at = str(json.loads(manifest.read_text())["known_at"]).replace(" ", "T") + "Z"
    for command in ("make warehouse", again.removeprefix("MARKET_SOURCE=files ")):
        said = checkout.type(command, MARKET_SOURCE="files", MARKET_FILES_DIR=str(prices), MARKET_KNOWN_AT=known_at)
        assert said.code == 0, said.last_lines
    assert "issued again, byte for byte" in said.out


def test_own_claims_and_levels_of_the_pages_and_a_past_moment(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    for name, language, file in (
        ("docs/claims.md", "yaml", "claims.yaml"),
        ("docs/level_book.md", "csv", "levels.csv"),
    ):
        (text,) = (block.text for block in blocks(page(name)) if block.language == language)
        (checkout.home / file).write_text(text)
    printed = {}
    for command in sorted(ON_OWN_FILES):
        said = checkout.type(command)
        assert said.code == 0, said.last_lines
        printed[command] = said.out
        if "CLAIMS" in command:
            assert len(ask(checkout, "sample", "FROM claims_of('mine-2024-10')")) == 2
        if "LEVEL_BOOK" in command:
            assert ask(checkout, "sample", "SELECT count(*) FROM serve.level WHERE author = 'me'") == [(3,)]
    (past,) = (text for command, text in printed.items() if "KNOWN_AT" in command)
    place = re.search(r"make sql DATABASE=(\S+?)`", past)
    assert place, past
    said = checkout.type(place[0].rstrip("`"), typed="SELECT max(session) AS last FROM core.bar;")
    assert (said.code, "2024-12-02" in said.out) == (0, True)


@pytest.mark.parametrize("command", sorted(SERVERS))
def test_a_server_answers(tmp_path: Path, sample: Checkout, command: str) -> None:
    """The UI finds a published file: without one it would build it first."""
    checkout = Checkout(tmp_path)
    (checkout / "warehouse/sample").mkdir()
    shutil.copy(sample / "warehouse/sample/market.duckdb", checkout / "warehouse/sample")
    port = free_port()
    if command == "make ui":
        command, path = f"{command} PORT={port}", "/server_info"
    else:
        command, path = command.replace("8080", str(port)), "/v8/finance/chart/%5ERUT?range=5d&interval=1d"
    with checkout.serving(command, f"http://127.0.0.1:{port}{path}"):
        pass
