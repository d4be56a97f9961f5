"""The files source on the real index files, held against counts and closes read from the files by other means."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from pipelines.seeds import instruments
from pipelines.sources.files import FilesSource

NOW = dt.datetime(2024, 12, 2, 22, 0, tzinfo=dt.UTC)
LAST = dt.date(2024, 12, 2)
FIRST_AND_LAST_CLOSE = {
    "RUT": ("RUT.csv", dt.date(1987, 9, 10), 168.97, 2434.1399),
    "SPX": ("GSPC.csv", dt.date(1927, 12, 30), 17.66, 6047.1499),
    "NDX": ("NDX.csv", dt.date(1985, 10, 1), 112.14, 21164.5996),
    "DJI": ("DJI.csv", dt.date(1992, 1, 2), 3172.3999, 44782.0),
}


@pytest.fixture(scope="module")
def source(real_data: Path) -> FilesSource:
    return FilesSource(real_data / "prices")


@pytest.fixture(scope="module")
def bars(source: FilesSource) -> pl.DataFrame:
    return source.bars(instruments(is_synthetic=False), {}, None, NOW)


@pytest.mark.parametrize("instrument_id", FIRST_AND_LAST_CLOSE)
def test_every_line_of_an_index_file_is_a_bar(real_data: Path, bars: pl.DataFrame, instrument_id: str) -> None:
    name, first, first_close, last_close = FIRST_AND_LAST_CLOSE[instrument_id]
    with (real_data / "prices" / name).open(newline="") as file:
        lines = list(csv.DictReader(file))
    mine = bars.filter(pl.col("instrument_id") == instrument_id)
    assert mine["session"].to_list() == [dt.date.fromisoformat(line["Date"]) for line in lines]
    assert mine["close"].to_list() == [float(line["Close"]) for line in lines]
    assert (mine["session"][0], mine["close"][0]) == (first, first_close)
    assert (mine["session"][-1], mine["close"][-1]) == (LAST, last_close)
    assert mine["locator"][-1] == f"{name}:{len(lines) + 1}"


def test_nothing_of_the_index_files_is_unreadable(bars: pl.DataFrame) -> None:
    assert (
        bars.select("session", "open", "high", "low", "close", "adjusted_close", "volume").null_count().row(0)
        == (0,) * 7
    )


def test_the_funds_are_ignored_and_said_so(source: FilesSource, bars: pl.DataFrame) -> None:
    assert source.ignored == ["IWM.csv", "SPY.csv"]
    assert source.absent == []
    assert set(bars["instrument_id"]) == set(FIRST_AND_LAST_CLOSE)


def test_start_cuts_each_file(source: FilesSource) -> None:
    bars = source.bars(instruments(is_synthetic=False), {}, dt.date(2024, 11, 29), NOW)
    assert bars["session"].to_list() == [dt.date(2024, 11, 29), LAST] * 4
