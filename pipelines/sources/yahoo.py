"""Daily bars from Yahoo through yfinance: the ``yahoo`` source.

Belongs here: what is asked, of which host, and what its refusals mean. Not here: row rules (``transforms.screen``),
nor asking again later. yfinance is imported where it is needed, as that takes a while.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import tempfile
import warnings
from collections.abc import Mapping
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import dataframely as dy
import pandas as pd
import polars as pl
from curl_cffi import requests
from curl_cffi.requests import exceptions

from pipelines.contracts.received import ReceivedBar
from pipelines.sources.base import SourceError, Span
from pipelines.sources.calendar import sessions_between
from pipelines.sources.received import EXCHANGE_TIME_ZONE, received

TIMEOUT_SECONDS = 10.0
"""Wait for any one answer; yfinance's own 30 seconds would add up when the network swallows everything."""
OVERLAP_SESSIONS = 10
"""Stored sessions that are asked for again, as Yahoo corrects its newest bars."""
WHOLE_HISTORY_FROM = dt.date(1900, 1, 1)
"""Before the first bar of any index; yfinance's ``max`` is 99 years back, which will soon cut the S&P 500 short."""

_OVERLAP_SPAN = dt.timedelta(days=60)
_HOST = "query2.finance.yahoo.com"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_COLUMNS = {
    "Open": "open",
    "High": "high",
    "Low": "low",
    "Close": "close",
    "Adj Close": "adjusted_close",
    "Volume": "volume",
}


class YahooSource:
    """Yahoo's chart service, asked symbol by symbol.

    Prices are as Yahoo gives them unadjusted for dividends (``auto_adjust=False``), its dividend-adjusted close
    beside them. The newest bar may be of a session that is not over. yfinance hands over a missing volume as 0.

    Args:
        base_url: Another host that answers in Yahoo's place; no request then goes anywhere else.
    """

    name = "yahoo"

    def __init__(self, base_url: str | None = None) -> None:
        self.base_url = base_url

    def bars(
        self,
        instruments: pl.DataFrame,
        known: Mapping[str, Span],
        start: dt.date | None,
        now: dt.datetime,
    ) -> dy.DataFrame[ReceivedBar]:
        """Return the bars of every instrument up to today.

        An instrument with stored sessions is asked for from ten sessions before the last, or from a ``start`` before
        its first; any other from ``start`` on or, without one, from its beginning. No row before ``start`` is asked
        for.

        Raises:
            SourceError: a symbol could not be read; the text names those that failed, and why, and those that did not.
        """
        end = now.astimezone(ZoneInfo(EXCHANGE_TIME_ZONE)).date() + dt.timedelta(days=1)
        frames: dict[str, pl.DataFrame] = {}
        failures: dict[str, str] = {}
        with _Session(self.base_url) as session:
            for row in instruments.iter_rows(named=True):
                symbol = row["vendor_symbol"]
                begin = first_day_to_ask(known.get(row["instrument_id"]), start)
                try:
                    answer = _ask(symbol, begin, end, session)
                except Exception as error:  # yfinance raises whatever stumbles over an answer, KeyError included
                    failures[symbol] = _reason(error, session)
                    if _concerns_all_symbols(error):
                        break
                else:
                    bars = _bars_of_answer(answer, symbol)
                    digest = hashlib.sha256("\n".join(bars["payload"]).encode()).hexdigest()
                    frames[symbol] = received(bars, row["instrument_id"], symbol, digest)
        if failures:
            raise SourceError(_report(instruments["vendor_symbol"].to_list(), failures, list(frames)))
        return ReceivedBar.cast(pl.concat(frames.values()))


def first_day_to_ask(known: Span | None, start: dt.date | None) -> dt.date:
    """Return the first day to ask for: ten sessions before the last known one, or ``start`` where that is wanted.

    A ``start`` before the first known session asks for what lies before it; one after the overlap cuts that short.
    """
    if known is None:
        return start or WHOLE_HISTORY_FROM
    first_known, last_known = known
    if start and start < first_known:
        return start
    before = sessions_between(last_known - _OVERLAP_SPAN, last_known - dt.timedelta(days=1))["session"]
    overlap: dt.date = before.tail(OVERLAP_SESSIONS)[0]
    return max(overlap, start or overlap)


class _Session(requests.Session):
    """A browser-like session with one time-out, which may put another host in Yahoo's place."""

    def __init__(self, base_url: str | None) -> None:
        place = urlsplit(base_url or f"https://{_HOST}")
        # An empty proxy outweighs the environment's: a server on this machine is behind no proxy.
        super().__init__(impersonate="chrome", proxies={"all": ""} if place.hostname in _LOOPBACK else None)
        self.host = place.netloc
        self.last: Any = None
        self._place = base_url.rstrip("/") if base_url else None

    def request(self, method: Any, url: str, *args: Any, **kwargs: Any) -> Any:
        """Send a request and keep its answer, to be able to say what came in place of a chart."""
        if self._place:
            asked = urlsplit(url)
            url = self._place + asked.path + (f"?{asked.query}" if asked.query else "")
        self.last = None
        self.last = super().request(method, url, *args, **{**kwargs, "timeout": TIMEOUT_SECONDS})
        return self.last


