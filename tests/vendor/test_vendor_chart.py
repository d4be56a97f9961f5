"""Chart answers against the truth: what undoing the splits gives back, and what there is at which moment."""

from __future__ import annotations

import datetime as dt
import json
import struct
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vendor.history import Applied, History
from tests.vendor.listing import Plan
from tests.vendor.market import Market
from tests.vendor.question import question_of
from tests.vendor.server import Vendor

MARKET = Market(Plan(symbols=40, years=2))
VENDOR = Vendor(MARKET)
NEW_YORK = ZoneInfo("America/New_York")
PRICES = ("open", "high", "low", "close")
EVENING = dt.time(22, 0, tzinfo=dt.UTC)


def answer(symbol: str, now: dt.datetime, query: str = "period1=0&period2=4000000000") -> tuple[int, dict[str, Any]]:
    VENDOR.now = now
    reply = VENDOR.reply(question_of(f"/v8/finance/chart/{symbol}?{query}&interval=1d"))
    return reply.status, json.loads(reply.body)


def chart(symbol: str, now: dt.datetime, query: str = "period1=0&period2=4000000000") -> dict[str, Any]:
    status, said = answer(symbol, now, query)
    assert (status, said["chart"]["error"]) == (200, None)
    return said["chart"]["result"][0]


def sessions_of(found: dict[str, Any]) -> list[dt.date]:
    return [dt.datetime.fromtimestamp(stamp, NEW_YORK).date() for stamp in found.get("timestamp", [])]


def evening_of(session: dt.date) -> dt.datetime:
    return dt.datetime.combine(session, EVENING)


def single(value: float) -> float:
    """Return a number rounded to 32 bits, without NumPy."""
    return struct.unpack("f", struct.pack("f", value))[0]


def later_ratio(splits: list[tuple[dt.date, float]], session: dt.date, today: dt.date) -> float:
    ratio = 1.0
    for ex_session, one in splits:
        if session < ex_session <= today:
            ratio *= one
    return ratio


def splits_of(symbol: str) -> list[tuple[dt.date, float]]:
    actions = MARKET.true_actions([symbol]).filter(action_type="split")
    return actions.select("ex_session", "split_ratio").rows()


SPLIT = [symbol for symbol in MARKET.symbols if splits_of(symbol)]


@settings(max_examples=60, deadline=None)
@given(symbol=st.sampled_from([*SPLIT, "ZQAAA", "^RUT"]), day=st.integers(1, len(MARKET.sessions) - 1))
def test_undoing_the_splits_gives_the_traded_bars_back(symbol: str, day: int) -> None:
    today = MARKET.sessions[day]
    line = MARKET.listings[symbol]
    if line.begin > day or (line.end < len(MARKET.sessions) and day >= line.end):
        return
    found = chart(symbol, evening_of(today))
    truth = MARKET.true_bars([symbol], until=today)
    assert sessions_of(found) == truth["session"].to_list()
    quote = found["indicators"]["quote"][0]
    splits = splits_of(symbol)
    for row, session in enumerate(truth["session"]):
        ratio = later_ratio(splits, session, today)
        for name in PRICES:
            traded = truth[name][row]
            assert quote[name][row] == pytest.approx(single(traded / ratio), rel=1.3e-7)
            assert round(quote[name][row] * ratio, 2) == traded
        assert abs(quote["volume"][row] / ratio - truth["volume"][row]) <= 0.5 / ratio


@pytest.mark.parametrize("symbol", SPLIT)
def test_a_split_is_stated_and_adjusted_for_from_its_ex_session_on(symbol: str) -> None:
    ex_session, ratio = splits_of(symbol)[-1]
    midnight = dt.datetime.combine(ex_session, dt.time(), NEW_YORK)
    before = chart(symbol, midnight - dt.timedelta(seconds=1))
    after = chart(symbol, midnight)
    stamp = int(dt.datetime.combine(ex_session, dt.time(9, 30), NEW_YORK).timestamp())
    assert str(stamp) not in before.get("events", {}).get("splits", {})
    event = after["events"]["splits"][str(stamp)]
    assert event["numerator"] / event["denominator"] == pytest.approx(ratio, rel=1e-12)
    assert event["splitRatio"] == f"{event['numerator']:.0f}:{event['denominator']:.0f}"
    first, second = (found["indicators"]["quote"][0]["close"][0] for found in (before, after))
    assert first / second == pytest.approx(ratio, rel=2e-7)


