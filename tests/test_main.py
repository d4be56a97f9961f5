"""The main job as a person runs it: what is printed, and what an error says. The sample: ``tests/documents``."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from pipelines.__main__ import main

ROOT = Path(__file__).resolve().parents[1]
COMMAND = [sys.executable, "-m", "pipelines"]


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(ROOT / "dagster.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)  # its paths are taken from the working directory
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("MARKET_WAREHOUSE_DIR", str(tmp_path / "warehouse"))


def test_what_a_folder_holds_and_lacks_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "prices").mkdir()
    (tmp_path / "prices" / "notes.txt").write_text("mine")
    rows = "Date,Open,High,Low,Close\n2024-11-27,10,11,9,10\n2024-12-02,10,11,9,10\n2024-12-01,10,11,9,10\n"
    (tmp_path / "prices" / "rut.csv").write_text(rows)
    monkeypatch.setenv("MARKET_SOURCE", "files")
    monkeypatch.setenv("MARKET_FILES_DIR", str(tmp_path / "prices"))
    assert main() == 0
    printed = capsys.readouterr().out
    assert "received rows: 3, new rows: 2, ignored: notes.txt, absent: SPX, NDX, DJI" in printed
    assert "note: NDX has 0 bars" in printed
    assert "note: RUT has 2 bars, 1 missing sessions; rejected rows: not_a_session: 1" in printed
    assert "SYNTHETIC" not in printed


def test_a_build_of_a_past_moment_says_so_and_leaves_the_present_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "prices").mkdir()
    rows = "Date,Open,High,Low,Close\n2024-11-27,10,11,9,10\n2024-12-02,10,11,9,10\n"
    (tmp_path / "prices" / "rut.csv").write_text(rows)
    monkeypatch.setenv("MARKET_SOURCE", "files")
    monkeypatch.setenv("MARKET_FILES_DIR", str(tmp_path / "prices"))
    assert main() == 0
    present = (tmp_path / "warehouse" / "files" / "market.duckdb").read_bytes()
    shutil.rmtree(tmp_path / "prices")
    monkeypatch.setenv("MARKET_KNOWN_AT", "2024-11-27T22:00:00Z")
    capsys.readouterr()
    assert main() == 0
    printed = capsys.readouterr().out
    folder = "warehouse/files/known/20241127T220000Z"
    assert f"of source 'files' as known at 2024-11-27 22:00:00 UTC into {tmp_path / folder}; nothing is" in printed
    assert f"open it with `make sql DATABASE={folder}/market.duckdb`" in printed
    assert "known at      2024-11-27 22:00:00 UTC" in printed
    assert "last session  2024-11-27" in printed
    assert (tmp_path / "warehouse" / "files" / "market.duckdb").read_bytes() == present


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("MARKET_SOURCE", "foo", "MARKET_SOURCE: expected to be 'sample', 'files' or 'yahoo', was 'foo'"),
        ("MARKET_SOURCE", "files", "MARKET_FILES_DIR: expected a folder of CSV or Parquet files"),
        (
            "MARKET_NOW",
            "2024-12-02",
            "MARKET_NOW: expected a moment with its offset from UTC, such as 2024-12-02T22:00:00Z, was '2024-12-02'",
        ),
        ("MARKET_NOW", "1850-01-01T00:00:00Z", "MARKET_NOW: expected to be greater than or equal to 1900-01-01"),
        (
            "MARKET_WAREHOUSE_DIR",
            "/dev/null/x",
            "MARKET_WAREHOUSE_DIR: expected a folder that can be written, was /dev/null",
        ),
        ("MARKET_WAREHOUSE_DIR", "what?", "MARKET_WAREHOUSE_DIR: expected a path without a question mark, was 'what?'"),
        ("MARKET_KNOWN_AT", "2190-01-01T00:00:00Z", "MARKET_KNOWN_AT: expected a moment not after the clock"),
        ("MARKET_BUCKETS", "0", "MARKET_BUCKETS: expected to be greater than or equal to 1, was '0'"),
        ("MARKET_KEEP_WAREHOUSES", "-1", "MARKET_KEEP_WAREHOUSES: expected to be greater than or equal to 0, was '-1'"),
    ],
)
def test_a_wrong_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(name, value)
    assert main() == 1
    assert message in capsys.readouterr().err


def test_a_wrong_secret_is_named_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MARKET_ALERT_URL", "hooks.example.test/T0PSECRET")
    assert main() == 1
    printed = capsys.readouterr()
    assert printed.err.startswith("MARKET_ALERT_URL: expected an address that begins with http:// or https://")
    assert "T0PSECRET" not in printed.err + printed.out


def test_a_source_that_fails_says_why_and_what_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MARKET_SOURCE", "files")
    monkeypatch.setenv("MARKET_FILES_DIR", str(tmp_path / "nowhere"))
    assert main() == 1
    printed = capsys.readouterr().err
    assert "nowhere: expected a folder of CSV or Parquet files" in printed
    assert "There is no warehouse yet. Mend what is named above and run it again." in printed


@pytest.mark.slow
@pytest.mark.parametrize("sign", ["sample/lake/core/*", "sample/.market.duckdb-*.tmp"])
def test_a_run_killed_in_the_middle_holds_nothing_and_the_next_one_finishes(tmp_path: Path, sign: str) -> None:
    """No lock, slot or half-written file of a run killed while it derives, or publishes, is in the next one's way."""
    process = subprocess.Popen(COMMAND, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not list((tmp_path / "warehouse").glob(sign)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process.poll() is None, "the run had finished before it was to be killed"
    process.kill()
    process.wait()
    finished = subprocess.run(COMMAND, capture_output=True, text=True, timeout=600, check=False)
    assert finished.returncode == 0, finished.stderr
    assert not list((tmp_path / "warehouse").rglob("*.tmp*"))


@pytest.mark.slow
def test_two_runs_at_once_wait_for_one_another(tmp_path: Path) -> None:
    runs = [subprocess.Popen(COMMAND, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    printed = [run.communicate(timeout=600)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    assert sum("Another run builds this warehouse" in text for text in printed) == 1
    database = tmp_path / "warehouse" / "sample" / "market.duckdb"
    with duckdb.connect(str(database), read_only=True) as connection:
        generations = connection.execute("SELECT DISTINCT generation FROM serve.warehouse_build").fetchall()
        versions = connection.execute("SELECT max(versions) FROM core.bar").fetchall()
    assert (generations, versions) == ([(2,)], [(1,)])
