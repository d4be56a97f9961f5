"""Every layout of CSV and Parquet that the files source reads, yfinance's own written by pandas as its users would."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

from pipelines.sources.base import SourceError
from tests.sources.price_files import EXPECTED, FRIDAY, HEADER, MONDAY, ROW, read, read_text, values

NO_ADJUSTED = (*EXPECTED[:5], None, EXPECTED[6])
LAYOUTS = {
    "plain": (f"{HEADER}\n{ROW}\n", EXPECTED),
    "no newline at the end": (f"{HEADER}\n{ROW}", EXPECTED),
    "CRLF": (f"{HEADER}\r\n{ROW}\r\n", EXPECTED),
    "byte order mark": (f"\ufeff{HEADER}\n{ROW}\n", EXPECTED),
    "semicolons": (f"{HEADER}\n{ROW}\n".replace(",", ";"), EXPECTED),
    "tabs": (f"{HEADER}\n{ROW}\n".replace(",", "\t"), EXPECTED),
    "spaces after commas": (f"{HEADER}\n{ROW}\n".replace(",", ", "), EXPECTED),
    "trailing delimiters": (f"{HEADER},\n{ROW},\n", EXPECTED),
    "capitals": (f"{HEADER.upper()}\n{ROW}\n", EXPECTED),
    "snake case": ("date,open,high,low,close,adj_close,volume\n" + ROW, EXPECTED),
    "another order": (
        "Volume,Close,Low,Date,High,Open,Adj Close\n3000,11.5,9.75,2024-11-29,12.25,10.5,11.25",
        EXPECTED,
    ),
    "more columns": (f"Symbol,{HEADER},Dividends\n^RUT,{ROW},0.0", EXPECTED),
    "no adjusted close": ("Date,Open,High,Low,Close,Volume\n2024-11-29,10.5,12.25,9.75,11.5,3000", NO_ADJUSTED),
    "no volume": ("Date,Open,High,Low,Close\n2024-11-29,10.5,12.25,9.75,11.5", (*EXPECTED[:5], None, None)),
    "unnamed index": (f"{HEADER}\n{ROW}\n".replace("Date", ""), EXPECTED),
    "Datetime": (f"{HEADER}\n{ROW}\n".replace("Date", "Datetime"), EXPECTED),
    "row numbers before": (f",{HEADER}\n0,{ROW}\n", EXPECTED),
    "quoted": (
        '"Date","Open","High","Low","Close"\n"2024-11-29","10.5","12.25","9.75","11.5"',
        (*EXPECTED[:5], None, None),
    ),
    "grouped thousands": (
        'Date,Open,High,Low,Close,Volume\n2024-11-29,"2,433.00","12,345.5","1,234",2434.73,"2,444,420,000"',
        (FRIDAY, 2433.0, 12345.5, 1234.0, 2434.73, None, 2444420000.0),
    ),
}


@pytest.mark.parametrize(("text", "expected"), LAYOUTS.values(), ids=LAYOUTS)
def test_a_layout_of_csv_is_read(tmp_path: Path, text: str, expected: tuple) -> None:
    assert values(read_text(tmp_path, text)) == [expected]


def yfinance_frame(symbols: list[str]) -> pd.DataFrame:
    """Return a frame of the shape of ``yf.download``: two column levels, prices counted up from 1.5."""
    fields = ["Adj Close", "Close", "High", "Low", "Open", "Volume"]
    columns = pd.MultiIndex.from_product([fields, symbols], names=["Price", "Ticker"])
    index = pd.DatetimeIndex([FRIDAY, MONDAY], name="Date")
    numbers = [[1.5 + column + 100 * row for column in range(len(columns))] for row in range(2)]
    return pd.DataFrame(numbers, index=index, columns=columns)


def single_level(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame of the shape of ``Ticker.history``."""
    return frame.droplevel(1, axis=1).rename_axis(columns=None)


