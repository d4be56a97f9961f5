"""A server on the loopback interface that answers like Yahoo's chart service, with made-up bars.

It records what it was asked, and can be told to refuse a symbol in each of the ways that Yahoo does.
"""

from __future__ import annotations

import datetime as dt
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
CHART = "/v8/finance/chart/"
Refusal = Literal["rate_limited", "unknown", "empty", "page", "broken", "drop", "silence"]


class Bar(NamedTuple):
    """One made-up bar; null prices are what Yahoo sends for a day it knows nothing about."""

    session: dt.date
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    adjusted_close: float | None
    volume: int | None

    @property
    def stamp(self) -> int:
        """Return the session's opening moment, by which Yahoo stamps a daily bar."""
        return int(dt.datetime.combine(self.session, dt.time(9, 30), NEW_YORK).timestamp())


class Question(NamedTuple):
    """One request for a chart, with the days it asks for (the last one excluded)."""

    symbol: str
    first: dt.date
    end: dt.date


@dataclass
class YahooServer:
    """What the server knows, refuses and was asked; use as a context manager, which starts and stops it."""

    bars: dict[str, list[Bar]] = field(default_factory=dict)
    refusals: dict[str, Refusal] = field(default_factory=dict)
    questions: list[Question] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Return the address to hand to the source."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)


def _handler_of(yahoo: YahooServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            if not asked.path.startswith(CHART):
                self._answer(200, "text/plain", "made-up-crumb" if asked.path.endswith("getcrumb") else "{}")
                return
            symbol = unquote(asked.path.removeprefix(CHART))
            first, end = (int(parse_qs(asked.query)[name][0]) for name in ("period1", "period2"))
            moments = [dt.datetime.fromtimestamp(moment, NEW_YORK).date() for moment in (first, end)]
            yahoo.questions.append(Question(symbol, *moments))
            bars = [bar for bar in yahoo.bars.get(symbol, []) if first <= bar.stamp < end]
            self._answer_chart(symbol, bars, yahoo.refusals.get(symbol, "empty" if not bars else None))

        def _answer_chart(self, symbol: str, bars: list[Bar], refusal: Refusal | None) -> None:
            match refusal:
                case "rate_limited":
                    self._answer(429, "text/html", "Too Many Requests")
                case "unknown":
                    error = {"code": "Not Found", "description": "No data found, symbol may be delisted"}
                    self._answer(404, "application/json", _chart(None, error))
                case "page":
                    self._answer(200, "text/html", "<html><body>We value your privacy</body></html>")
                case "broken":
                    self._answer(502, "text/html", "<html><body>Bad Gateway</body></html>")
                case "drop":
                    self.close_connection = True
                case "silence":
                    yahoo.closing.wait(timeout=5)
                    self.close_connection = True
                case _:
                    shown = [] if refusal == "empty" else bars
                    self._answer(200, "application/json", _chart([_result(symbol, shown)], None))

        def _answer(self, status: int, kind: str, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


def _chart(result: list[dict[str, Any]] | None, error: dict[str, str] | None) -> str:
    return json.dumps({"chart": {"result": result, "error": error}})


def _result(symbol: str, bars: list[Bar]) -> dict[str, Any]:
    meta = {
        "currency": "USD",
        "symbol": symbol,
        "exchangeName": "MADEUP",
        "fullExchangeName": "Made-up exchange",
        "instrumentType": "INDEX",
        "firstTradeDate": bars[0].stamp if bars else None,
        "regularMarketTime": bars[-1].stamp + 23_400 if bars else None,
        "gmtoffset": -18000,
        "timezone": "EST",
        "exchangeTimezoneName": "America/New_York",
        "regularMarketPrice": bars[-1].close if bars else None,
        "priceHint": 2,
        "dataGranularity": "1d",
        "range": "",
        "validRanges": ["1d", "5d", "1mo", "3mo", "6mo", "1y", "2y", "5y", "10y", "ytd", "max"],
    }
    if not bars:
        return {"meta": meta, "indicators": {"quote": [{}], "adjclose": [{}]}}
    quote = {name: [getattr(bar, name) for bar in bars] for name in ("open", "high", "low", "close", "volume")}
    adjusted = [{"adjclose": [bar.adjusted_close for bar in bars]}]
    stamps = [bar.stamp for bar in bars]
    return {"meta": meta, "timestamp": stamps, "indicators": {"quote": [quote], "adjclose": adjusted}}
