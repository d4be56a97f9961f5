"""Faults of the connection and of the answer: declared objects that say when, for which symbols and for how long.

Belongs here: what every fault has, faults of how an answer is sent, and the plan of those that are on. Not here: faults
in what an answer says (``market_fault``).

Several faults may be on. Of those of how an answer is sent the first that was added and still lasts decides; the
request then does not count for the others of that sort, so that faults added one after another come one after another.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.vendor.chart import refusal

JSON, HTML = "application/json;charset=utf-8", "text/html; charset=UTF-8"
YAHOO_KINDS = ("chart", "quote_summary", "quote", "timeseries", "crumb", "cookie")
DOCUMENT_KINDS = ("ishares", "ssga", "invesco", "sec_list", "sec_statements")
_PAGE = b"<!DOCTYPE html><html><head><title>Oops</title></head><body><p>We value your privacy.</p></body></html>"
_NO_ROWS = b',"indicators":{"quote":[{}],"adjclose":[{}]}}],"error":null}}'


@dataclass(frozen=True)
class Reply:
    """An answer as it goes out; of a body that is cut, only the first ``sent`` bytes."""

    status: int
    kind: str
    body: bytes
    retry_after: int | None = None
    sent: int | None = None
    delay: float = 0.0
    is_dropped: bool = False
    cookie: str | None = None


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What every fault has.

    Attributes:
        symbols: The symbols it concerns, as they are asked for; None is all. Of documents, the fund or ``2024q3``.
        kinds: The kinds of requests it concerns.
        after: Requests that it concerns and lets through before it begins.
        requests: Requests that it spoils before it ends; None is all until it is removed.
        since: Vendor's clock from which it is on; None is always.
        until: Vendor's clock before which it is on.
    """

    symbols: tuple[str, ...] | None = None
    kinds: tuple[str, ...] = ("chart",)
    after: int = 0
    requests: int | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None

    def concerns(self, kind: str, symbol: str, now: dt.datetime) -> bool:
        """Return whether it is about such a request at such a moment."""
        return (
            kind in self.kinds
            and (self.symbols is None or symbol in self.symbols)
            and (self.since is None or now >= self.since)
            and (self.until is None or now < self.until)
        )


@dataclass(frozen=True, kw_only=True)
class ReplyFault(Fault):
    """A fault of the connection or of the whole answer."""

    def spoil(self, good: Callable[[], Reply]) -> Reply:
        """Return what is sent in the place of the good answer."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class RateLimited(ReplyFault):
    """Status 429, as a rule ``after`` some requests."""

    retry_after: int | None = None

    def spoil(self, good: Callable[[], Reply]) -> Reply:
        return Reply(429, HTML, b"Too Many Requests\r\n", self.retry_after)


@dataclass(frozen=True, kw_only=True)
class ServerError(ReplyFault):
    """Status 500 with a page. yfinance asks once again by itself, so one such answer is mended unseen."""

    status: int = 500

    def spoil(self, good: Callable[[], Reply]) -> Reply:
        return Reply(self.status, HTML, b"<html><body>Internal Server Error</body></html>")


@dataclass(frozen=True, kw_only=True)
class NotFound(ReplyFault):
    """Status 404 with Yahoo's words, although the symbol is fine."""

    def spoil(self, good: Callable[[], Reply]) -> Reply:
        return Reply(404, JSON, refusal("Not Found", "No data found, symbol may be delisted"))


@dataclass(frozen=True, kw_only=True)
class EmptyAnswer(ReplyFault):
    """Status 200 and an answer of the right shape that holds nothing."""

    def spoil(self, good: Callable[[], Reply]) -> Reply:
        whole = good()
        meta, found, _ = whole.body.partition(b',"timestamp":')
        return replace(
            whole, body=meta + b',"indicators":{"quote":[{}],"adjclose":[{}]}}],"error":null}}' if found else b""
        )


@dataclass(frozen=True, kw_only=True)
class HtmlPage(ReplyFault):
    """Status 200 and a page for people."""

    def spoil(self, good: Callable[[], Reply]) -> Reply:
        return Reply(200, HTML, _PAGE)


@dataclass(frozen=True, kw_only=True)
class Slow(ReplyFault):
    """The good answer, after a while."""

    seconds: float = 0.5

    def spoil(self, good: Callable[[], Reply]) -> Reply:
        return replace(good(), delay=self.seconds)


@dataclass(frozen=True, kw_only=True)
class Dropped(ReplyFault):
    """The connection ends without an answer."""

    def spoil(self, good: Callable[[], Reply]) -> Reply:
        return Reply(0, "", b"", is_dropped=True)


@dataclass(frozen=True, kw_only=True)
class Truncated(ReplyFault):
    """Part of the good answer; its stated length is that of the whole, unless ``states_its_length``."""

    part: float = 0.5
    states_its_length: bool = False

    def spoil(self, good: Callable[[], Reply]) -> Reply:
        whole = good()
        size = int(len(whole.body) * self.part)
        return replace(whole, body=whole.body[:size]) if self.states_its_length else replace(whole, sent=size)


class FaultPlan:
    """The faults that are on; may be changed while the server runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._active: dict[int, Fault] = {}
        self._counts: dict[int, int] = {}
        self._number = 0

    def add(self, fault: Fault) -> int:
        """Switch a fault on and return its number, by which it can be removed."""
        with self._lock:
            self._number += 1
            self._active[self._number], self._counts[self._number] = fault, 0
            return self._number

    def remove(self, number: int) -> None:
        """Switch a fault off."""
        with self._lock:
            self._active.pop(number, None)

    def clear(self) -> None:
        """Make the vendor healthy."""
        with self._lock:
            self._active.clear()

    def active(self) -> list[Fault]:
        """Return the faults that are on, those that have spent their requests among them."""
        with self._lock:
            return list(self._active.values())

    def spoiled(self, number: int) -> int:
        """Return how many requests a fault has concerned once it had begun."""
        with self._lock:
            fault = self._active[number]
            spoiled = max(self._counts[number] - fault.after, 0)
            return spoiled if fault.requests is None else min(spoiled, fault.requests)

    def of(self, kind: str, symbol: str, now: dt.datetime) -> list[Fault]:
        """Count a request for the faults that concern it, and return those that spoil it.

        Once a fault of the answer has been found, it does not count for others of that sort.
        """
        spoiling: list[Fault] = []
        with self._lock:
            for number, fault in self._active.items():
                is_over = isinstance(fault, ReplyFault) and any(isinstance(one, ReplyFault) for one in spoiling)
                if not is_over and fault.concerns(kind, symbol, now):
                    self._counts[number] += 1
                    beyond = self._counts[number] - fault.after
                    if beyond > 0 and (fault.requests is None or beyond <= fault.requests):
                        spoiling.append(fault)
        return spoiling