def in_zone(zone: str):
    return lambda frame: single_level(frame).tz_localize("America/New_York").tz_convert(zone)


def at_the_open(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame stamped by the opening moment of each session, in UTC."""
    plain = single_level(frame)
    return plain.set_index((plain.index + pd.Timedelta("9h30min")).tz_localize("America/New_York").tz_convert("UTC"))


YFINANCE_SHAPES = {
    "three header rows": lambda frame: frame,
    "two header rows": lambda frame: frame.rename_axis(index=None),
    "three header rows without level names": lambda frame: frame.rename_axis(columns=[None, None]),
    "two header rows without level names": lambda frame: frame.rename_axis(index=None, columns=[None, None]),
    "grouped by ticker": lambda frame: frame.swaplevel(axis=1),
    "one level": single_level,
    "one level, unnamed index": lambda frame: single_level(frame).rename_axis(index=None),
    "zone of the exchange": in_zone("America/New_York"),
    "zone UTC": in_zone("UTC"),
    "zone Berlin": in_zone("Europe/Berlin"),
    "dates labelled UTC": lambda frame: single_level(frame).tz_localize("UTC"),
    "opening moments": at_the_open,
}
YFINANCE_ROWS = [
    (FRIDAY, 5.5, 3.5, 4.5, 2.5, 1.5, 6.5),
    (MONDAY, 105.5, 103.5, 104.5, 102.5, 101.5, 106.5),
]


@pytest.mark.parametrize("shape", YFINANCE_SHAPES.values(), ids=YFINANCE_SHAPES)
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_whatever_pandas_writes_of_a_yfinance_frame_is_read(tmp_path: Path, shape, suffix: str) -> None:
    frame = shape(yfinance_frame(["^RUT"]))
    path = tmp_path / f"RUT.{suffix}"
    frame.to_csv(path) if suffix == "csv" else frame.to_parquet(path)
    assert values(read(tmp_path)) == YFINANCE_ROWS


def test_a_reset_index_is_read(tmp_path: Path) -> None:
    frame = yfinance_frame(["^RUT"]).reset_index()
    frame.to_csv(tmp_path / "RUT.csv", index=False)
    frame.to_parquet(tmp_path / "NDX.parquet")
    with pytest.raises(SourceError, match=r"NDX\.parquet: expected columns of the ticker ndx, was: \^RUT"):
        read(tmp_path)
    (tmp_path / "NDX.parquet").unlink()
    assert values(read(tmp_path)) == YFINANCE_ROWS


def test_of_several_tickers_the_file_gives_that_of_its_name(tmp_path: Path) -> None:
    yfinance_frame(["^GSPC", "^RUT"]).to_csv(tmp_path / "RUT.csv")
    # Columns count up by ticker within a field: adjusted close of ^RUT is the second, its close the fourth.
    assert values(read(tmp_path))[0] == (FRIDAY, 10.5, 6.5, 8.5, 4.5, 2.5, 12.5)


def test_text_columns_of_parquet_are_read(tmp_path: Path) -> None:
    cells = dict(zip(HEADER.split(","), ROW.split(","), strict=True))
    pl.DataFrame({name: [cell] for name, cell in cells.items()}).write_parquet(tmp_path / "RUT.parquet")
    frame = read(tmp_path)
    assert values(frame) == [EXPECTED]
    assert json.loads(frame["payload"][0]) == cells
    assert frame["locator"].to_list() == ["RUT.parquet:1"]


def test_date_and_single_precision_columns_of_parquet_are_read(tmp_path: Path) -> None:
    numbers = dict(zip(HEADER.split(",")[1:], EXPECTED[1:], strict=True))
    frame = pl.DataFrame({"Date": [FRIDAY], **{name: [number] for name, number in numbers.items()}})
    frame.with_columns(pl.exclude("Date").cast(pl.Float32), tags=pl.lit(["a"])).write_parquet(tmp_path / "RUT.parquet")
    assert values(read(tmp_path)) == [EXPECTED]
