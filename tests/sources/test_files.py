"""The files source: which file belongs to whom, what a row carries, and what it says of files it cannot read."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path

import polars as pl
import pytest

from pipelines.contracts.received import ReceivedBar
from pipelines.seeds import instruments
from pipelines.sources.base import SourceError
from pipelines.sources.files import FilesSource
from tests.sources.price_files import EXPECTED, FRIDAY, HEADER, MONDAY, NOW, ROW, read, read_text, values

# Which file belongs to which instrument


@pytest.mark.parametrize("stem", ["RUT", "rut", "^RUT", "^rut"])
def test_a_file_name_is_matched_without_case_and_caret(tmp_path: Path, stem: str) -> None:
    frame = read_text(tmp_path, f"{HEADER}\n{ROW}\n", f"{stem}.CSV")
    assert frame["instrument_id"].to_list() == ["RUT"]
    assert frame["vendor_symbol"].to_list() == ["^RUT"]


@pytest.mark.parametrize(("stem", "owner"), [("gspc", "SPX"), ("spx", "SPX"), ("DJIA", "DJI"), ("^NDX", "NDX")])
def test_ids_symbols_and_aliases_are_names(tmp_path: Path, stem: str, owner: str) -> None:
    assert read_text(tmp_path, f"{HEADER}\n{ROW}\n", f"{stem}.csv")["instrument_id"].to_list() == [owner]


def test_strangers_are_ignored_and_the_missing_are_named(tmp_path: Path) -> None:
    for name in ("SPY.csv", "RUT.csv.gz", "notes.txt", "RUT.csv", ".DS_Store"):
        (tmp_path / name).write_text(f"{HEADER}\n{ROW}\n")
    (tmp_path / "NDX.csv").write_text(f"{HEADER}\n{ROW}\n")
    source = FilesSource(tmp_path)
    assert len(source.bars(instruments(is_synthetic=False), {}, None, NOW)) == 2
    assert source.ignored == ["RUT.csv.gz", "SPY.csv", "notes.txt"]
    assert source.absent == ["SPX", "DJI"]


def test_two_files_for_one_instrument_are_named(tmp_path: Path) -> None:
    for name in ("GSPC.csv", "spx.parquet"):
        (tmp_path / name).write_text("")
    with pytest.raises(SourceError, match=r"expected one file for SPX, was GSPC\.csv, spx\.parquet"):
        read(tmp_path)


def test_a_folder_without_a_file_for_anyone_says_what_was_expected_and_there(tmp_path: Path) -> None:
    (tmp_path / "SPY.csv").write_text("x")
    with pytest.raises(SourceError) as error:
        read(tmp_path)
    assert str(tmp_path) in str(error.value)
    assert "gspc" in str(error.value)
    assert "SPY.csv" in str(error.value)


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.write_text("x")], ids=["absent", "a file"])
def test_a_folder_that_is_none_is_named(tmp_path: Path, make) -> None:
    make(tmp_path / "prices")
    with pytest.raises(SourceError, match=r"prices: expected a folder of CSV or Parquet files, was: "):
        read(tmp_path / "prices")


# Rows


def test_rows_carry_line_payload_and_hash(tmp_path: Path) -> None:
    text = f"{HEADER}\r\n\r\n{ROW}\r\n   \r\n2024-12-02,null,,nan,abc,inf,-\r\n"
    frame = read_text(tmp_path, text)
    ReceivedBar.validate(frame)
    assert frame["locator"].to_list() == ["RUT.csv:3", "RUT.csv:5"]
    assert values(frame) == [EXPECTED, (MONDAY, None, None, None, None, None, None)]
    assert json.loads(frame["payload"][1]) == {
        "Date": "2024-12-02", "Open": "null", "High": "", "Low": "nan",
        "Close": "abc", "Adj Close": "inf", "Volume": "-",
    }  # fmt: skip
    assert set(frame["payload_hash"]) == {hashlib.sha256(text.encode()).hexdigest()}


@pytest.mark.parametrize(
    "row",
    ["2024-12-02,10.5,12.25,9.75,11", "2024-12-02,2,433.00,12.25,9.75,11.5,11.25,3000", "2024-12-02"],
    ids=["cut off", "unquoted thousands", "a date alone"],
)
def test_a_row_of_another_width_has_no_price(tmp_path: Path, row: str) -> None:
    frame = read_text(tmp_path, f"{HEADER}\n{ROW}\n{row}")
    assert values(frame) == [EXPECTED, (MONDAY, None, None, None, None, None, None)]
    cells = [cell for cell in json.loads(frame["payload"][1]).values() if cell is not None]
    assert ",".join(cells) == row


def test_a_stray_quote_spoils_only_its_own_row(tmp_path: Path) -> None:
    frame = read_text(tmp_path, f'{HEADER}\n2024-11-27,"10.5,12.25\n{ROW}\n')
    assert frame["session"].to_list() == [dt.date(2024, 11, 27), FRIDAY]
    assert frame["close"].to_list() == [None, 11.5]


def test_duplicates_and_order_are_kept_as_received(tmp_path: Path) -> None:
    later = ROW.replace("11-29", "12-02")
    assert read_text(tmp_path, f"{HEADER}\n{later}\n{ROW}\n{ROW}")["session"].to_list() == [MONDAY, FRIDAY, FRIDAY]


def test_start_keeps_the_rows_without_a_session(tmp_path: Path) -> None:
    (tmp_path / "RUT.csv").write_text(f"{HEADER}\n{ROW}\n2024-13-45,1,1,1,1,1,1\n{ROW.replace('11-29', '12-02')}")
    assert read(tmp_path, start=MONDAY)["session"].to_list() == [None, MONDAY]


def test_a_comma_in_a_semicolon_file_may_be_a_decimal_sign_and_is_not_read(tmp_path: Path) -> None:
    frame = read_text(tmp_path, "Date;Open;High;Low;Close\n2024-11-29;10,500;12,25;9.75;11.5")
    assert frame.select("open", "high", "low", "close").row(0) == (None, None, 9.75, 11.5)


# Files that cannot be read

UNREADABLE = {
    "empty": (b"", "was an empty file"),
    "blank": (b"\n \r\n", "was an empty file"),
    "no rows": (f"{HEADER}\n".encode(), "expected rows below the header, was none"),
    "no rows, three header rows": (b"Price,Close\nTicker,^RUT\nDate,\n", "expected rows below the header, was none"),
    "no close": (b"Date,Open,High,Low\n2024-11-29,1,1,1", "expected a column Close, was: Date, Open, High, Low"),
    "no date": (b"Day,Open,High,Low,Close\n2024-11-29,1,1,1,1", "expected a column Date, was: Day, Open"),
    "no header": (ROW.encode() + b"\n", "expected rows below the header, was none"),
    "no header, two rows": (f"{ROW}\n{ROW}".encode(), "expected columns Date, Open, High, Low, Close, was: 2024-11-29"),
    "two closes": (b"Date,Open,High,Low,Close,close\n2024-11-29,1,1,1,1,2", "expected one column close, was 2"),
    "delimiters alone": (b",,,\n,,,\n", "expected columns Open, High, Low, Close, was: none"),
    "binary": (bytes(range(256)) * 20, "expected CSV in UTF-8, was binary"),
    "zero bytes": (b"Date,Open\0\n", "expected CSV in UTF-8, was binary"),
    "UTF-16": (HEADER.encode("utf-16"), "expected CSV in UTF-8"),
    "HTML": (b"\n<!DOCTYPE html><html></html>", "expected CSV, was an HTML or XML page"),
    "another ticker": (
        b"Price,Close,High,Low,Open\nTicker,^NDX,^NDX,^NDX,^NDX\nDate,,,,\n2024-11-29,1,1,1,1\n",
        r"expected columns of the ticker rut, was: \^NDX",
    ),
    "an endless cell": (b"Date,Open\n" + b"9" * 200_000, "expected lines of separated cells, was: field larger"),
}


@pytest.mark.parametrize(("content", "reason"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_csv_that_cannot_be_read_says_why(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "RUT.csv").write_bytes(content)
    with pytest.raises(SourceError, match=rf"RUT\.csv: .*{reason}"):
        read(tmp_path)


@pytest.mark.parametrize(
    "content", [b"", b"Date,Open\n", b"PAR1" + b"\0" * 200 + b"PAR1"], ids=["empty", "CSV", "damaged"]
)
def test_a_parquet_that_cannot_be_read_says_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "RUT.parquet").write_bytes(content)
    with pytest.raises(SourceError, match=r"RUT\.parquet: expected Parquet, was: ."):
        read(tmp_path)


def test_a_cut_parquet_and_one_without_rows_say_so(tmp_path: Path) -> None:
    path = tmp_path / "RUT.parquet"
    pl.DataFrame({"Date": [FRIDAY], "Close": [1.5]}).write_parquet(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(SourceError, match=r"RUT\.parquet: expected Parquet, was: ."):
        read(tmp_path)
    pl.DataFrame({"Date": [], "Close": []}).write_parquet(path)
    with pytest.raises(SourceError, match=r"RUT\.parquet: expected rows of text, numbers and dates, was none"):
        read(tmp_path)


def test_a_folder_named_like_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "RUT.csv").mkdir()
    with pytest.raises(SourceError, match=r"RUT\.csv: expected a file that can be read, was: Is a directory"):
        read(tmp_path)


def test_a_file_without_permission_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "RUT.csv").write_text(f"{HEADER}\n{ROW}")

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))  # root may read anything, so the error is played

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(SourceError, match=r"RUT\.csv: expected a file that can be read, was: Permission denied"):
        read(tmp_path)
