"""The documents that the vendor offers: holdings of funds, the SEC's list of companies and its statement sets.

Belongs here: which document a question means at a moment, and keeping the last ones written. Not here: what stands in
them (``fund_document``, ``filing_document``).
"""

from __future__ import annotations

import datetime as dt
import functools
import threading

import numpy as np

from pipelines.seeds import funds
from tests.vendor.fault import HTML, Reply
from tests.vendor.filing_document import company_list, statements
from tests.vendor.fund_document import holdings
from tests.vendor.market import Market
from tests.vendor.question import Question

_MISSING = Reply(404, HTML, b"<html><body>No such document</body></html>")
_KINDS = {
    "ishares": "text/csv;charset=UTF-8",
    "invesco": "text/csv",
    "ssga": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class DocumentShelf:
    """Writes documents when they are asked for, and keeps the last few."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._lock = threading.Lock()
        self._providers = dict(funds().select("fund_id", "fund_provider").iter_rows())
        self._holdings = functools.lru_cache(maxsize=12)(functools.partial(holdings, market))
        self._statements = functools.lru_cache(maxsize=8)(functools.partial(statements, market))
        self._list = functools.lru_cache(maxsize=2)(functools.partial(company_list, market))

    def reply(self, question: Question, now: dt.datetime) -> Reply:
        """Return a document as of the last session that has closed; 404 for one that does not exist yet."""
        over = int(np.searchsorted(self._market.close_stamps, now.timestamp(), side="right"))
        if over == 0:
            return _MISSING
        with self._lock:
            return self._written(question, over - 1, now.date())

    def _written(self, question: Question, at: int, today: dt.date) -> Reply:
        match question.kind:
            case "sec_list":
                return Reply(200, "application/json", self._list(at))
            case "sec_statements":
                year, quarter = map(int, question.symbol.split("q"))
                ends = dt.date(year + quarter // 4, quarter % 4 * 3 + 1, 1)
                if not (self._market.plan.first <= ends <= today):
                    return _MISSING
                return Reply(200, "application/zip", self._statements(question.symbol))
            case provider if self._providers.get(question.symbol) == provider:
                return Reply(200, _KINDS[provider], self._holdings(question.symbol, at))
            case _:
                return _MISSING
