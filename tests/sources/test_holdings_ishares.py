"""Holdings files of iShares: every layout that is about, and what a file must be to be read."""

from __future__ import annotations

import json

import pytest

from pipelines.contracts.received import ReceivedHolding, RefusedRow
from pipelines.sources.base import SourceError
from tests.sources.holdings_files import (
    ALFA,
    BETA,
    BODY,
    CASH,
    FOOTER,
    FRIDAY,
    FUTURE,
    HEADER,
    NBSP,
    ROWS,
    ishares,
    read,
    values,
)

TEXT = ishares()
BARE = ishares(preamble=())
SEPARATOR = '","'
BARE_NAME = "IWM_holdings_2024-12-06.csv"
NO_WEIGHT = (
    "Ticker,Name,Type,Sector,Asset Class,Market Value,Notional Value,Quantity,Price,Location,Exchange,Currency,FX Rate,"
    "Market Currency,Accrual Date,Notional Weight,Market Weight"
)
NO_WEIGHT_BODY = (
    '"ZQA","FICTIONAL ALFA INC","EQUITY","Information Technology","Equity","1,234,500.00","1,234,500.00","10,000.00",'
    '"123.45","United States","NASDAQ","USD","1.00","USD","-","61.11","61.73"',
    '"TRUE","FICTIONAL BETA CO","EQUITY","Communication","Equity","800,000.00","800,000.00","16,000.00","50.00",'
    '"United States","New York Stock Exchange Inc.","USD","1.00","USD","-","39.11","40.00"',
    '"USD","USD CASH","CASH","Cash and/or Derivatives","Cash","-34,500.00","-34,500.00","-34,500.00","100.00",'
    '"United States","-","USD","1.00","USD","-","-0.22","-1.73"',
    '"ZQZ4","FICTIONAL FUTURE DEC 24","INDEX","Cash and/or Derivatives","Futures","0.00","250,000.00","10.00",'
    '"2,500.00","-","Index And Options Market","USD","1.00","USD","-","12.50","0.00"',
)


def without_line(rows: list[tuple]) -> list[tuple]:
    return [row[1:] for row in rows]


# Layouts


def test_the_full_layout_is_read_cell_by_cell() -> None:
    found = read(TEXT)
    ReceivedHolding.validate(found.rows)
    RefusedRow.validate(found.refused)
    assert (found.fund_id, found.as_of, found.as_of_basis) == ("IWM", FRIDAY, "file")
    assert values(found.rows) == ROWS
    assert found.rows["security_identifier"].null_count() == len(ROWS)
    assert found.refused.is_empty()


SAME = {
    "no byte order mark": TEXT.removeprefix("\ufeff"),
    "CRLF": TEXT.replace("\n", "\r\n"),
    "the share column of before November 2024": TEXT.replace("Quantity", "Shares"),
    "a column more": TEXT.replace("Accrual Date", "Accrual Date,New Column").replace('"USD","-"', '"USD","-","x"'),
    "without quotes where none are needed": TEXT.replace('"USD"', "USD").replace('"Equity"', "Equity"),
    "a blank line for the non-breaking space": TEXT.replace(NBSP, ""),
    "the text directly below the body": ishares(footer=FOOTER[1:]),
    "no text": ishares(footer=(NBSP,)),
    "no text, and the line is ended": ishares(footer=(NBSP, "")),
    "a short text": ishares(footer=(NBSP, '"Made up."')),
    "a text without quotes": ishares(footer=(NBSP, "Holdings subject to change, as made up, always")),
    "a text that is cut off": TEXT[:-20],
    "a date without quotes": TEXT.replace('"Dec 06, 2024"', "Dec 06, 2024"),
    "padded by a spreadsheet": TEXT.replace(f"\n{NBSP}\n", f"\n{NBSP}{',' * 14}\n").replace(
        "ETF\n", f"ETF{',' * 14}\n"
    ),
    "other letter case in the header": TEXT.replace("Market Value", "MARKET VALUE"),
}


@pytest.mark.parametrize("text", SAME.values(), ids=SAME)
def test_variants_of_the_layout_state_the_same(text: str) -> None:
    found = read(text)
    assert (found.fund_id, found.as_of, found.as_of_basis) == ("IWM", FRIDAY, "file")
    assert values(found.rows) == ROWS
    assert found.refused.is_empty()


def test_columns_are_found_by_name_wherever_they_stand() -> None:
    def turned(line: str, separator: str) -> str:
        first, *others = line.split(separator)
        return separator.join((first, *reversed(others)))

    body = tuple(f'"{turned(line[1:-1], SEPARATOR)}"' for line in BODY)
    assert values(read(ishares(body, turned(HEADER, ","))).rows) == ROWS


def test_the_layout_without_weight_takes_the_market_weight() -> None:
    found = read(ishares(NO_WEIGHT_BODY, NO_WEIGHT))
    assert values(found.rows) == ROWS