def test_adjusted_closes_are_those_of_the_example_that_yahoo_gives() -> None:
    closes = np.array([46.99, 48.30, 24.96, 24.91, 24.95, 24.53, 24.54])
    at = np.arange(7)
    market: Any = SimpleNamespace(stamps=1_700_000_000 + 86_400 * at)
    history = History(
        market, MARKET.listings["ZQAAA"], dt.date(2024, 1, 1), 7, at,
        {name: closes.copy() for name in PRICES}, np.full(7, 100.0), closes, [Applied(2.0, at < 2)],
        dividend_events={int(market.stamps[5]): 0.08},
    )  # fmt: skip
    history.adjust()
    assert np.round(history.adjusted_close, 2).tolist() == [23.42, 24.07, 24.88, 24.83, 24.87, 24.53, 24.54]
    assert history.volume.tolist() == [200.0, 200.0, 100.0, 100.0, 100.0, 100.0, 100.0]


def test_adjusted_closes_follow_from_the_events_that_are_stated() -> None:
    found = chart("ZQAAD", evening_of(MARKET.sessions[-1]))
    closes, adjusted = found["indicators"]["quote"][0]["close"], found["indicators"]["adjclose"][0]["adjclose"]
    paid = {event["date"]: event["amount"] for event in found["events"]["dividends"].values()}
    assert len(paid) == 8
    factor = 1.0
    for row in range(len(closes) - 1, -1, -1):
        assert adjusted[row] == pytest.approx(closes[row] * factor, rel=1e-6)
        if found["timestamp"][row] in paid:
            factor *= 1 - paid[found["timestamp"][row]] / closes[row - 1]


def test_dividends_are_stated_in_the_shares_of_today() -> None:
    (ex_session, ratio), today = splits_of("ZQAAD")[0], MARKET.sessions[-1]
    truth = MARKET.true_actions(["ZQAAD"]).filter(action_type="dividend")
    stated = [event["amount"] for event in chart("ZQAAD", evening_of(today))["events"]["dividends"].values()]
    expected = [
        round(amount / (ratio if session < ex_session else 1.0), 6)
        for session, amount in truth.select("ex_session", "dividend_amount").iter_rows()
    ]
    assert stated == pytest.approx(expected, abs=1e-9)


# What there is at which moment


def test_nothing_is_known_of_what_lies_ahead() -> None:
    at = 300
    early = chart("ZQAAB", evening_of(MARKET.sessions[at]))
    late = chart("ZQAAB", evening_of(MARKET.sessions[-1]))
    assert sessions_of(early) == MARKET.sessions[: at + 1]
    assert early["indicators"]["quote"][0]["close"] == late["indicators"]["quote"][0]["close"][: at + 1]


def test_while_the_market_is_open_the_last_bar_is_partial() -> None:
    session = dt.date(2024, 11, 20)
    noon = dt.datetime(2024, 11, 20, 17, 45, tzinfo=dt.UTC)
    truth = MARKET.true_bars(["ZQAAB"]).filter(session=session).row(0, named=True)
    part, whole = (
        {name: values[-1] for name, values in chart("ZQAAB", now)["indicators"]["quote"][0].items()}
        for now in (noon, evening_of(session))
    )
    assert whole == {name: single(truth[name]) if name in PRICES else truth[name] for name in whole}
    assert part["open"] == whole["open"]
    assert part["volume"] == int(truth["volume"] / 2)
    assert part["close"] == pytest.approx((truth["open"] + truth["close"]) / 2, abs=0.006)
    assert whole["low"] <= part["low"] <= part["close"] <= part["high"] <= whole["high"]
    meta = chart("ZQAAB", noon)["meta"]
    assert meta["regularMarketTime"] == noon.timestamp()
    assert meta["currentTradingPeriod"]["regular"]["start"] < noon.timestamp()
    assert meta["currentTradingPeriod"]["regular"]["end"] > noon.timestamp()