class _EmptyAnswerError(Exception):
    """An answer without a single price."""


@functools.cache
def _cache_folder() -> tempfile.TemporaryDirectory[str]:
    """Return a folder for yfinance's caches, gone with the process: nothing is written to anyone's home."""
    return tempfile.TemporaryDirectory(prefix="yfinance-")


@functools.cache
def _yfinance() -> ModuleType:
    """Return yfinance, set up to raise where it would log and return nothing."""
    import yfinance

    yfinance.set_tz_cache_location(_cache_folder().name)
    yfinance.config.debug.hide_exceptions = False
    # yfinance lags behind pandas and says so once a symbol.
    warnings.filterwarnings("ignore", category=DeprecationWarning, module="yfinance")
    return yfinance


def _ask(symbol: str, begin: dt.date, end: dt.date, session: _Session) -> pd.DataFrame:
    """Return yfinance's frame of daily bars from ``begin`` to before ``end``."""
    yfinance = _yfinance()
    # A refusal would be remembered for as long as the process lives.
    yfinance.data.YfData.cache_get.cache_clear()
    # The zone is known, which spares a request a symbol, and the look-up's vague error where the symbol is unknown.
    yfinance.cache.get_tz_cache().store(symbol.upper(), EXCHANGE_TIME_ZONE)
    ticker = yfinance.Ticker(symbol, session=session)
    answer: pd.DataFrame = ticker.history(
        start=begin, end=end, interval="1d", auto_adjust=False, actions=True, keepna=True
    )
    if answer.empty or not answer["Close"].notna().any():
        raise _EmptyAnswerError
    return answer


def _bars_of_answer(answer: pd.DataFrame, symbol: str) -> pl.DataFrame:
    """Return session (the date on the exchange), numbers, locator and payload of yfinance's frame."""
    session = pl.Series("session", pd.DatetimeIndex(answer.index).tz_localize(None).as_unit("us").to_numpy()).cast(
        pl.Date
    )
    values = pl.DataFrame({name: answer[name].to_numpy(dtype=float, na_value=float("nan")) for name in answer})
    finite = values.select(pl.when(pl.all().is_finite()).then(pl.all()))
    date = session.cast(pl.String).alias("Date")
    return finite.select(
        session,
        *[pl.col(name).alias(ours) for name, ours in _COLUMNS.items()],
        (pl.lit(f"yahoo:{symbol}:") + pl.lit(date)).alias("locator"),
        pl.struct(date, pl.all()).struct.json_encode().alias("payload"),
    )


def _concerns_all_symbols(error: Exception) -> bool:
    """Return whether asking for the next symbol would be pointless (no connection) or impolite (rate limit)."""
    from yfinance.exceptions import YFRateLimitError

    return isinstance(error, (YFRateLimitError, exceptions.ConnectionError, exceptions.Timeout, exceptions.ProxyError))


def _reason(error: Exception, session: _Session) -> str:
    """Return in plain words why a symbol could not be read."""
    from yfinance.exceptions import YFPricesMissingError, YFRateLimitError

    match error:
        case YFRateLimitError():
            return f"{session.host} limits the rate of requests (HTTP 429); try again later"
        case exceptions.Timeout():
            return f"no answer from {session.host} within {TIMEOUT_SECONDS:.0f} seconds"
        case exceptions.DNSError() | exceptions.ConnectionError() | exceptions.ProxyError():
            return f"no connection to {session.host}: is this machine offline? ({_first_line(error)})"
        case YFPricesMissingError(yahoo_reason=str(reason)):
            return f"{session.host} said: {reason} ({_status(session)})"
        case YFPricesMissingError() | _EmptyAnswerError():
            return f"an answer without prices ({_status(session)})"
        case ValueError():
            return f"expected a chart, was another answer ({_status(session)})"
        case _:
            return f"expected a chart, was another answer ({_status(session)}; {_first_line(error)})"


def _first_line(error: Exception) -> str:
    """Return the gist of an error, without curl's pointer to its manual."""
    return (str(error).splitlines() or [""])[0].split(" See http")[0][:160] or type(error).__name__


def _status(session: _Session) -> str:
    if session.last is None:
        return "no answer"
    kind = session.last.headers.get("content-type") or "no content type"
    return f"HTTP {session.last.status_code}, {kind}"


def _report(symbols: list[str], failures: Mapping[str, str], fine: list[str]) -> str:
    """Return the text of the error: what failed and why, what did not, and that nothing was stored."""
    failed = "; ".join(f"{symbol}: {reason}" for symbol, reason in failures.items())
    unasked = [symbol for symbol in symbols if symbol not in failures and symbol not in fine]
    parts = [
        f"yahoo: expected bars of {len(symbols)} symbols, was {len(fine)}; nothing was stored",
        f"failed: {failed}",
        f"fine: {', '.join(fine) or 'none'}",
    ]
    return ". ".join([*parts, f"not asked after that: {', '.join(unasked)}"] if unasked else parts)
