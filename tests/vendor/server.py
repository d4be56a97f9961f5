"""The vendor as a server on the loopback interface: connections, the clock, the faults that are on, the log.

Belongs here: HTTP/1.1 with connections that stay open, a thread each. Not here: what is answered (``yahoo``,
``attribute``, ``document_shelf``), or a vendor in a process of its own (``process``).

A small server of its own and not ``http.server``, whose reading of headers takes longer than making an answer.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import socket
import socketserver
import threading
import time
from types import TracebackType
from typing import Self

from tests.vendor.attribute import attribute_reply
from tests.vendor.control import controlled
from tests.vendor.document_shelf import DocumentShelf
from tests.vendor.fault import DOCUMENT_KINDS, HTML, Fault, FaultPlan, Reply, ReplyFault
from tests.vendor.market import Market
from tests.vendor.question import Question, question_of
from tests.vendor.request_log import Request, RequestLog
from tests.vendor.yahoo import chart_reply, cookie_reply, crumb_reply

CONTROL = "/-/"
"""Beginning of the paths by which a vendor in another process is controlled; they are not logged."""
_REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 422: "Unprocessable Entity",
            429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway"}  # fmt: skip
_LARGEST_HEAD = 1 << 16


class Vendor:
    """A vendor of the market's data; as a context manager it is started and stopped.

    Attributes:
        market: What is true.
        now: Its clock: sessions that open after it do not exist. May be set while it runs; at first three hours after
            the market's last close.
        faults: What is wrong with it.
        log: What it was asked.
    """

    def __init__(self, market: Market | None = None, now: dt.datetime | None = None, port: int = 0) -> None:
        self.market = market or Market()
        self.now = now or self.market.closes[-1] + dt.timedelta(hours=3)
        self.faults = FaultPlan()
        self.log = RequestLog()
        self._shelf = DocumentShelf(self.market)
        self._port = port

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._server = _Server(self, self._port)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._server.hang_up()
        self._thread.join(timeout=5)

    def reply(self, question: Question) -> Reply:
        """Return what is sent for a question, faults included."""
        now = self.now
        faults = self.faults.of(question.kind, question.symbol, now)
        spoiling = next((fault for fault in faults if isinstance(fault, ReplyFault)), None)
        if spoiling is None:
            return self._healthy(question, faults, now)
        return spoiling.spoil(lambda: self._healthy(question, faults, now))

    def _healthy(self, question: Question, faults: list[Fault], now: dt.datetime) -> Reply:
        match question.kind:
            case "chart":
                return chart_reply(self.market, question, faults, now)
            case "crumb":
                return crumb_reply()
            case "cookie":
                return cookie_reply()
            case "quote_summary" | "quote" | "timeseries":
                return attribute_reply(self.market, question, faults, now)
            case kind if kind in DOCUMENT_KINDS:
                return self._shelf.reply(question, now)
            case "consent":
                return Reply(200, HTML, b"<html><body>Nothing to consent to</body></html>")
            case _:
                return Reply(404, HTML, b"<html><body>No such page</body></html>")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, vendor: Vendor, port: int) -> None:
        self.vendor = vendor
        self.numbers = itertools.count(1)
        self.connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Connection)

    def hang_up(self) -> None:
        """End every connection, so that no thread waits for another request."""
        for connection in list(self.connections):
            _end(connection)


class _Connection(socketserver.StreamRequestHandler):
    server: _Server
    disable_nagle_algorithm = True

    def handle(self) -> None:
        self.server.connections.add(self.connection)
        self.number = next(self.server.numbers)
        try:
            while self._one():
                pass
        except OSError:
            pass  # The other side has gone.
        finally:
            self.server.connections.discard(self.connection)

    def _one(self) -> bool:
        """Answer one request; return whether another may follow."""
        line = self.rfile.readline(_LARGEST_HEAD).decode("latin-1").split()
        if len(line) != 3:
            return False
        headers = self._headers()
        body = self.rfile.read(int(headers.get("content-length", 0)))
        method, target, _ = line
        if target.startswith(CONTROL):
            self._send(controlled(self.server.vendor, target.removeprefix(CONTROL), body))
            return True
        stays = self._answer(question_of(target)) and headers.get("connection", "").lower() != "close"
        return stays and method == "GET"

    def _headers(self) -> dict[str, str]:
        found: dict[str, str] = {}
        while (line := self.rfile.readline(_LARGEST_HEAD).strip()) != b"":
            name, _, value = line.decode("latin-1").partition(":")
            found[name.strip().lower()] = value.strip()
        return found

    def _answer(self, question: Question) -> bool:
        """Log and send an answer; return whether the connection may stay.

        It is logged just before it is sent: whoever has received it finds it in the log, and does not count as under
        way when asking again.
        """
        vendor = self.server.vendor
        begun = vendor.log.begin()
        try:
            reply = vendor.reply(question)
        except Exception as error:
            reply = Reply(500, "text/plain", f"the vendor itself failed: {error!r}".encode())
        if reply.delay:
            time.sleep(reply.delay)
        span, taken = (question.moment("period1"), question.moment("period2")), time.monotonic() - begun
        sent = len(reply.body[: reply.sent])
        vendor.log.end(Request(begun, question.kind, question.symbol, *span, reply.status, sent, taken, self.number))
        return self._send(reply)

    def _send(self, reply: Reply) -> bool:
        """Send an answer; return whether the connection may stay."""
        if reply.is_dropped:
            _end(self.connection)
            return False
        head = [
            f"HTTP/1.1 {reply.status} {_REASONS.get(reply.status, 'Other')}",
            f"Content-Type: {reply.kind}",
            f"Content-Length: {len(reply.body)}",
        ]
        if reply.retry_after is not None:
            head.append(f"Retry-After: {reply.retry_after}")
        if reply.cookie:
            head.append(f"Set-Cookie: {reply.cookie}")
        body = reply.body[: reply.sent]
        self.connection.sendall("\r\n".join([*head, "", ""]).encode("latin-1") + body)
        if len(body) < len(reply.body):
            _end(self.connection)
            return False
        return True


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # It may have ended already.
        connection.shutdown(socket.SHUT_RDWR)
