"""Yahoo's attributes of companies: what is read in its own words, what is refused, and what is no such file."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json

import polars as pl
import pytest

from pipelines.contracts import raw
from pipelines.contracts.check import checked
from pipelines.sources.base import SourceError
from pipelines.sources.company_attribute import CompanyAttributes, read_company_attributes

NAME = "sp500_companies_yahoo_2024-11-15.csv"
COLUMNS = (
    *("Exchange", "Symbol", "Shortname", "Longname", "Sector", "Industry", "Currentprice", "Marketcap", "Country"),
    "Longbusinesssummary",
)
ROW = {
    "Exchange": "NMS",
    "Symbol": "FICT",
    "Shortname": "Fictional",
    "Longname": "Fictional Widgets, Inc.",
    "Sector": "Technology",
    "Industry": "Software - Infrastructure",
    "Currentprice": "141.98",
    "Marketcap": "3482769162240",
    "Country": "United States",
    "Longbusinesssummary": 'Made up, and says "so".\nOn two lines.',
}


def text(*rows: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerows([columns, *([(ROW | row)[name] for name in columns] for row in rows)])
    return file.getvalue()


def read(*rows: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> CompanyAttributes:
    return read_company_attributes(text(*rows, columns=columns).encode(), NAME)


def test_attributes_are_read_in_their_own_words_and_keep_their_contract() -> None:
    found = read({})
    assert found.attributes.rows(named=True) == [
        {
            "sector_scheme": "yahoo",
            "symbol": "FICT",
            "as_of": dt.date(2024, 11, 15),
            "company_name": "Fictional Widgets, Inc.",
            "scheme_sector": "Technology",
            "industry": "Software - Infrastructure",
            "country": "United States",
            "market_cap": 3482769162240.0,
        }
    ]
    assert found.refused.is_empty()
    now = dt.datetime(2024, 12, 2, tzinfo=dt.UTC)
    stamps = {"known_basis": "observed", "source": "files", "payload_hash": "x", "known_from": now, "fetched_at": now}
    stamped = found.attributes.with_columns(**{name: pl.lit(value) for name, value in stamps.items()})
    checked(raw.CompanyAttribute, stamped)


def test_empty_cells_are_null_and_the_short_name_stands_for_a_long_one_that_is_absent() -> None:
    found = read(dict.fromkeys(("Longname", "Sector", "Industry", "Country", "Marketcap"), ""))
    assert found.attributes.drop("sector_scheme", "as_of").rows() == [("FICT", "Fictional", None, None, None, None)]


def test_columns_may_stand_anywhere_and_symbols_stay_as_yahoo_spells_them() -> None:
    found = read({"Symbol": "BRK-B"}, {"Symbol": "FICT.TO", "Marketcap": "0.5"}, columns=COLUMNS[::-1])
    assert found.attributes.select("symbol", "market_cap").rows() == [("BRK-B", 3482769162240.0), ("FICT.TO", 0.5)]


ODD = {
    "no symbol": {"Symbol": ""},
    "symbol in small letters": {"Symbol": "odd"},
    "symbol with a blank": {"Symbol": "O DD"},
    "no name": {"Symbol": "ODD", "Longname": "", "Shortname": " "},
    "name of two lines": {"Symbol": "ODD", "Longname": "Fictional\nWidgets"},
    "sector of two lines": {"Symbol": "ODD", "Sector": "Tech\nnology"},
    "no number": {"Symbol": "ODD", "Marketcap": "3.4T"},
    "not a number": {"Symbol": "ODD", "Marketcap": "nan"},
    "a negative value": {"Symbol": "ODD", "Marketcap": "-1"},
    "a grouped number": {"Symbol": "ODD", "Marketcap": "3,482"},
}


@pytest.mark.parametrize("row", ODD.values(), ids=ODD)
def test_a_record_with_an_odd_cell_is_refused(row: dict[str, str]) -> None:
    found = read({}, row, {"Symbol": "NEXT"})
    assert found.attributes["symbol"].to_list() == ["FICT", "NEXT"]
    assert found.refused.select("line", "rule").rows() == [(4, "unparsable")]  # each summary takes two lines
    assert json.loads(found.refused["payload"][0])["Sector"] == (ROW | row)["Sector"]


def test_a_further_record_of_a_symbol_and_one_of_another_width_are_refused() -> None:
    content = text({}, {"Marketcap": "1"}, {"Symbol": "NEXT"}, {"Symbol": "LAST"}) + "NMS,ODD,Odd\n\n"
    found = read_company_attributes(content.encode(), NAME)
    assert found.attributes.select("symbol", "market_cap").rows()[0] == ("FICT", 3482769162240.0)
    assert found.refused.select("line", "rule").rows() == [(4, "duplicate"), (10, "wrong_width")]
    assert json.loads(found.refused["payload"][1]) == ["NMS", "ODD", "Odd"]


@pytest.mark.parametrize(
    ("name", "was"),
    [
        ("companies.csv", "none"),
        ("companies_2024-11-31.csv", "2024-11-31"),
        ("2024-11-15_to_2024-11-16.csv", "2024-11-15, 2024-11-16"),
        ("companies_12024-11-15.csv", "none"),
    ],
)
def test_the_name_must_hold_one_date(name: str, was: str) -> None:
    with pytest.raises(SourceError, match=rf"{name}: expected one date such as 2024-11-15 in the name, was {was}"):
        read_company_attributes(text({}).encode(), name)


NO_FILES = {
    "HTML": (b"<html></html>", "expected CSV, was an HTML or XML page"),
    "empty": (b"\n", "expected CSV, was an empty file"),
    "latin-1": (
        text({"Longname": "Médias"}).encode("latin-1"),
        "expected CSV in UTF-8, was binary or another encoding",
    ),
    "another file": (b"symbol,name,opt-in,opt-out\n", "expected one column Symbol, was 0 among: symbol, name"),
    "a lost quote": (text({}, {}).replace('"\nNMS', "\nNMS", 1).encode(), "expected a CSV record, was: "),
    "cut in a summary": (text({})[:-8].encode(), "line 2: expected a CSV record, was: unexpected end of data"),
    "mostly odd": (text({"Marketcap": "x"}).encode(), "was 1 refused and 0 kept; first: line 2, unparsable"),
}


@pytest.mark.parametrize(("content", "reason"), NO_FILES.values(), ids=NO_FILES)
def test_what_is_no_such_file_is_named_with_the_reason(content: bytes, reason: str) -> None:
    with pytest.raises(SourceError, match=rf"sp500_companies_yahoo_2024-11-15\.csv: .*{reason}"):
        read_company_attributes(content, NAME)
