"""Which fund and date a holdings file is of: what it says, what its name says, and when the two do not agree."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from pipelines.sources.base import SourceError
from pipelines.sources.holdings import read_holdings
from tests.sources.holdings_files import FRIDAY, FUNDS, PREAMBLE, invesco, ishares, read, ssga

TEXT = ishares()
BARE = ishares(preamble=())

NAMES = {
    "iShares Russell 2000 ETF": "IWM",
    "iShares Core S&P 500 ETF": "IVV",
    "  ISHARES  RUSSELL 3000\u00a0ETF ": "IWV",
    "iShares® Russell 2000 ETF": "IWM",
}


@pytest.mark.parametrize(("name", "fund"), NAMES.items())
def test_the_first_line_names_the_fund(name: str, fund: str) -> None:
    assert read(ishares(preamble=(name, *PREAMBLE[1:]))).fund_id == fund


@pytest.mark.parametrize("name", ["iShares Russell 1000 ETF", "SPDR S&P 500 ETF Trust", "IWM", "", "-"])
def test_a_fund_that_is_not_known_to_the_publisher_is_refused(name: str) -> None:
    with pytest.raises(SourceError, match=r"expected holdings of a known fund of ishares .*, was those of"):
        read(ishares(preamble=(name or "\u00a0", *PREAMBLE[1:])))


def test_funds_are_those_that_are_handed_over() -> None:
    others = FUNDS.filter(pl.col("fund_id") != "IWM")
    with pytest.raises(SourceError, match=r"IWM\.csv: .*\(iShares Core S&P 500 ETF, iShares Russell 3000 ETF\)"):
        read_holdings(TEXT.encode(), "IWM.csv", others)


@pytest.mark.parametrize(
    "name", ["holdings.csv", "IWM.csv", "iwm-latest.csv", "IWMX_holdings.csv", "a/IVV/IWM_2020-01-02.csv", "IVVIWM.csv"]
)
def test_a_name_that_begins_otherwise_or_with_the_fund_is_no_matter(name: str) -> None:
    found = read(TEXT, name)
    assert (found.fund_id, found.as_of, found.as_of_basis) == ("IWM", FRIDAY, "file")


@pytest.mark.parametrize("name", ["IVV_holdings_2024-12-06.csv", "ivv.csv", "SPY holdings.csv", "QQQ-2024.csv"])
def test_a_name_that_begins_with_another_fund_refuses_the_file(name: str) -> None:
    with pytest.raises(SourceError, match=r"expected holdings of (IVV|SPY|QQQ) by the file's name, was those of IWM"):
        read(TEXT, name)


DATES = {
    "IWM_holdings_2024-09-27_no_preamble.csv": dt.date(2024, 9, 27),
    "iwm_2024-02-29.csv": dt.date(2024, 2, 29),
    "folder_2020-01-01/IWM_2024-09-27.csv": dt.date(2024, 9, 27),
    "IWM_2024-09-27_2024-09-27.csv": dt.date(2024, 9, 27),
}


@pytest.mark.parametrize(("name", "date"), DATES.items())
def test_without_a_preamble_the_name_says_fund_and_date(name: str, date: dt.date) -> None:
    found = read(BARE, name)
    assert (found.fund_id, found.as_of, found.as_of_basis) == ("IWM", date, "file_name")


REFUSED_NAMES = {
    "holdings_2024-09-27.csv": "expected a preamble .* and the name holdings_2024-09-27.csv",
    "IWM.csv": "expected a preamble",
    "IWM2024-09-27.csv": "expected a preamble",
    "IWM_20240927.csv": "expected a preamble",
    "IWM_2024-09-271.csv": "expected a preamble",
    "IWM_2023-02-29.csv": "expected a date in the file's name, was 2023-02-29",
    "IWM_2024-09-27_2024-09-30.csv": "expected one date in the file's name, was 2024-09-27, 2024-09-30",
    "SPY_2024-09-27.csv": "expected holdings of a known fund of ishares",
}


@pytest.mark.parametrize(("name", "reason"), REFUSED_NAMES.items())
def test_without_a_preamble_a_name_that_does_not_say_it_refuses_the_file(name: str, reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        read(BARE, name)


def test_a_preamble_that_lost_its_date_does_not_take_that_of_the_name() -> None:
    with pytest.raises(SourceError, match="Fund Holdings as of above the header, was none"):
        read(ishares(preamble=(PREAMBLE[0], *PREAMBLE[2:])), "IWM_2024-12-06.csv")


def test_a_date_to_come_is_left_to_the_caller() -> None:
    assert read(TEXT.replace("2024", "2099")).as_of == dt.date(2099, 12, 6)


@pytest.mark.parametrize("content", [ssga(), invesco().encode()], ids=["ssga", "invesco"])
def test_names_count_in_every_layout(content: bytes) -> None:
    with pytest.raises(SourceError, match=r"expected holdings of IWM by the file's name, was those of (SPY|QQQ)"):
        read(content, "IWM.csv")
