"""What is refused of holdings files: single records, while the rest stands, and whole files."""

from __future__ import annotations

import json

import polars as pl
import pytest

from pipelines.sources.base import SourceError
from tests.sources.holdings_files import (
    ALFA,
    BETA,
    BODY,
    CASH,
    FUTURE,
    HEADER,
    NBSP,
    PREAMBLE,
    ROWS,
    ishares,
    read,
    values,
)

TEXT = ishares()


# Rows that are refused, while the rest stands

UNPARSABLE = (
    "12,34.00",
    "1,2345",
    "1.234,50",
    "1e5",
    "+5.00",
    "(5.00)",
    "5%",
    "$5.00",
    "NaN",
    "inf",
    "\u0665",
    "5.",
    ".5",
    "--",
    "x",
)


@pytest.mark.parametrize("text", UNPARSABLE)
def test_a_number_that_is_not_well_formed_refuses_its_row(text: str) -> None:
    body = (ALFA, BETA.replace('"800,000.00","40.00"', f'"{text}","40.00"'), CASH, FUTURE)
    found = read(ishares(body))
    assert values(found.rows) == [ROWS[0], *ROWS[2:]]
    assert found.refused.select("line", "rule").rows() == [(12, "unparsable")]
    payload = json.loads(found.refused["payload"][0])
    assert (payload["Ticker"], payload["Market Value"], payload["Accrual Date"]) == ("TRUE", text, "-")


@pytest.mark.parametrize(
    ("text", "number"), [("1234.5", 1234.5), ("-0.01", -0.01), ("1,234,567", 1234567.0), ("7", 7.0)]
)
def test_numbers_with_and_without_separators_are_read(text: str, number: float) -> None:
    found = read(ishares((ALFA, BETA, CASH, FUTURE.replace('"10.00"', f'"{text}"'))))
    assert found.rows["quantity"][3] == number


DAMAGED = {
    "a cell less": BETA.replace(',"1.00"', ""),
    "a cell more": BETA + ',"x"',
    "thousands without quotes": BETA.replace('"800,000.00","40.00"', '800,000.00,"40.00"'),
    "cut": BETA[:60] + '"',
    "two cells": BETA[:26],
}


@pytest.mark.parametrize("line", DAMAGED.values(), ids=DAMAGED)
def test_a_record_of_another_width_is_refused(line: str) -> None:
    found = read(ishares((ALFA, line, CASH, FUTURE)))
    assert values(found.rows) == [ROWS[0], *ROWS[2:]]
    assert found.refused.select("line", "rule").rows() == [(12, "wrong_width")]
    assert json.loads(found.refused["payload"][0])[:2] == ["TRUE", "FICTIONAL BETA CO"]


@pytest.mark.parametrize("line", ['"TRUE"', '"TRUE",', '"TRUE"' + "," * 14])
def test_a_ticker_alone_is_a_record_that_lost_the_rest_and_no_text(line: str) -> None:
    found = read(ishares((ALFA, line, CASH, FUTURE)))
    assert values(found.rows) == [ROWS[0], *ROWS[2:]]
    assert found.refused.select("line", "rule").rows() == [(12, "wrong_width")]
    assert json.loads(found.refused["payload"][0])[0] == "TRUE"


BROKEN = {
    "no opening quote": BETA.replace('"TRUE"', 'TRUE"'),
    "no closing quote": BETA.replace('"TRUE"', '"TRUE'),
    "a quote in a cell": BETA.replace("BETA", 'BE"TA'),
    "a letter for a comma": BETA.replace('","Equity"', '"x"Equity"'),
    "a letter that no text holds": BETA.replace("BETA", "BE\x07TA"),
    "a letter that was lost": BETA.replace("BETA", "BE\ufffdTA"),
}


@pytest.mark.parametrize("line", BROKEN.values(), ids=BROKEN)
def test_a_broken_record_is_refused_and_the_next_one_read(line: str) -> None:
    found = read(ishares((ALFA, line, CASH, FUTURE)))
    assert values(found.rows) == [ROWS[0], *ROWS[2:]]
    assert found.refused.select("line", "rule").rows() == [(12, "unparsable")]
    assert "TRUE" in found.refused["payload"][0]


# Files that are refused

