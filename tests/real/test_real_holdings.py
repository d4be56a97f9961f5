"""Holdings files as the vendors published them, held against what the csv module and openpyxl see in them."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from pipelines.seeds import funds
from pipelines.sources.base import SourceError
from pipelines.sources.holdings import HoldingsFile, read_holdings

FUNDS = funds()
IVV, IWM = "IVV_holdings_2024-12-06.csv", "IWM_holdings_2024-09-27_no_preamble.csv"
SPY = "SPY_holdings_2024-03-19.xlsx"
WIDTH = 15


def content_of(folder: Path, name: str) -> bytes:
    return (folder / "holdings" / name).read_bytes()


def read(folder: Path, name: str) -> HoldingsFile:
    return read_holdings(content_of(folder, name), name, FUNDS)


def records_of(folder: Path, name: str) -> list[list[str]]:
    """Return the records below the header: those as wide as it."""
    with (folder / "holdings" / name).open(encoding="utf-8-sig", newline="") as file:
        return [record for record in csv.reader(file) if len(record) == WIDTH and record[0] != "Ticker"]


def stated(text: str) -> str | None:
    return None if text == "-" else text


@pytest.mark.parametrize(
    ("name", "fund", "as_of", "basis", "lines", "stocks"),
    [
        (IVV, "IVV", dt.date(2024, 12, 6), "file", (11, 518), 503),
        (IWM, "IWM", dt.date(2024, 9, 27), "file_name", (2, 1988), 1982),
    ],
)
def test_a_file_of_ishares_is_read_cell_by_cell(
    real_data: Path, name: str, fund: str, as_of: dt.date, basis: str, lines: tuple[int, int], stocks: int
) -> None:
    found = read(real_data, name)
    assert found[:3] == (fund, as_of, basis)
    assert found.refused.is_empty()
    assert (found.rows["printed_asset_class"] == "Equity").sum() == stocks
    assert found.rows["line"].to_list() == list(range(lines[0], lines[1] + 1))
    records = records_of(real_data, name)
    columns = ("holding_name", "printed_sector", "printed_asset_class", "location", "exchange", "holding_currency")
    assert found.rows["ticker"].to_list() == [record[0] for record in records]
    assert found.rows.select(columns).rows() == [
        tuple(stated(record[at]) for at in (1, 2, 3, 9, 10, 11)) for record in records
    ]
    numbers = found.rows.select("market_value", "printed_weight_pct", "quantity", "holding_price")
    assert numbers.rows() == [tuple(float(record[at].replace(",", "")) for at in (4, 5, 7, 8)) for record in records]


def test_known_lines_of_the_russell_are_kept_as_printed(real_data: Path) -> None:
    rows = read(real_data, IWM).rows
    assert rows.filter(pl.col("ticker") == "TRUE")["holding_name"].to_list() == ["TRUECAR INC"]
    assert rows.filter(pl.col("ticker") == "-").height == 5
    assert rows.filter(pl.col("holding_name") == "PULSE BIOSCIENCE INC WARRANTS").height == 2
    assert rows.filter(pl.col("ticker") == "USD")["market_value"].to_list() == [-151_604_687.06]


def test_a_workbook_of_ssga_is_read_cell_by_cell(real_data: Path) -> None:
    found = read(real_data, SPY)
    assert found[:3] == ("SPY", dt.date(2024, 3, 19), "file")
    assert found.refused.is_empty()
    sheet = openpyxl.load_workbook(real_data / "holdings" / SPY)["holdings"]
    rows = list(sheet.iter_rows(min_row=6, max_row=509, max_col=8, values_only=True))
    columns = ("holding_name", "ticker", "security_identifier", "printed_weight_pct", "quantity", "holding_currency")
    assert found.rows.select(columns).rows() == [(row[0], row[1], row[2], row[4], row[6], row[7]) for row in rows]
    assert found.rows["line"].to_list() == list(range(6, 510))
    assert found.rows["printed_sector"].null_count() == found.rows.height == 504
    assert found.rows["ticker"].is_in(["BRK.B", "BF.B", "-"]).sum() == 3


@pytest.mark.parametrize(("name", "other"), [(IVV, "IWM.csv"), (SPY, "DIA.xlsx")])
def test_the_file_of_another_fund_than_its_name_says_is_refused(real_data: Path, name: str, other: str) -> None:
    with pytest.raises(SourceError, match="by the file's name, was those of"):
        read_holdings(content_of(real_data, name), other, FUNDS)


@pytest.mark.parametrize("name", [IVV, IWM])
def test_a_file_that_is_cut_off_in_its_body_is_refused(real_data: Path, name: str) -> None:
    content = content_of(real_data, name)
    end = content.index("\n\u00a0\n".encode(), content.index(b"Ticker,"))
    for size in [*range(0, end, end // 12), *range(end - 12, end + 3)]:
        with pytest.raises(SourceError):
            read_holdings(content[:size], name, FUNDS)
    assert read_holdings(content[: end + 3], name, FUNDS).rows.equals(read(real_data, name).rows)


SWAPS = [
    ("Ticker", "Name"), ("Name", "Sector"), ("Sector", "Asset Class"), ("Asset Class", "Market Value"),
    ("Market Value", "Weight (%)"), ("Market Value", "Quantity"), ("Market Value", "Price"), ("Quantity", "Price"),
    ("Weight (%)", "Quantity"), ("Weight (%)", "Price"), ("Weight (%)", "FX Rate"), ("Price", "FX Rate"),
    ("Location", "Exchange"), ("Exchange", "Currency"), ("Name", "Exchange"), ("Location", "Market Currency"),
]  # fmt: skip


@pytest.mark.parametrize("name", [IVV, IWM])
@pytest.mark.parametrize(("first", "second"), SWAPS)
def test_columns_under_each_others_names_are_found(real_data: Path, name: str, first: str, second: str) -> None:
    text = content_of(real_data, name).decode().replace("Shares,Price", "Quantity,Price")
    header = next(line for line in text.split("\n") if line.removeprefix("\ufeff").startswith("Ticker,"))
    mark = "\ufeff" if header.startswith("\ufeff") else ""
    labels = header.removeprefix(mark).split(",")
    one, other = labels.index(first), labels.index(second)
    labels[one], labels[other] = labels[other], labels[one]
    with pytest.raises(SourceError, match="expected"):
        read_holdings(text.replace(header, mark + ",".join(labels)).encode(), name, FUNDS)


def test_the_file_twice_in_one_answer_counts_once(real_data: Path) -> None:
    content = content_of(real_data, IVV)
    found = read_holdings(content + b"\n" + content, IVV, FUNDS)
    assert found.rows.equals(read(real_data, IVV).rows)
    assert found.refused["rule"].to_list() == ["duplicate"] * 508
