"""Whose bars are asked for."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from pipelines.contracts import raw
from pipelines.ingestion.universe import Universe, has_universe, is_symbol, universe_of
from pipelines.settings import Settings
from pipelines.sources import SourceError
from pipelines.storage.lake import Lake

NOW = dt.datetime(2024, 12, 2, 23, tzinfo=dt.UTC)


def settings(universe: str | None, source: str = "yahoo") -> Settings:
    return Settings(source=source, universe=universe, now=NOW)


def of_text(tmp_path: Path, content: bytes) -> Universe:
    path = tmp_path / "symbols.txt"
    path.write_bytes(content)
    return universe_of(settings(str(path)), Lake(tmp_path / "lake"))


@pytest.mark.parametrize(
    ("universe", "source", "expected"),
    [(None, "yahoo", False), ("none", "yahoo", False), ("members", "yahoo", True), ("members", "sample", False)],
)
def test_who_has_a_universe(universe: str | None, source: str, expected: bool, tmp_path: Path) -> None:
    chosen = settings(universe, source)
    assert has_universe(chosen) is expected
    if not expected:
        assert universe_of(chosen, Lake(tmp_path)) == ([], [])


def test_a_file_has_a_symbol_a_line(tmp_path: Path) -> None:
    found = of_text(tmp_path, "\ufeff# mine\nZQA\r\n\n  BRK-B  # a share class\nZQA\n".encode())
    assert found == (["ZQA", "BRK-B"], [])


@pytest.mark.parametrize(
    "line", ["zqa", "BRK.B", "../ZQA", "A B", "^GSPC", "US0378331005", "A" * 16, "-A", "A?b", "<b>", "ZQÄ"]
)
def test_a_line_that_is_no_symbol_is_refused_by_file_and_line(line: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"symbols\.txt:2: expected a symbol such as BRK-B, was ") as error:
        of_text(tmp_path, f"ZQA\n{line}\n".encode())
    assert repr(line) in str(error.value)
    assert not is_symbol(line)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"# none\n", "expected a symbol a line, was none"), (b"ZQ\xff\n", "expected text in UTF-8")],
)
def test_a_file_without_symbols_is_refused(content: bytes, reason: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=reason):
        of_text(tmp_path, content)


def test_a_path_that_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="MARKET_UNIVERSE: expected 'none', 'members' or a file of symbols, was"):
        universe_of(settings(str(tmp_path)), Lake(tmp_path / "lake"))


def test_members_are_those_of_the_newest_holdings_of_every_fund(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    with pytest.raises(SourceError, match="expected members in raw.holding"):
        universe_of(settings("members"), lake)
    lake.append(raw.Holding, pl.concat([
        holdings("IVV", dt.date(2024, 11, 1), ["OLD", "ZQA"]),
        holdings("IVV", dt.date(2024, 11, 29), ["ZQA", "BRKB", "ZQ.C"]),
        holdings("IWM", dt.date(2024, 10, 31), ["ZQX", "../../ZQE"]),
        holdings("IWM", dt.date(2024, 12, 31), ["LATER"], known_from=NOW + dt.timedelta(days=30)),
    ]))  # fmt: skip
    # BRKB is in the table of share classes; a point becomes a hyphen.
    assert universe_of(settings("members"), lake) == (["BRK-B", "ZQ-C", "ZQA", "ZQX"], ["../../ZQE"])


def holdings(fund_id: str, as_of: dt.date, tickers: list[str], known_from: dt.datetime | None = None) -> pl.DataFrame:
    known = known_from or dt.datetime.combine(as_of, dt.time(21), dt.UTC)
    empty = raw.Holding.create_empty()
    rows = [
        {
            "fund_id": fund_id, "as_of": as_of, "known_from": known, "line": line, "known_basis": "observed",
            "as_of_basis": "file", "ticker": ticker, "printed_asset_class": "Equity", "market_value": 100.0,
            "source": "test", "locator": f"x:{line}", "payload_hash": "x", "fetched_at": known,
        }
        for line, ticker in enumerate(tickers, 1)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=empty.schema)
