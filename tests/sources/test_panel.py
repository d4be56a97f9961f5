"""Panels: what is read from both formats, which rows carry their own payload, and which files are refused."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from pipelines.contracts.received import ReceivedBar
from pipelines.sources import SourceError
from pipelines.sources.panel import UNNAMED, read_panel

FRIDAY, MONDAY = dt.date(2024, 11, 29), dt.date(2024, 12, 2)
HEADER = "symbol,date,open,high,low,close,volume"
ROW = "BRK.B,2024-11-29,10.5,12.25,9.75,11.5,3000"
NUMBERS = ("open", "high", "low", "close", "volume")
READ = ("BRK-B", "BRK.B", FRIDAY, 10.5, 12.25, 9.75, 11.5, 3000.0)
TYPED = pl.DataFrame(
    {
        "symbol": ["BRK.B", "A"],
        "date": [FRIDAY, MONDAY],
        "open": [10.5, 1.0],
        "high": [12.25, 4.0],
        "low": [9.75, 0.5],
        "close": [11.5, 2.0],
        "volume": [3000, 0],
    }
)


def read_text(folder: Path, text: str) -> pl.DataFrame:
    path = folder / "panel.csv"
    path.write_bytes(text.encode())
    return read_panel(path)


def read_frame(folder: Path, frame: pl.DataFrame) -> pl.DataFrame:
    path = folder / "panel.parquet"
    frame.write_parquet(path)
    return read_panel(path)


def values(frame: pl.DataFrame) -> list[tuple]:
    return frame.select("instrument_id", "vendor_symbol", "session", *NUMBERS).rows()


def test_csv_and_parquet_read_alike(tmp_path: Path) -> None:
    second = ("A", "A", MONDAY, 1.0, 4.0, 0.5, 2.0, 0.0)
    from_text = read_text(tmp_path, f"{HEADER}\n{ROW}\n\nA,2024-12-02,1,4,.5,2,0\n")
    from_frame = read_frame(tmp_path, TYPED)
    assert values(from_text) == values(from_frame) == [READ, second]
    assert from_text["locator"].to_list() == [f"{tmp_path.name}/panel.csv:2", f"{tmp_path.name}/panel.csv:4"]
    assert from_frame["locator"].to_list() == [f"{tmp_path.name}/panel.parquet:{row}" for row in (1, 2)]
    for frame, name in ((from_text, "panel.csv"), (from_frame, "panel.parquet")):
        ReceivedBar.validate(frame)
        assert set(frame["payload_hash"]) == {hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()}
        assert frame["adjusted_close"].null_count() == 2


def test_columns_stand_in_any_order_and_letter_case(tmp_path: Path) -> None:
    text = "Volume,Close,DATE,Low, High ,Open,Symbol\r\n3000,11.5,2024-11-29,9.75,12.25,10.5,BRK.B\r\n"
    assert values(read_text(tmp_path, text)) == [READ]
    assert values(read_frame(tmp_path, TYPED.select(reversed(TYPED.columns)).rename(str.upper)))[0] == READ


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters_and_quotes(tmp_path: Path, delimiter: str) -> None:
    quoted = ROW.replace("BRK.B", '"BRK.B"')
    assert values(read_text(tmp_path, f"\ufeff{HEADER}\n{quoted}".replace(",", delimiter))) == [READ]


@pytest.mark.parametrize(
    "dates",
    [
        pl.Series([FRIDAY, MONDAY]).cast(pl.Datetime("ns")),
        pl.Series([FRIDAY, MONDAY]).cast(pl.Datetime("us")).dt.replace_time_zone("America/New_York"),
        pl.Series(["2024-11-29", "2024-12-02"]),
    ],
    ids=["moments", "moments in New York", "text"],
)
def test_dates_of_parquet_come_in_several_types(tmp_path: Path, dates: pl.Series) -> None:
    assert read_frame(tmp_path, TYPED.with_columns(date=dates))["session"].to_list() == [FRIDAY, MONDAY]


def test_symbols_of_parquet_may_be_categories_and_numbers_of_any_width(tmp_path: Path) -> None:
    narrow = TYPED.with_columns(
        pl.col("symbol").cast(pl.Categorical), pl.col("open").cast(pl.Float32), pl.col("volume").cast(pl.UInt16)
    )
    assert values(read_frame(tmp_path, narrow))[0] == READ


# Payload


def test_a_row_that_is_read_whole_carries_no_payload(tmp_path: Path) -> None:
    assert read_text(tmp_path, f"{HEADER}\n{ROW}\nA,2024-11-29,1,1,1,1,\n")["payload"].to_list() == [None, None]


def test_a_row_that_is_not_keeps_its_cells(tmp_path: Path) -> None:
    frame = read_text(tmp_path, f"{HEADER}\n{ROW}\nA,29.11.2024,n/a,1,1,inf,many\n")
    assert values(frame)[1] == ("A", "A", None, None, 1.0, 1.0, None, None)
    assert [bool(payload) for payload in frame["payload"]] == [False, True]
    assert json.loads(frame["payload"][1]) == {
        "symbol": "A", "date": "29.11.2024", "open": "n/a", "high": "1", "low": "1", "close": "inf", "volume": "many",
    }  # fmt: skip


def test_a_volume_that_cannot_be_read_is_kept_in_the_payload(tmp_path: Path) -> None:
    frame = read_text(tmp_path, f"{HEADER}\n{ROW}\nA,2024-11-29,1,1,1,1,1x\n")
    assert values(frame)[1][-1] is None
    assert json.loads(frame["payload"][1])["volume"] == "1x"


def test_no_number_of_parquet_is_null_and_shown_as_it_was(tmp_path: Path) -> None:
    frame = read_frame(tmp_path, TYPED.with_columns(close=pl.Series([11.5, float("nan")])))
    assert frame["close"].to_list() == [11.5, None]
    assert json.loads(frame["payload"][1])["close"] == "NaN"


def test_further_columns_are_kept_in_the_payload_of_every_row(tmp_path: Path) -> None:
    frame = read_text(tmp_path, f"{HEADER},vwap,,vwap\n{ROW},11,x,y\n")
    assert values(frame) == [READ]
    payload = json.loads(frame["payload"][0])
    assert {name: payload[name] for name in set(payload) - set(HEADER.split(","))} == {
        "vwap 8": "11", "column 9": "x", "vwap 10": "y",
    }  # fmt: skip
    further = TYPED.with_columns(
        vwap=11.25, trades=pl.lit([1, 2]), age=pl.duration(days=1), key=pl.lit(b"x"), is_whole=pl.lit(value=True)
    )
    payload = json.loads(read_frame(tmp_path, further)["payload"][0])
    assert {name: payload[name] for name in payload.keys() - set(TYPED.columns)} == {
        "vwap": "11.25", "is_whole 9": "true",
    }  # fmt: skip


# Rows that the screen will reject


@pytest.mark.parametrize("symbol", ["", "  "])
def test_a_row_without_a_symbol_has_no_numbers(tmp_path: Path, symbol: str) -> None:
    nameless = ROW.replace("BRK.B", symbol)
    frame = read_text(tmp_path, f"{HEADER}\n{ROW}\n{nameless}\n")
    assert values(frame) == [READ, ("panel", "", FRIDAY, None, None, None, None, None)]
    assert json.loads(frame["payload"][1])["close"] == "11.5"
    typed = read_frame(tmp_path, TYPED.with_columns(symbol=pl.Series(["BRK.B", None])))
    assert values(typed) == [READ, ("panel", "", MONDAY, None, None, None, None, None)]


@pytest.mark.parametrize(
    ("row", "beyond"),
    [("A,2024-11-29,1,1,1,1", None), ("A,2024-11-29,1,1,1,1,1,000", "000"), ("A", None)],
    ids=["cut off", "thousands without quotes", "a symbol alone"],
)
def test_a_row_of_another_width_has_no_numbers(tmp_path: Path, row: str, beyond: str | None) -> None:
    frame = read_text(tmp_path, f"{HEADER}\n{ROW}\n{row}\n")
    assert values(frame)[0] == READ
    assert frame.row(1, named=True)["instrument_id"] == "A"
    assert frame.select(NUMBERS).row(1) == (None,) * 5
    payload = json.loads(frame["payload"][1])
    assert payload.get("beyond the header") == beyond
    assert ",".join(cell for cell in payload.values() if cell is not None) == row


def test_a_lone_quote_spoils_only_its_own_row(tmp_path: Path) -> None:
    frame = read_text(tmp_path, f'{HEADER}\n"A,2024-11-29,1,1,1,1,1\n{ROW}\n')
    assert values(frame)[1] == READ
    assert frame["close"].to_list() == [None, 11.5]


# Files that cannot be read

UNREADABLE = {
    "empty": (b"", "was an empty file"),
    "blank": (b"\n \r\n", "was an empty file"),
    "no rows": (f"{HEADER}\n".encode(), "expected rows below the header, was none"),
    "HTML": (b"\n<!DOCTYPE html><html></html>", "expected CSV, was an HTML or XML page"),
    "binary": (bytes(range(256)) * 20, "expected CSV in UTF-8, was binary"),
    "UTF-16": (HEADER.encode("utf-16"), "expected CSV in UTF-8"),
    "zero bytes": (b"symbol,date\0\n", "expected CSV in UTF-8, was binary"),
    "no symbol": (b"date,open,high,low,close,volume\n", "expected a column symbol, was: date, open, high"),
    "no header": (ROW.encode(), "expected columns symbol, date, open, high, low, close, volume, was: BRK.B"),
    "two closes": (f"{HEADER},Close\n{ROW},1".encode(), "expected one column close, was 2"),
    "symbols are dates": (
        b"date,symbol,open,high,low,close,volume\nA,2024-11-29,1,1,1,1,1",
        "expected dates in column date, was: A",
    ),
    "prices are text": (f"{HEADER}\nA,2024-11-29,x,1,1,1,1".encode(), "expected numbers in column open, was: x"),
    "no prices": (f"{HEADER}\nA,2024-11-29,,1,1,1,1".encode(), "expected numbers in column open, was: none"),
    "no symbols": (f"{HEADER}\n,2024-11-29,1,1,1,1,1".encode(), "expected symbols in column symbol, was: none"),
    "volume is text": (f"{HEADER}\nA,2024-11-29,1,1,1,1,x".encode(), "expected numbers in column volume, was: x"),
    "an endless cell": (HEADER.encode() + b'\n"' + b"9" * 200_000, "expected lines of separated cells, was: field"),
}


@pytest.mark.parametrize(("content", "reason"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_csv_that_cannot_be_read_says_why(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "panel.csv").write_bytes(content)
    with pytest.raises(SourceError, match=rf"panel\.csv: .*{reason}"):
        read_panel(tmp_path / "panel.csv")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"open": pl.Series([True, False])}, "expected numbers in column open, was Boolean"),
        ({"symbol": pl.Series([1, 2])}, "expected text in column symbol, was Int64"),
        ({"date": pl.Series([20241129, 20241202])}, "expected dates in column date, was Int64"),
        ({"close": pl.Series([None, None])}, "expected numbers in column close, was: none"),
        ({"low": pl.Series([[1.0], [2.0]])}, "expected a column low, was: symbol, date, open, high"),
    ],
)
def test_a_parquet_with_a_column_of_another_type_says_which(
    tmp_path: Path, change: dict[str, pl.Series], reason: str
) -> None:
    with pytest.raises(SourceError, match=rf"panel\.parquet: {reason}"):
        read_frame(tmp_path, TYPED.with_columns(**change))


def test_a_parquet_without_rows_or_without_a_column_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="expected rows, was none"):
        read_frame(tmp_path, TYPED.clear())
    with pytest.raises(SourceError, match="expected a column low, was: symbol, date"):
        read_frame(tmp_path, TYPED.drop("low"))


@pytest.mark.parametrize("content", [b"", HEADER.encode(), b"PAR1" + b"\0" * 99 + b"PAR1"], ids=["empty", "CSV", "cut"])
def test_what_is_no_parquet_says_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "panel.parquet").write_bytes(content)
    with pytest.raises(SourceError, match=r"panel\.parquet: expected Parquet, was: ."):
        read_panel(tmp_path / "panel.parquet")


def test_a_damaged_name_in_a_parquet_is_refused(tmp_path: Path) -> None:
    """Handed to polars as it is, it would end the process."""
    parquet.write_table(TYPED.to_arrow(), tmp_path / "panel.parquet", compression="none")
    content = (tmp_path / "panel.parquet").read_bytes()
    (tmp_path / "panel.parquet").write_bytes(content.replace(b"volume", b"vol\xf4me"))
    with pytest.raises(SourceError, match=r"panel\.parquet: expected Parquet, was: ."):
        read_panel(tmp_path / "panel.parquet")


def test_a_folder_is_no_panel(tmp_path: Path) -> None:
    (tmp_path / "panel.csv").mkdir()
    with pytest.raises(SourceError, match=r"panel\.csv: expected a file that can be read, was: Is a directory"):
        read_panel(tmp_path / "panel.csv")


# Damage

CLEAN = f"{HEADER}\n" + "".join(f"S{at},2024-11-29,{at}.5,{at + 2}.25,{at}.25,{at + 1}.5,{at}00\n" for at in range(30))


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, len(CLEAN) - 1))
def test_of_a_truncated_csv_only_the_last_row_can_change(tmp_path_factory: pytest.TempPathFactory, at: int) -> None:
    folder = tmp_path_factory.mktemp("cut")
    whole = values(read_text(folder, CLEAN))
    try:
        rows = values(read_text(folder, CLEAN[:at]))
    except SourceError:
        return
    assert rows[:-1] == whole[: len(rows) - 1]


@settings(max_examples=150, deadline=None)
@given(at=st.integers(0, len(CLEAN) - 1), byte=st.integers(0, 255))
def test_a_changed_byte_of_a_csv_spoils_a_line_or_two_or_the_file(
    tmp_path_factory: pytest.TempPathFactory, at: int, byte: int
) -> None:
    folder = tmp_path_factory.mktemp("flip")
    damaged = CLEAN.encode()[:at] + bytes([byte]) + CLEAN.encode()[at + 1 :]
    whole = set(values(read_text(folder, CLEAN)))
    (folder / "panel.csv").write_bytes(damaged)
    try:
        rows = values(read_panel(folder / "panel.csv"))
    except SourceError:
        return
    assert len(whole - set(rows)) <= 2


@pytest.mark.parametrize("symbol", ["A" * 21, "=cmd()", "A B", "<b>", "'; DROP TABLE x"])
def test_a_text_that_can_be_no_symbol_is_said_to_be_missing(tmp_path: Path, symbol: str) -> None:
    frame = read_text(tmp_path, f"{HEADER}\n{ROW}\n{symbol},2024-11-29,1,1,1,1,5\n")
    assert frame["instrument_id"].to_list()[1:] == [UNNAMED]
    assert frame["close"].to_list()[1:] == [None]
    assert json.loads(frame["payload"][1])["symbol"] == symbol