def test_a_span_is_cut_out_with_its_events() -> None:
    first, end = dt.date(2024, 5, 1), dt.date(2024, 6, 3)
    moments = [int(dt.datetime.combine(day, dt.time(), NEW_YORK).timestamp()) for day in (first, end)]
    found = chart("ZQAAB", evening_of(MARKET.sessions[-1]), f"period1={moments[0]}&period2={moments[1]}")
    assert sessions_of(found) == [session for session in MARKET.sessions if first <= session < end]
    assert len(found["events"]["dividends"]) == 1
    assert "splits" not in found["events"]
    whole = chart("ZQAAB", evening_of(MARKET.sessions[-1]))
    place = sessions_of(whole).index(first)
    assert found["meta"]["chartPreviousClose"] == whole["indicators"]["quote"][0]["close"][place - 1]
    assert len(chart("ZQAAB", evening_of(MARKET.sessions[-1]), "range=5d")["timestamp"]) == 5


def test_a_stock_is_unknown_before_its_first_session_and_a_while_after_its_last() -> None:
    spans = MARKET.spans()
    late = spans.filter(pl.col("first_session") > MARKET.sessions[0]).row(0, named=True)
    gone = spans.filter("is_delisted").row(0, named=True)
    day = dt.timedelta(days=1)
    assert answer(late["symbol"], evening_of(late["first_session"] - day))[0] == 404
    assert sessions_of(chart(late["symbol"], evening_of(late["first_session"]))) == [late["first_session"]]
    assert sessions_of(chart(gone["symbol"], evening_of(gone["last_session"] + day)))[-1] == gone["last_session"]
    status, said = answer(gone["symbol"], evening_of(gone["last_session"] + 15 * day))
    assert status == 404
    assert said["chart"]["error"]["description"] == "No data found, symbol may be delisted"


def test_a_span_before_the_first_session_is_refused_in_yahoos_words() -> None:
    status, said = answer("ZQAAB", evening_of(MARKET.sessions[-1]), "period1=0&period2=86400")
    assert (status, said["chart"]["error"]["code"]) == (400, "Bad Request")
    assert said["chart"]["error"]["description"] == "Data doesn't exist for startDate = 0, endDate = 86400"


def test_a_span_of_no_session_has_the_shape_of_an_empty_answer() -> None:
    moments = [int(dt.datetime(2024, 11, day, 12, tzinfo=dt.UTC).timestamp()) for day in (16, 17)]
    found = chart("ZQAAB", evening_of(MARKET.sessions[-1]), f"period1={moments[0]}&period2={moments[1]}")
    assert "timestamp" not in found
    assert found["indicators"] == {"quote": [{}], "adjclose": [{}]}


def test_the_shape_is_that_of_a_real_answer(real_data: Path) -> None:
    real = json.loads((real_data / "yahoo" / "yahoo_v8_chart_lly_6mo.json").read_text())["chart"]["result"][0]
    ours = chart("ZQAAA", evening_of(MARKET.sessions[-1]), "range=6mo")
    assert list(ours) == [name for name in real if name != "events"]
    assert set(ours["meta"]) == set(real["meta"])
    assert set(ours["meta"]["currentTradingPeriod"]["regular"]) == set(real["meta"]["currentTradingPeriod"]["regular"])
    for name in ("quote", "adjclose"):
        assert set(ours["indicators"][name][0]) == set(real["indicators"][name][0])
    assert ours["meta"]["validRanges"] == real["meta"]["validRanges"]
    lengths = {len(values) for values in ours["indicators"]["quote"][0].values()}
    assert lengths == {len(ours["timestamp"])}
    real_close = real["indicators"]["quote"][0]["close"]
    assert [single(value) for value in real_close] == real_close, "real prices are numbers of 32 bits too"