def test_a_file_that_lost_its_preamble_takes_fund_and_date_from_its_name() -> None:
    found = read(BARE, BARE_NAME)
    assert (found.fund_id, found.as_of, found.as_of_basis) == ("IWM", FRIDAY, "file_name")
    assert found.rows["line"].to_list() == [2, 3, 4, 5]
    assert without_line(values(found.rows)) == without_line(ROWS)


def test_identifiers_are_taken_where_a_file_has_them() -> None:
    header = HEADER.replace("Price,", "CUSIP,ISIN,Price,")
    body = tuple(line.replace('.00","123.45"', '.00","00000ZQ01","US00000ZQ011","123.45"') for line in (ALFA,))
    found = read(ishares((*body, BETA.replace('"50.00"', '"-","-","50.00"')), header))
    assert found.rows["security_identifier"].to_list() == ["00000ZQ01", None]


def test_words_of_other_languages_are_text() -> None:
    body = (ALFA.replace("ZQA", "NA"), BETA, CASH.replace('"USD","USD CASH"', '"-","NULL"'), FUTURE)
    found = read(ishares(body))
    assert found.rows["ticker"].to_list() == ["NA", "TRUE", "-", "ZQZ4"]
    assert found.rows["holding_name"][2] == "NULL"


def test_blanks_around_a_cell_do_not_count_and_an_empty_cell_is_nothing() -> None:
    body = (
        ALFA.replace('"ZQA"', f'" ZQA{NBSP}"').replace('"123.45"', '" 123.45 "'),
        BETA,
        CASH.replace('"USD","USD C', '"","USD C'),
    )
    found = read(ishares((*body, FUTURE.replace('"0.00","0.00"', '"","-"'))))
    assert found.rows["ticker"].to_list() == ["ZQA", "TRUE", "-", "ZQZ4"]
    assert found.rows["holding_price"][0] == 123.45
    assert found.rows.select("market_value", "printed_weight_pct").row(3) == (None, None)


def test_a_name_over_two_lines_moves_the_lines_below_it() -> None:
    found = read(ishares((ALFA.replace("FICTIONAL ALFA INC", "FICTIONAL\nALFA INC"), *BODY[1:])))
    assert found.rows["line"].to_list() == [11, 13, 14, 15]
    assert found.rows["holding_name"][0] == "FICTIONAL\nALFA INC"


def test_a_doubled_quote_is_one_letter() -> None:
    found = read(ishares((ALFA.replace("ALFA", '""ALFA""'), *BODY[1:])))
    assert found.rows["holding_name"][0] == 'FICTIONAL "ALFA" INC'


# A body that stands there again

REPEATED = {
    "the whole file": ("\n" + TEXT, 28),
    "the whole file without its mark": ("\n" + TEXT.removeprefix("\ufeff"), 28),
    "header and body": ("\n" + "\n".join((HEADER, *BODY, *FOOTER)), 19),
}


@pytest.mark.parametrize(("again", "line"), REPEATED.values(), ids=REPEATED)
def test_a_body_that_is_repeated_counts_once(again: str, line: int) -> None:
    found = read(TEXT + again)
    assert values(found.rows) == ROWS
    assert found.refused["rule"].to_list() == ["duplicate"] * 4
    assert found.refused["line"].to_list() == list(range(line, line + 4))
    assert json.loads(found.refused["payload"][0])["Ticker"] == "ZQA"


def test_a_body_that_follows_itself_counts_once() -> None:
    found = read(ishares((*BODY, *BODY)))
    assert values(found.rows) == ROWS
    assert found.refused.select("line", "rule").rows() == [(line, "duplicate") for line in (15, 16, 17, 18)]


def test_a_file_within_whose_body_the_file_begins_again_counts_once() -> None:
    found = read(ishares(footer=()) + "\n" + TEXT)
    assert values(found.rows) == ROWS
    assert set(found.refused["rule"]) == {"duplicate"}


def test_two_equal_lines_within_a_body_are_two_holdings() -> None:
    escrow = ALFA.replace("ZQA", "-").replace("1,234,500.00", "0.12").replace("61.73", "0.00")
    found = read(ishares((ALFA, BETA, CASH, FUTURE, escrow, escrow)))
    assert found.rows["ticker"].to_list() == ["ZQA", "TRUE", "USD", "ZQZ4", "-", "-"]
    assert found.refused.is_empty()


MANY = tuple(
    f'"ZQ{chr(65 + number)}","FICTIONAL {chr(65 + number)} INC","Information Technology","Equity",'
    f'"{number + 1},000.00","{(number + 1) / 3.25:.2f}","{number + 1},000.00","{number + 1}00.00","10.00",'
    '"United States","NASDAQ","USD","1.00","USD","-"'
    for number in range(25)
)
"""Weights of 1 to 25 parts in 325."""


def test_records_that_are_missing_within_a_file_are_missed_by_their_weight() -> None:
    assert read(ishares(MANY)).rows.height == 25
    # Without the last one, of 7.69 per cent, it may be cash that is missing; without the last two it is not.
    assert read(ishares(MANY[:-1])).rows.height == 24
    with pytest.raises(SourceError, match=r"expected weights that add up to about 100, was 84\.9\d in 23 records"):
        read(ishares(MANY[:-2]))
