"""What a path asks of the vendor.

Belongs here: telling requests apart. Not here: answering them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

_PREFIXES = (
    ("chart", "/v8/finance/chart/"),
    ("quote_summary", "/v10/finance/quoteSummary/"),
    ("timeseries", "/ws/fundamentals-timeseries/v1/finance/timeseries/"),
)
_PLAIN = {
    "/": "cookie",
    "": "cookie",
    "/v1/test/getcrumb": "crumb",
    "/consent": "consent",
    "/files/company_tickers.json": "sec_list",
}
_SSGA = re.compile(r"/us/en/intermediary/etfs/library-content/.*/holdings-daily-us-en-(?P<fund>[a-z]+)\.xlsx")
_SEC = re.compile(r"/files/dera/data/financial-statement-data-sets/(?P<quarter>[0-9]{4}q[1-4])\.zip")


@dataclass(frozen=True)
class Question:
    """What is asked: a kind, and of which symbol, fund or quarter."""

    kind: str
    symbol: str
    query: dict[str, str]

    def moment(self, name: str) -> int | None:
        """Return a moment in seconds since 1970, None where the query has none."""
        text = self.query.get(name, "")
        return int(text) if text.lstrip("-").isdigit() else None


def question_of(target: str) -> Question:
    """Return what a request's target asks; ``other`` is what nobody here knows."""
    parts = urlsplit(target)
    path, query = parts.path, {name: values[-1] for name, values in parse_qs(parts.query).items()}
    for kind, prefix in _PREFIXES:
        if path.startswith(prefix):
            return Question(kind, unquote(path.removeprefix(prefix)), query)
    if path == "/v7/finance/quote":
        return Question("quote", query.get("symbols", ""), query)
    if path.startswith("/us/products/") and query.get("fileName", "").endswith("_holdings"):
        return Question("ishares", query["fileName"].removesuffix("_holdings"), query)
    if path.startswith("/us/financial-products/etfs/holdings/"):
        return Question("invesco", query.get("ticker", ""), query)
    if found := _SSGA.fullmatch(path):
        return Question("ssga", found["fund"].upper(), query)
    if found := _SEC.fullmatch(path):
        return Question("sec_statements", found["quarter"], query)
    return Question(_PLAIN.get(path, "other"), "", query)
