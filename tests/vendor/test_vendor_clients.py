"""yfinance itself against the vendor: what it makes of its answers and its faults."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import polars as pl
import pytest
from curl_cffi import requests

from pipelines.contracts.received import ReceivedBar
from pipelines.seeds import instruments
from pipelines.sources.base import SourceError
from pipelines.sources.yahoo import YahooSource
from tests.vendor.fault import (
    YAHOO_KINDS,
    Dropped,
    EmptyAnswer,
    Fault,
    HtmlPage,
    NotFound,
    RateLimited,
    ServerError,
    Truncated,
)
from tests.vendor.listing import INDICES, Plan
from tests.vendor.market import Market
from tests.vendor.market_fault import LostSession, PartialLastBar
from tests.vendor.server import Vendor

MARKET = Market(Plan(symbols=40, years=2, last=dt.date(2024, 12, 6)))
PRICES = ("open", "high", "low", "close")


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor(MARKET) as running:
        yield running


def stocks(*symbols: str) -> pl.DataFrame:
    return pl.DataFrame({"instrument_id": symbols, "vendor_symbol": symbols})


def bars(vendor: Vendor, *symbols: str) -> pl.DataFrame:
    return YahooSource(vendor.url).bars(stocks(*symbols), {}, None, vendor.now)


# Bars


def test_the_source_reads_the_indices(vendor: Vendor) -> None:
    frame = YahooSource(vendor.url).bars(instruments(is_synthetic=False), {}, None, vendor.now)
    ReceivedBar.validate(frame)
    truth = MARKET.true_bars(INDICES)
    assert frame.select("instrument_id", "session").equals(truth.select("instrument_id", "session"))
    for name in PRICES:
        assert (frame[name].round(2) == truth[name]).all()
    assert (frame["volume"] == truth["volume"]).all()
    assert (frame["adjusted_close"] == frame["close"]).all()


def test_the_source_sets_a_bar_aside_that_was_followed_for_a_part_of_its_session(vendor: Vendor) -> None:
    vendor.faults.add(PartialLastBar(symbols=("^NDX",)))
    source = YahooSource(vendor.url)
    frame = source.bars(instruments(is_synthetic=False), {}, None, vendor.now)
    last = dict(frame.group_by("instrument_id").agg(pl.col("session").max()).rows())
    assert last == dict.fromkeys(("RUT", "SPX", "DJI"), MARKET.sessions[-1]) | {"NDX": MARKET.sessions[-2]}
    assert source.partial == [f"^NDX {MARKET.sessions[-1]}"]


def test_the_source_reads_stocks_with_splits_and_dividends(vendor: Vendor) -> None:
    frame = bars(vendor, "ZQAAD", "ZQAAH", "ZXAR-B")
    truth = MARKET.true_bars(["ZQAAD", "ZQAAH", "ZXAR-B"])
    assert frame.select("instrument_id", "session").equals(truth.select("instrument_id", "session"))
    splits = MARKET.true_actions(["ZQAAD", "ZQAAH"]).filter(action_type="split")
    for symbol, ex_session, ratio in splits.select("instrument_id", "ex_session", "split_ratio").iter_rows():
        got, true = (one.filter(instrument_id=symbol) for one in (frame, truth))
        shares = pl.when(pl.col("session") < ex_session).then(ratio).otherwise(1.0)
        assert got.select((pl.col("close") * shares).round(2)).to_series().equals(true["close"])


def test_the_source_asks_for_the_chart_of_each_symbol_once(vendor: Vendor) -> None:
    bars(vendor, "ZQAAA", "ZQAAB")
    assert vendor.log.per_symbol() == {"ZQAAA": 1, "ZQAAB": 1}
    assert (vendor.log.asked_twice(), vendor.log.most_at_once) == ([], 1)
    known = {"ZQAAA": (MARKET.sessions[0], MARKET.sessions[-1])}
    vendor.log.clear()
    frame = YahooSource(vendor.url).bars(stocks("ZQAAA"), known, None, vendor.now)
    assert frame["session"].to_list() == MARKET.sessions[-11:]
    (asked,) = vendor.log.requests("chart")
    assert dt.datetime.fromtimestamp(asked.first or 0, dt.UTC).date() == MARKET.sessions[-11]


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (RateLimited(), "limits the rate of requests"),
        (RateLimited(kinds=YAHOO_KINDS), "limits the rate of requests"),
        (ServerError(), "another answer (HTTP 500"),
        (ServerError(status=502), "another answer (HTTP 502"),
        (NotFound(), "said: No data found"),
        (EmptyAnswer(), "an answer without prices (HTTP 200, application/json"),
        (HtmlPage(), "another answer (HTTP 200, text/html"),
        (Dropped(), "no connection to"),
        (Truncated(), "end of response with"),
        (Truncated(states_its_length=True), "another answer (HTTP 200, application/json"),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, Fault) else "",
)
def test_every_refusal_reaches_the_source_and_is_over_when_it_is_cleared(
    vendor: Vendor, fault: Fault, told: str
) -> None:
    vendor.faults.add(fault)
    with pytest.raises(SourceError) as error:
        bars(vendor, "ZQAAA")
    assert told in str(error.value)
    vendor.faults.clear()
    assert bars(vendor, "ZQAAA").height == len(MARKET.sessions)


def test_a_single_500_is_mended_by_yfinance_itself(vendor: Vendor) -> None:
    vendor.faults.add(ServerError(requests=1))
    assert bars(vendor, "ZQAAA").height == len(MARKET.sessions)
    assert [one.status for one in vendor.log.requests("chart")] == [500, 200]


def test_a_session_lost_of_all_indices_is_missing_in_the_frame(vendor: Vendor) -> None:
    lost = MARKET.sessions[-3]
    vendor.faults.add(LostSession(sessions=(lost,)))
    frame = YahooSource(vendor.url).bars(instruments(is_synthetic=False), {}, None, vendor.now)
    assert frame.filter(session=lost).is_empty()
    assert frame.height == 4 * (len(MARKET.sessions) - 1)


# Attributes


class Rewriting(requests.Session):
    """A session that asks the vendor in the place of any host."""

    def __init__(self, url: str) -> None:
        super().__init__(impersonate="chrome", proxies={"all": ""})
        self._url = url

    def request(self, method: Any, url: str, *args: Any, **kwargs: Any) -> Any:
        asked = urlsplit(url)
        return super().request(method, f"{self._url}{asked.path}?{asked.query}", *args, **kwargs)


def info(vendor: Vendor, symbol: str) -> dict[str, Any]:
    bars(vendor, "ZQAAA")  # The source sets yfinance up, so that it writes nothing to anyone's home.
    import yfinance

    with Rewriting(vendor.url) as session:
        found: dict[str, Any] = yfinance.Ticker(symbol, session=session).info
    return found


def test_attributes_of_a_company_come_through_yfinance(vendor: Vendor) -> None:
    span = MARKET.spans().filter(~pl.col("is_delisted"), sector="Financials").row(0, named=True)
    symbol = span["symbol"]
    found = info(vendor, symbol)
    close = MARKET.true_bars([symbol])["close"][-1]
    assert (found["sector"], found["longName"], found["country"]) == (
        "Financial Services", span["name"], "United States"
    )  # fmt: skip
    assert (found["quoteType"], found["currency"], found["symbol"]) == ("EQUITY", "USD", symbol)
    assert found["marketCap"] == pytest.approx(close * found["sharesOutstanding"], rel=1e-6)
    kinds = {one.kind for one in vendor.log.requests(symbol=symbol)}
    assert kinds == {"quote_summary", "quote", "timeseries"}
    assert info(vendor, "^RUT")["quoteType"] == "INDEX"


def test_attributes_need_the_crumb(vendor: Vendor) -> None:
    with Rewriting(vendor.url) as session:
        address = "https://query1.finance.yahoo.com/v7/finance/quote?symbols=ZQAAA&crumb="
        crumb = session.get("https://query1.finance.yahoo.com/v1/test/getcrumb").text
        assert [session.get(address + one).status_code for one in ("", "wrong", crumb)] == [401, 401, 200]
        assert session.get("https://fc.yahoo.com/").cookies.get("A3")
