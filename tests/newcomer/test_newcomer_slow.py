"""Errors that a newcomer meets in a run of the job, or once a warehouse is there, tried at the shell."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.checkout import Checkout, free_port, taken_port
from tests.newcomer.refusal import UNPRIVILEGED, assert_refused, held_for_writing
from tests.vendor.listing import Plan
from tests.vendor.market import Market
from tests.vendor.server import Vendor

pytestmark = pytest.mark.slow
AGAIN = "Mend what is named above and run it again."
NO_WAREHOUSE = f"There is no warehouse yet. {AGAIN}"


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.fixture(scope="module")
def published(sample: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Return a checkout with the published file of the sample, and without its lake."""
    checkout = Checkout(tmp_path_factory.mktemp("published"))
    (checkout / "warehouse/sample").mkdir()
    shutil.copy(sample / "warehouse/sample/market.duckdb", checkout / "warehouse/sample")
    return checkout


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    with Vendor(Market(Plan(symbols=6, years=1))) as running:
        yield running


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("INDEX=XYZ", "INDEX: expected one of DJI, NDX, RUT, SPX, was 'XYZ'"),
        ("SESSION=2024-11-30", "SESSION: expected a session of RUT, was 2024-11-30; the one before it is 2024-11-29"),
        ("SESSION=today", "SESSION: expected a date such as 2024-12-02, was 'today'"),
        ("SESSION=2099-01-02", "SESSION: expected a session of RUT, was 2099-01-02; the one before it is 2024-12-31"),
        ("SESSION=1999-01-04", "SESSION: expected a session of RUT, was 1999-01-04; the first one is 2019-01-02"),
        ("SINCE=monday", "SINCE: expected a date such as 2024-12-02, was 'monday'"),
        ("AGAIN=none.json", "none.json: expected the manifest.json of an issued brief, was: No such file or directory"),
        ("AGAIN=README.md", "README.md: expected the manifest.json of an issued brief, was another file"),
        ("AGAIN=other.json", "other.json: expected the manifest.json of an issued brief, was another file"),
    ],
)
def test_a_brief_that_cannot_be_asked_for(published: Checkout, asked: str, told: str) -> None:
    (published / "other.json").write_text('{"index": "RUT", "session": "2024-12-02", "since": 3, "tables": []}')
    assert_refused(published, f"make brief {asked}", told)


def test_a_file_that_is_held_for_writing(published: Checkout) -> None:
    database = published / "warehouse/sample/market.duckdb"
    with held_for_writing(database):
        told = "market.duckdb: expected readers only, was held open for writing; close what holds it"
        for command in ("make brief", "make dashboard"):
            assert_refused(published, command, told)
        stands = f"The last good warehouse stays: warehouse/sample/market.duckdb. {AGAIN}"
        assert_refused(published, "make warehouse", told, stands)


def test_a_taken_port_is_told_before_superset_prepares_itself(published: Checkout) -> None:
    environment = published / ".venv-superset"
    if not environment.exists():
        environment.mkdir()
        (environment / "client").touch()
    with taken_port() as port:
        told = f"SUPERSET_PORT: expected a free port, was {port}; stop what listens there, or choose another"
        assert_refused(published, f"make superset SUPERSET_PORT={port}", told)
    assert not (published / ".superset").exists()


def test_folders_that_cannot_be_written(published: Checkout) -> None:
    for folder in ("closed", "opened/sample"):
        (published / folder).mkdir(parents=True)
        (published / folder).chmod(0o555)
    told = "MARKET_WAREHOUSE_DIR: expected a folder that can be written, was"
    assert_refused(published, f"{UNPRIVILEGED} make warehouse", f"{told} closed/sample:", MARKET_WAREHOUSE_DIR="closed")
    assert_refused(published, f"{UNPRIVILEGED} make warehouse", f"{told} opened/sample:", MARKET_WAREHOUSE_DIR="opened")
    (published / "warehouse/sample/briefs").mkdir(exist_ok=True)
    (published / "warehouse/sample/briefs").chmod(0o555)
    told = "briefs/NDX: expected a folder that can be written, was: Permission denied"
    assert_refused(published, f"{UNPRIVILEGED} make brief INDEX=NDX", told)
    (published / "warehouse/sample/briefs").chmod(0o755)


def test_packages_that_cannot_be_had(checkout: Checkout) -> None:
    (checkout / ".venv").unlink()
    index = f"http://127.0.0.1:{free_port()}/simple"
    nowhere = {"PIP_NO_INDEX": "0", "PIP_INDEX_URL": index, "PIP_RETRIES": "0", "PIP_NO_CACHE_DIR": "1"}
    told = "requirements.lock: expected packages that can be installed, was the error above; check the network"
    assert_refused(checkout, "make warehouse", told, "run make again", **nowhere)
    assert not (checkout / ".venv/runtime").exists()


