"""Yahoo as the vendor plays it: whose history a symbol gives at a moment, and the answers to cookie, crumb and chart.

Belongs here: what is known and what is refused. Not here: connections (``server``), the shape of a chart (``chart``),
attributes of companies (``attribute``), or documents (``document_shelf``).
"""

from __future__ import annotations

import datetime as dt

from tests.vendor.chart import RANGES, chart, refusal
from tests.vendor.fault import JSON, Fault, Reply
from tests.vendor.history import history_of
from tests.vendor.listing import Listing
from tests.vendor.market import Market
from tests.vendor.market_fault import HistoryFault, Renamed, Reused
from tests.vendor.question import Question

GRACE_SESSIONS = 5
"""Sessions after its last one for which Yahoo still answers for a delisted stock."""
CRUMB = "madeUpCrumb"


def resolve(market: Market, symbol: str, faults: list[Fault]) -> tuple[Listing, str] | None:
    """Return whose history a symbol gives, and which draw of it; None where the vendor knows no such symbol."""
    for fault in faults:
        if isinstance(fault, Reused) and symbol == fault.symbol:
            return market.another(symbol, fault.begins), "another"
        if isinstance(fault, Renamed):
            if symbol == fault.old:
                return None
            if symbol == fault.new:
                return market.listings[fault.old], ""
    line = market.listings.get(symbol)
    return (line, "") if line else None


def is_known(market: Market, line: Listing, now: dt.datetime) -> bool:
    """Return whether Yahoo answers for a listing: from its first session to a while after its last."""
    visible, _ = market.visible(now)
    is_delisted = line.end < len(market.sessions) and visible >= line.end + GRACE_SESSIONS
    return line.begin < visible and not is_delisted


def chart_reply(market: Market, question: Question, faults: list[Fault], now: dt.datetime) -> Reply:
    """Return the chart that a healthy connection brings, with the faults of its content."""
    found = resolve(market, question.symbol, faults)
    if found is None or not is_known(market, found[0], now):
        return Reply(404, JSON, refusal("Not Found", "No data found, symbol may be delisted"))
    interval = question.query.get("interval", "1d")
    if interval != "1d":
        return Reply(422, JSON, refusal("Unprocessable Entity", f"this vendor has daily bars only, was {interval}"))
    history = history_of(market, *found, now)
    changes = [fault for fault in faults if isinstance(fault, HistoryFault)]
    for fault in changes:
        fault.before_adjusting(history)
    history.split_events = dict(sorted(history.split_events.items()))
    history.adjust()
    for fault in changes:
        fault.after_adjusting(history)
    first, end = question.moment("period1"), question.moment("period2")
    if first is None or end is None:
        count = RANGES.get(question.query.get("range", "1mo"), 21)
        shown = history.stamps[-count:]
        first, end = int(shown[0]) if shown.size else 0, int(now.timestamp()) + 1
    begin = int(market.stamps[found[0].begin])
    if end <= begin:
        words = f"Data doesn't exist for startDate = {first}, endDate = {end}"
        return Reply(400, JSON, refusal("Bad Request", words))
    return Reply(200, JSON, chart(history, first, end, now, question.symbol))


def crumb_reply() -> Reply:
    """Return the crumb that goes with the cookie."""
    return Reply(200, "text/plain;charset=utf-8", CRUMB.encode())


def cookie_reply() -> Reply:
    """Return a page that sets the cookie."""
    return Reply(200, "text/html", b"<html></html>", cookie="A3=d=madeup; Path=/; Max-Age=31557600")
