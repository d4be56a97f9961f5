"""What Yahoo says of a company: quote summary, quote and time series, as ``Ticker.info`` of yfinance asks for them.

Belongs here: these three answers. Not here: charts (``chart``).
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from tests.vendor.fault import JSON, Fault, Reply
from tests.vendor.history import history_of
from tests.vendor.listing import Listing
from tests.vendor.market import Market
from tests.vendor.question import Question
from tests.vendor.yahoo import CRUMB, is_known, resolve

YAHOO_SECTORS = {
    "Information Technology": "Technology",
    "Financials": "Financial Services",
    "Health Care": "Healthcare",
    "Consumer Discretionary": "Consumer Cyclical",
    "Communication Services": "Communication Services",
    "Industrials": "Industrials",
    "Consumer Staples": "Consumer Defensive",
    "Energy": "Energy",
    "Utilities": "Utilities",
    "Real Estate": "Real Estate",
    "Materials": "Basic Materials",
}
"""Yahoo's word for each sector."""


def attribute_reply(market: Market, question: Question, faults: list[Fault], now: dt.datetime) -> Reply:
    """Return one of the three answers; without the crumb Yahoo refuses the first two."""
    if question.kind == "timeseries":
        meta = {"symbol": [question.symbol], "type": [question.query.get("type", "")]}
        return _said({"timeseries": {"result": [{"meta": meta}], "error": None}})
    envelope = "quoteSummary" if question.kind == "quote_summary" else "quoteResponse"
    if question.query.get("crumb") != CRUMB:
        error = {"code": "Unauthorized", "description": "Invalid Crumb"}
        return _said({"finance": {"result": None, "error": error}}, 401)
    found = resolve(market, question.symbol, faults)
    if found is None or not is_known(market, found[0], now):
        if question.kind == "quote":
            return _said({envelope: {"result": [], "error": None}})
        words = f"Quote not found for symbol: {question.symbol}"
        return _said({envelope: {"result": None, "error": {"code": "Not Found", "description": words}}}, 404)
    quote = _quote(market, *found, now) | {"symbol": question.symbol}
    result = _modules(found[0], quote) if question.kind == "quote_summary" else quote
    return _said({envelope: {"result": [result], "error": None}})


def _said(value: dict[str, Any], status: int = 200) -> Reply:
    return Reply(status, JSON, json.dumps(value).encode())


def _quote(market: Market, line: Listing, variant: str, now: dt.datetime) -> dict[str, Any]:
    history = history_of(market, line, variant, now)
    history.adjust()
    price = float(history.prices["close"][-1])
    quote: dict[str, Any] = {
        "quoteType": "INDEX" if line.is_index else "EQUITY",
        "currency": "USD",
        "exchange": "SNP" if line.is_index else "NYQ",
        "longName": line.name,
        "shortName": line.name[:30],
        "regularMarketPrice": price,
    }
    if line.is_index:
        return quote
    shares = market.shares(line, int(history.at[-1]))
    return quote | {"sharesOutstanding": shares, "marketCap": round(price * shares)}


def _modules(line: Listing, quote: dict[str, Any]) -> dict[str, Any]:
    """Return the modules that yfinance asks for, short of most of what they hold."""
    of_type = {name: quote[name] for name in ("quoteType", "exchange", "longName", "shortName", "symbol")}
    modules: dict[str, Any] = {
        "quoteType": of_type,
        "summaryDetail": {"maxAge": 1, "currency": "USD", "marketCap": quote.get("marketCap")},
        "financialData": {"maxAge": 86400, "currentPrice": quote["regularMarketPrice"], "financialCurrency": "USD"},
    }
    if line.is_index:
        return modules
    sector = YAHOO_SECTORS[line.sector] if line.sector else "Technology"
    profile = {"sector": sector, "industry": f"Fictional {sector}", "country": "United States", "companyOfficers": []}
    shares = quote["sharesOutstanding"]
    return modules | {
        "assetProfile": profile,
        "defaultKeyStatistics": {"sharesOutstanding": shares, "floatShares": round(0.9 * shares)},
    }