def test_a_disk_that_is_full(checkout: Checkout) -> None:
    """A limit to the size of a file stands in for the disk: of Dagster's state first, then of the published file."""
    told = f"DAGSTER_HOME: expected {checkout.folder} to take Dagster's state, was: disk I/O error; make room"
    assert_refused(checkout, "ulimit -f 100; make warehouse", told)
    assert_refused(checkout, "ulimit -f 20000; make warehouse", "Could not write file", "File too large", NO_WAREHOUSE)


def test_a_machine_without_network(checkout: Checkout) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    offline = {"MARKET_SOURCE": "yahoo", "MARKET_YAHOO_URL": nowhere, "MARKET_WEB_URL": nowhere}
    told = "^RUT: no connection to 127.0.0.1"
    assert_refused(
        checkout, "make warehouse", told, "is this machine offline, or behind a proxy (HTTPS_PROXY)?", NO_WAREHOUSE,
        **offline,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (None, "prices: expected a folder of CSV or Parquet files, was: No such file or directory"),
        ({}, "prices: expected a CSV or Parquet file named after an instrument (dji, djia, gspc, ndx, rut, spx), was:"),
        ({"AAPL.csv": "Date,Close\n"}, "named after an instrument (dji, djia, gspc, ndx, rut, spx), was: AAPL.csv"),
        ({"rut.csv": "When,What\n2024-12-02,1\n"}, "rut.csv: expected columns Date, Open, High, Low, Close, was: When"),
    ],
    ids=["absent", "empty", "of another name", "of other columns"],
)
def test_a_folder_of_files_that_holds_no_prices(checkout: Checkout, files: dict[str, str] | None, told: str) -> None:
    if files is not None:
        (checkout.home / "prices").mkdir()
        for name, text in files.items():
            (checkout.home / "prices" / name).write_text(text)
    assert_refused(checkout, "MARKET_FILES_DIR=~/prices make warehouse", told, NO_WAREHOUSE, MARKET_SOURCE="files")


def test_own_files_that_are_no_level_book_and_no_claims(checkout: Checkout) -> None:
    (checkout.home / "levels.csv").write_text("level_id,price\nmine,2300\n")
    (checkout.home / "claims.yaml").write_text("- note_id: mine\n  claims: none\n")
    command = "MARKET_LEVEL_BOOK=~/levels.csv MARKET_CLAIMS=~/claims.yaml make warehouse"
    assert_refused(
        checkout,
        command,
        "levels.csv:1: expected the columns of a level book, was missing",
        "claims.yaml:2: claims: expected",
        NO_WAREHOUSE,
    )
    absent = "expected a level book, a CSV file, was unreadable: No such file or directory"
    assert_refused(checkout, "MARKET_LEVEL_BOOK=~/none.csv make warehouse", absent, NO_WAREHOUSE)


def test_symbols_that_are_none_or_unknown(checkout: Checkout, vendor: Vendor) -> None:
    here = {
        "MARKET_SOURCE": "yahoo", "MARKET_YAHOO_URL": vendor.url, "MARKET_WEB_URL": vendor.url,
        "MARKET_NOW": vendor.now.isoformat(), "MARKET_YAHOO_PER_MINUTE": "6000",
    }  # fmt: skip
    told = "MARKET_UNIVERSE: expected 'none', 'members' or a file of symbols, was member: No such file or directory"
    assert_refused(checkout, "MARKET_UNIVERSE=member make warehouse", told, NO_WAREHOUSE, **here)
    symbols = checkout.home / "symbols.txt"
    symbols.write_text("ZQAAA\naapl\n")
    told = "symbols.txt:2: expected a symbol such as BRK-B, was 'aapl'"
    assert_refused(checkout, "MARKET_UNIVERSE=~/symbols.txt make warehouse", told, NO_WAREHOUSE, **here)
    symbols.write_text("ZQAAA\nZZZZZ\n")
    said = checkout.type("MARKET_UNIVERSE=~/symbols.txt make warehouse", **here)
    assert said.code == 0, said.last_lines
    (note,) = (line for line in said.out.splitlines() if line.startswith("note: no bars"))
    assert note.startswith("note: no bars were ever received of ZZZZZ (")
    assert note.endswith("are they symbols as Yahoo writes them?")


def test_a_moment_before_anything_was_known(checkout: Checkout) -> None:
    told = "core_bar: core.bar: expected bars known at 1980-01-01 00:00 UTC, was none of 0; nothing was ever stored"
    assert_refused(checkout, "make warehouse", told, MARKET_KNOWN_AT="1980-01-01T00:00:00Z")
