"""What the vendor was asked: a log of requests, and figures of it.

Belongs here: counting. Not here: answering (``server``).
"""

from __future__ import annotations

import collections
import threading
import time
from typing import NamedTuple


class Request(NamedTuple):
    """One request that was answered, or dropped (status 0).

    ``at`` is when it came in, by the monotonic clock of the vendor's process, and ``seconds`` what it took until its
    answer was sent. ``first`` and ``end`` are seconds since 1970 of
    the span that a chart was asked for, its end excluded. ``connection`` numbers the connections.
    """

    at: float
    kind: str
    symbol: str
    first: int | None
    end: int | None
    status: int
    sent_bytes: int
    seconds: float
    connection: int


class LogFigures:
    """Figures of a log, whichever process it lies in."""

    def entries(self) -> tuple[list[Request], int]:
        """Return all requests in the order in which they were answered, and the most that were under way at once."""
        raise NotImplementedError

    def requests(self, kind: str | None = None, symbol: str | None = None) -> list[Request]:
        """Return requests, of one kind or symbol if wished."""
        return [one for one in self.entries()[0] if kind in (None, one.kind) and symbol in (None, one.symbol)]

    def per_symbol(self, kind: str = "chart") -> dict[str, int]:
        """Return how often each symbol was asked for."""
        return dict(collections.Counter(one.symbol for one in self.requests(kind)))

    def asked_twice(self, kind: str = "chart") -> list[tuple[str, int | None, int | None]]:
        """Return symbol, first and end of every span that was answered well (200) more than once."""
        well = (one for one in self.requests(kind) if one.status == 200)
        counts = collections.Counter((one.symbol, one.first, one.end) for one in well)
        return [question for question, count in counts.items() if count > 1]

    @property
    def most_at_once(self) -> int:
        """Return the most requests that were under way at the same moment, of every kind."""
        return self.entries()[1]

    @property
    def sent_bytes(self) -> int:
        """Return the bytes of all bodies sent."""
        return sum(one.sent_bytes for one in self.requests())


class RequestLog(LogFigures):
    """The log itself."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: list[Request] = []
        self._open = 0
        self._most = 0

    def entries(self) -> tuple[list[Request], int]:
        with self._lock:
            return list(self._requests), self._most

    def begin(self) -> float:
        """Note that a request has come in, and return the moment."""
        with self._lock:
            self._open += 1
            self._most = max(self._most, self._open)
        return time.monotonic()

    def end(self, request: Request) -> None:
        """Note what became of it."""
        with self._lock:
            self._open -= 1
            self._requests.append(request)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._requests.clear()
            self._most = self._open
