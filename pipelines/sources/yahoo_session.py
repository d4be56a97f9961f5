"""How Yahoo is spoken to: one browser-like session for all threads, and yfinance set up to raise.

Belongs here: hosts, time-outs, proxies, what yfinance may write where, and what its errors mean in words.
Not here: what is asked (``yahoo`` for the indices, ``yahoo_chart`` for any one symbol).

yfinance keeps one object with one session, cookie and crumb for the whole process: a second session would be used by
every thread from then on. So the threads of a run share one ``YahooSession``. curl gives each thread a handle of its
own, yfinance holds a lock while it gets a cookie or a crumb, and what came last is remembered by thread.
"""

from __future__ import annotations

import functools
import tempfile
import threading
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from curl_cffi import requests
from curl_cffi.requests import exceptions

TIMEOUT_SECONDS = 10.0
"""Wait for any one answer; yfinance's own 30 seconds would add up when the network swallows everything."""

_HOST = "query2.finance.yahoo.com"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class EmptyAnswerError(Exception):
    """An answer without a single price."""


class YahooSession(requests.Session):
    """A browser-like session with one time-out, which may put another host in Yahoo's place.

    Args:
        base_url: Another host that answers in Yahoo's place; no request then goes anywhere else.
        timeout: Seconds for one answer.
        pace: Called before each request, cookies and crumbs included; waits until one more may be sent.
    """

    def __init__(
        self,
        base_url: str | None,
        timeout: float | None = None,
        pace: Callable[[], None] | None = None,
    ) -> None:
        place = urlsplit(base_url or f"https://{_HOST}")
        # An empty proxy outweighs the environment's: a server on this machine is behind no proxy.
        super().__init__(impersonate="chrome", proxies={"all": ""} if place.hostname in _LOOPBACK else None)
        self.host = place.netloc.rpartition("@")[2]
        self.seconds = timeout or TIMEOUT_SECONDS
        self._place = base_url.rstrip("/") if base_url else None
        self._pace = pace
        self._heard = threading.local()

    @property
    def last(self) -> Any:
        """Return what came last to this thread, None where nothing came."""
        return getattr(self._heard, "answer", None)

    def forget(self) -> None:
        """Forget what came last to this thread."""
        self._heard.answer = None

    def request(self, method: Any, url: str, *args: Any, **kwargs: Any) -> Any:
        """Send a request and keep its answer, to be able to say what came in place of a chart."""
        if self._place:
            asked = urlsplit(url)
            url = self._place + asked.path + (f"?{asked.query}" if asked.query else "")
        self.forget()
        if self._pace:
            self._pace()
        self._heard.answer = super().request(method, url, *args, **{**kwargs, "timeout": self.seconds})
        return self._heard.answer


@functools.cache
def cache_folder() -> tempfile.TemporaryDirectory[str]:
    """Return a folder for yfinance's caches, gone with the process: nothing is written to anyone's home."""
    return tempfile.TemporaryDirectory(prefix="yfinance-")


@functools.cache
def yfinance_module() -> ModuleType:
    """Return yfinance, set up to raise where it would log and return nothing."""
    import yfinance  # Takes more than a second.

    yfinance.set_tz_cache_location(cache_folder().name)
    yfinance.config.debug.hide_exceptions = False
    # yfinance lags behind pandas and says so once a symbol.
    warnings.filterwarnings("ignore", category=DeprecationWarning, module="yfinance")
    return yfinance


def is_rate_limit(error: Exception) -> bool:
    """Return whether the host refuses further requests for now."""
    from yfinance.exceptions import YFRateLimitError

    return isinstance(error, YFRateLimitError)


def is_no_connection(error: Exception) -> bool:
    """Return whether nothing was heard of the host at all."""
    return isinstance(error, (exceptions.ConnectionError, exceptions.Timeout, exceptions.ProxyError))


def reason_of(error: Exception, session: YahooSession) -> str:
    """Return in plain words why a symbol could not be read."""
    from yfinance.exceptions import YFPricesMissingError, YFRateLimitError

    match error:
        case YFRateLimitError():
            return f"{session.host} limits the rate of requests (HTTP 429); try again later"
        case exceptions.Timeout():
            return f"no answer from {session.host} within {session.seconds:.0f} seconds"
        case exceptions.DNSError() | exceptions.ConnectionError() | exceptions.ProxyError():
            asked = "is this machine offline, or behind a proxy (HTTPS_PROXY)?"
            return f"no connection to {session.host}: {asked} ({_first_line(error)})"
        case YFPricesMissingError(yahoo_reason=str(reason)):
            return f"{session.host} said: {reason} ({_status(session)})"
        case YFPricesMissingError() | EmptyAnswerError():
            return f"an answer without prices ({_status(session)})"
        case ValueError():
            return f"expected a chart, was another answer ({_status(session)})"
        case exceptions.RequestException():
            return f"expected a chart, was a broken answer ({_first_line(error)})"
        case _:
            return f"expected a chart, was another answer ({_status(session)}; {_first_line(error)})"


def _first_line(error: Exception) -> str:
    """Return the gist of an error, without curl's pointer to its manual."""
    return (str(error).splitlines() or [""])[0].split(" See http")[0][:160] or type(error).__name__


def _status(session: YahooSession) -> str:
    if session.last is None:
        return "no answer"
    kind = session.last.headers.get("content-type") or "no content type"
    return f"HTTP {session.last.status_code}, {kind}"