NO_DATA = (PREAMBLE[0], 'Fund Holdings as of,"-"')
OTHER_HEADER = HEADER.replace("Price", "Cost")
CUT_ROW = ishares(footer=())
REFUSED: dict[str, tuple[str, str]] = {
    "empty": ("", "expected a holdings file, was an empty file"),
    "blank": ("\ufeff \n\r\n", "was an empty file"),
    "HTML": ("\ufeff\n<!DOCTYPE html><html>Ticker,Name</html>", "was an HTML or XML page"),
    "a workbook in XML": ('<?xml version="1.0"?><ss:Workbook/>', "was an HTML or XML page"),
    "prose": ("This is, plainly,\nno such file", "was none; the file begins: This is, plainly,"),
    "no data": (TEXT.replace('"Dec 06, 2024"', '"-"'), 'was Fund Holdings as of,"-"'),
    "no data and no body": (ishares((), preamble=NO_DATA), 'was Fund Holdings as of,"-"'),
    "no data and no header": ("\n".join(NO_DATA), 'was Fund Holdings as of,"-"'),
    "a preamble alone": ("\n".join(PREAMBLE), "expected a header that begins Ticker"),
    "no body": (ishares(()), "expected records below the header on line 10, was none"),
    "cut after a record": (CUT_ROW, "the end of the file after line 14: it is cut off"),
    "cut after a line break": (CUT_ROW + "\n", "the end of the file after line 14: it is cut off"),
    "cut in quotes": (CUT_ROW[:-5], "was cut off within the quotes that begin on line 14"),
    "cut between cells": (CUT_ROW[: CUT_ROW.rindex(",")], "the end of the file after line 14: it is cut off"),
    "the second body is cut": (TEXT + "\n" + CUT_ROW, "it is cut off"),
    "two bodies": (TEXT + "\n" + ishares(BODY[:3]), "was other records from line 27 on"),
    "records after a gap": (ishares((ALFA, NBSP, BETA, CASH)), "was other records from line 13 on"),
    "half a record after a gap": (ishares((*BODY, NBSP, ALFA[:40] + '"')), "expected text after the end of the body"),
    "a broken record after a gap": (ishares((*BODY, NBSP, ALFA[1:])), "expected text after the end of the body"),
    "cut after a ticker": (ishares((*BODY[:3], FUTURE[:6]), footer=()), "after line 14: it is cut off"),
    "another header": (ishares((*BODY, OTHER_HEADER, *BODY)), "was another on line 15 than on line 10"),
    "no date line": (ishares(preamble=PREAMBLE[:1]), "one line that begins Fund Holdings as of .* was none"),
    "two dates": (
        ishares(preamble=(*PREAMBLE, 'Fund Holdings as of,"Dec 05, 2024"')),
        "was Dec 05, 2024, Dec 06, 2024",
    ),
    "no such date": (TEXT.replace("Dec 06", "Feb 30"), "expected a date of the holdings, was Feb 30, 2024"),
    "another language": (TEXT.replace("Dec 06", "Dez 06"), "expected a date of the holdings, was Dez 06, 2024"),
    "broken above the body": (TEXT.replace('Stock,"-"', 'Stock,"-"x'), "well placed quotes above the body, was line 5"),
    "a column is missing": (TEXT.replace("Exchange,", "Bourse,"), "expected a column Exchange on line 10"),
    "no weight": (TEXT.replace("Weight (%)", "Notional Weight"), r"expected a column Weight \(%\) or Market Weight"),
    "a column twice": (TEXT.replace("Notional Value", "Market Value"), "expected each column once, was Market Value"),
    "mostly unreadable": (TEXT.replace('00"', '00x"'), "was 4 refused and 0 kept"),
    "no asset class Equity": (TEXT.replace('"Equity"', '"Stock"'), "expected a printed_asset_class like"),
    "sectors that are none": (TEXT.replace('"Communication"', '"-"').replace('"Information Technology"', '"Chips"'),
                              "expected a printed_sector like"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_file_that_cannot_be_trusted_says_why(text: str, reason: str) -> None:
    with pytest.raises(SourceError, match=rf"^holdings\.xls: .*{reason}"):
        read(text, "holdings.xls")


ENCODINGS = ("utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "cp037", "mac-roman")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_other_encodings_are_refused(encoding: str) -> None:
    with pytest.raises(SourceError, match=r"encoding|expected a header"):
        read(TEXT.removeprefix("\ufeff").encode(encoding))


def test_a_file_that_was_decoded_wrongly_once_is_refused() -> None:
    with pytest.raises(SourceError, match="expected holdings of a known fund of ishares"):
        read(TEXT.encode().decode("latin-1"))


def test_an_error_is_short() -> None:
    with pytest.raises(SourceError) as error:
        read("Ticker," + ",".join(f"column {at}" for at in range(10_000)) + "\n1")
    assert len(str(error.value)) < 500


def test_every_holding_is_kept_or_refused() -> None:
    body = (ALFA, BETA.replace("40.00", "4,0.00"), CASH + ",", FUTURE)
    found = read(ishares(body))
    lines = pl.concat([found.rows["line"], found.refused["line"]]).sort().to_list()
    assert lines == [11, 12, 13, 14]
