"""Asking the made-up market without a connection: the very answers, for long histories of many stocks.

Belongs here: an answer as the ingestion takes it, made of what the vendor would send. Not here: what that is
(``history``), or its way over HTTP and through yfinance, which ``test_vendor_direct`` holds this against.
"""

from __future__ import annotations

import datetime as dt
import hashlib

import polars as pl

from pipelines.ingestion.ask import Ask
from pipelines.sources.chart_answer import ACTION_SCHEMA, BAR_SCHEMA, Answer
from tests.vendor.history import PRICES, History, history_of, midnight
from tests.vendor.market import Market
from tests.vendor.yahoo import is_known, resolve


def direct_ask(market: Market, now: dt.datetime) -> Ask:
    """Return what asks a healthy vendor of the market, whose clock stands, for a symbol and a span of days."""

    def ask(symbol: str, begin: dt.date, end: dt.date) -> Answer:
        found = resolve(market, symbol, [])
        if found is None or not is_known(market, found[0], now):
            return Answer(
                "http_error", "no such symbol", BAR_SCHEMA.to_frame(), ACTION_SCHEMA.to_frame(), is_unknown=True
            )
        history = history_of(market, *found, now)
        history.adjust()
        first, last = midnight(begin), midnight(end)
        first_trade = market.sessions[found[0].begin]
        digest = hashlib.sha256(f"{symbol} {begin} {end} {now}".encode()).hexdigest()
        history.keep((history.stamps >= first) & (history.stamps < last))
        return Answer("ok", None, _bars(history), _actions(history, first, last), "USD", first_trade, digest)

    return ask


def _bars(history: History) -> pl.DataFrame:
    sessions = history.market.sessions
    columns = {name: history.prices[name] for name in PRICES}
    columns |= {"adjusted_close": history.adjusted_close, "volume": history.volume}
    return pl.DataFrame({"session": [sessions[at] for at in history.at.tolist()], **columns}).select(
        pl.col(name).cast(kind) for name, kind in BAR_SCHEMA.items()
    )


def _actions(history: History, first: float, last: float) -> pl.DataFrame:
    day = dict(zip(history.market.stamps.tolist(), history.market.sessions, strict=True))
    splits = [(day[at], "split", ratio, None) for at, ratio in history.split_events.items() if first <= at < last]
    paid = [(day[at], "dividend", None, amount) for at, amount in history.dividend_events.items() if first <= at < last]
    return pl.DataFrame([*splits, *paid], schema=ACTION_SCHEMA, orient="row").sort("ex_session", "action_type")
