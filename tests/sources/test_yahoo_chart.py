"""One symbol's chart through yfinance itself, from several threads at once: bars, actions and facts."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import polars as pl
import pytest

from pipelines.sources.chart_answer import ACTION_SCHEMA, BAR_SCHEMA, WHOLE_HISTORY_FROM
from pipelines.sources.yahoo_chart import ask_chart
from pipelines.sources.yahoo_session import YahooSession, yfinance_module
from tests.vendor.fault import Reply, ReplyFault
from tests.vendor.listing import Plan, Split
from tests.vendor.market import Market
from tests.vendor.market_fault import EarlySplit, LostSession
from tests.vendor.server import Vendor

MONDAY = dt.date(2024, 12, 2)
NOW = dt.datetime(2024, 12, 2, 23, tzinfo=dt.UTC)
END = dt.date(2025, 1, 2)


@pytest.fixture(scope="module")
def market() -> Market:
    splits = {"ZQAAA": (Split(dt.date(2024, 11, 20), 4.0),)}
    return Market(Plan(symbols=24, years=1, last=dt.date(2024, 12, 31), seed=1, splits=splits))


@pytest.fixture
def vendor(market: Market) -> Iterator[Vendor]:
    with Vendor(market, now=NOW) as running:
        yield running


@pytest.fixture
def session(vendor: Vendor) -> Iterator[YahooSession]:
    yfinance_module()
    with YahooSession(vendor.url) as opened:
        yield opened


def test_a_chart_has_bars_actions_and_facts(session: YahooSession, market: Market) -> None:
    answer = ask_chart("ZQAAA", WHOLE_HISTORY_FROM, END, session)
    assert (answer.outcome, answer.detail, answer.currency) == ("ok", None, "USD")
    truth = market.true_bars(["ZQAAA"], MONDAY)
    assert answer.bars.schema == BAR_SCHEMA
    assert answer.actions.schema == ACTION_SCHEMA
    assert answer.bars["session"].to_list() == truth["session"].to_list()
    # As the vendor says it: in the shares of today.
    ratio = truth["close"] / answer.bars["close"]
    assert ratio.round(3).unique(maintain_order=True).to_list() == [4.0, 1.0]
    assert answer.actions.filter(action_type="split").select("ex_session", "split_ratio").rows() == [
        (dt.date(2024, 11, 20), 4.0)
    ]
    assert answer.first_trade == truth["session"].min()
    assert answer.payload_hash == hashlib.sha256(session.last.content).hexdigest()


def test_threads_get_the_answers_to_their_own_questions(vendor: Vendor, session: YahooSession, market: Market) -> None:
    """yfinance has one session, cookie and crumb for the process; four threads ask for each symbol several times."""
    symbols = [listing.symbol for listing in market.listings.values() if listing.symbol in market.symbols]
    wanted = symbols * 4
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda symbol: ask_chart(symbol, WHOLE_HISTORY_FROM, END, session), wanted))
    for symbol, answer in zip(wanted, answers, strict=True):
        listing = market.listings[symbol]
        if listing.end < len(market.sessions) and market.sessions[listing.end - 1] < dt.date(2024, 11, 15):
            assert (answer.outcome, answer.is_unknown) == ("http_error", True), symbol
            assert "(HTTP 404" in answer.detail
        else:
            assert answer.outcome == "ok", (symbol, answer.detail)
            newest = market.true_bars([symbol], MONDAY).row(-1, named=True)
            assert answer.bars["close"][-1] == pytest.approx(newest["close"], rel=1e-6)
            assert answer.bars["session"][-1] == newest["session"]
    assert len({answer.payload_hash for answer in answers if answer.outcome == "ok"}) == len(
        {symbol for symbol, answer in zip(wanted, answers, strict=True) if answer.outcome == "ok"}
    )
    assert vendor.log.most_at_once <= 4


def test_a_split_to_come_is_an_action_and_no_bar(vendor: Vendor, session: YahooSession) -> None:
    coming = dt.date(2024, 12, 20)
    vendor.faults.add(EarlySplit(symbols=("ZQAAB",), ex_session=coming, ratio=3.0, is_adjusted=False))
    answer = ask_chart("ZQAAB", dt.date(2024, 11, 20), END, session)
    assert answer.bars["session"].max() == MONDAY
    assert answer.actions.filter(ex_session=coming)["split_ratio"].to_list() == [3.0]


def test_a_row_without_prices_stays_where_no_action_explains_it(vendor: Vendor, session: YahooSession) -> None:
    lost = dt.date(2024, 11, 27)
    vendor.faults.add(LostSession(symbols=("ZQAAB",), sessions=(lost,), is_null=True))
    answer = ask_chart("ZQAAB", dt.date(2024, 11, 20), END, session)
    row = answer.bars.filter(session=lost)
    assert row.select("open", "high", "low", "close").row(0) == (None,) * 4


@dataclass(frozen=True, kw_only=True)
class Said(ReplyFault):
    """Some other answer."""

    status: int
    body: str

    def spoil(self, good: Callable[[], Reply]) -> Reply:
        return Reply(self.status, "application/json", self.body.encode())


def chart(result: object, error: object = None) -> str:
    return json.dumps({"chart": {"result": result, "error": error}})


NO_DATA = {"code": "Bad Request", "description": "Data doesn't exist for startDate = 1, endDate = 2"}
ANSWERS = {
    "no data in those days": (400, chart(None, NO_DATA), "empty", False, False),
    "another refusal": (400, chart(None, {"code": "Bad Request", "description": "no"}), "http_error", False, False),
    "forbidden": (403, "<html>", "http_error", False, False),
    "unknown without words": (404, "<html>", "http_error", True, False),
    "gateway": (502, "<html>", "http_error", False, True),
    "no result": (200, chart([]), "empty", False, False),
    "no object": (200, "[1, 2]", "parse_error", False, False),
    "another object": (200, '{"finance": {}}', "parse_error", False, False),
    "no chart": (200, chart([{"meta": {}}]), "parse_error", False, False),
    "no meta": (200, chart([{"indicators": {"quote": [{"open": [1]}]}}]), "parse_error", False, False),
    "nothing": (200, "", "parse_error", False, False),
    "a name": (200, '"Will be right back"', "parse_error", False, False),
}


@pytest.mark.parametrize(("status", "body", "outcome", "is_unknown", "may_pass"), ANSWERS.values(), ids=ANSWERS)
def test_what_is_no_chart_falls_into_an_outcome(
    vendor: Vendor, session: YahooSession, status: int, body: str, outcome: str, is_unknown: bool, may_pass: bool
) -> None:
    vendor.faults.add(Said(status=status, body=body))
    answer = ask_chart("ZQAAB", WHOLE_HISTORY_FROM, END, session)
    assert (answer.outcome, answer.is_unknown, answer.may_pass) == (outcome, is_unknown, may_pass)
    assert f"HTTP {status}" in answer.detail
    assert answer.bars.is_empty()
    assert answer.actions.is_empty()
    assert answer.payload_hash == hashlib.sha256(body.encode()).hexdigest()


def test_a_long_reason_is_cut_and_a_password_of_an_address_is_not_told(vendor: Vendor) -> None:
    vendor.faults.add(Said(status=403, body=chart(None, {"code": "No", "description": "x" * 5000})))
    with YahooSession(vendor.url.replace("http://", "http://me:secret@")) as session:
        detail = ask_chart("ZQAAB", WHOLE_HISTORY_FROM, END, session).detail
    assert len(detail) == 300
    assert "secret" not in detail
    assert "127.0.0.1" in detail


def test_a_refusal_is_not_remembered_and_the_pace_counts_every_request(vendor: Vendor, market: Market) -> None:
    taken: list[int] = []
    with YahooSession(vendor.url, pace=lambda: taken.append(1)) as session:
        number = vendor.faults.add(Said(status=200, body="<html>"))
        ask_chart("ZQAAB", WHOLE_HISTORY_FROM, dt.date(2024, 6, 3), session)
        vendor.faults.remove(number)
        # Its end lies in the past, so that yfinance would give the refusal again.
        answer = ask_chart("ZQAAB", WHOLE_HISTORY_FROM, dt.date(2024, 6, 3), session)
    assert answer.outcome == "ok"
    assert answer.bars["session"].max() == dt.date(2024, 5, 31)
    assert len(taken) == len(vendor.log.requests())
    assert pl.Series(taken).sum() > 2
