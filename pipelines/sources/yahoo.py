"""Daily bars of the indices from Yahoo through yfinance: the ``yahoo`` source.

Belongs here: which days of which index are asked for, and what is said when one fails. Not here: how a symbol is asked
(``yahoo_chart``), the bars of a whole universe (``pipelines.ingestion``), or row rules (``transforms.screen``).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from zoneinfo import ZoneInfo

import dataframely as dy
import pandas as pd
import polars as pl

from pipelines.contracts.received import ReceivedBar
from pipelines.sources.base import SourceError, Span
from pipelines.sources.calendar import sessions_between
from pipelines.sources.chart_answer import WHOLE_HISTORY_FROM
from pipelines.sources.partial_bar import is_partial
from pipelines.sources.received import EXCHANGE_TIME_ZONE, received
from pipelines.sources.yahoo_chart import bars_of, chart_frame, quoted_at, values_of
from pipelines.sources.yahoo_session import YahooSession, is_no_connection, is_rate_limit, reason_of

OVERLAP_SESSIONS = 10
"""Stored sessions that are asked for again, as Yahoo corrects its newest bars."""

_OVERLAP_SPAN = dt.timedelta(days=60)


class YahooSource:
    """Yahoo's chart service, asked symbol by symbol.

    Prices are as Yahoo gives them unadjusted for dividends (``auto_adjust=False``), its dividend-adjusted close
    beside them. The newest bar may be of a session that is not over. yfinance hands over a missing volume as 0.

    Args:
        base_url: Another host that answers in Yahoo's place; no request then goes anywhere else.

    Attributes:
        partial: Symbols and sessions whose bar was set aside, as it is a part of a session that is over.
    """

    name = "yahoo"

    def __init__(self, base_url: str | None = None) -> None:
        self.base_url = base_url
        self.partial: list[str] = []

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
        self.partial = []
        with YahooSession(self.base_url) as session:
            for row in instruments.iter_rows(named=True):
                symbol = row["vendor_symbol"]
                begin = first_day_to_ask(known.get(row["instrument_id"]), start)
                try:
                    answer, facts = chart_frame(symbol, begin, end, session)
                except Exception as error:  # yfinance raises whatever stumbles over an answer, KeyError included
                    failures[symbol] = reason_of(error, session)
                    # Asking for the next symbol would be impolite, or pointless.
                    if is_rate_limit(error) or is_no_connection(error):
                        break
                else:
                    bars = _bars_of_answer(answer, symbol)
                    newest = bars["session"].max()
                    if isinstance(newest, dt.date) and is_partial(newest, quoted_at(facts), now):
                        self.partial.append(f"{symbol} {newest}")
                        bars = bars.filter(pl.col("session") != newest)
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


def _bars_of_answer(answer: pd.DataFrame, symbol: str) -> pl.DataFrame:
    """Return session (the date on the exchange), numbers, locator and payload of yfinance's frame."""
    values = values_of(answer)
    date = pl.col("session").cast(pl.String).alias("Date")
    return pl.concat(
        [
            bars_of(values),
            values.select(
                (pl.lit(f"yahoo:{symbol}:") + date).alias("locator"),
                pl.struct(date, pl.exclude("session")).struct.json_encode().alias("payload"),
            ),
        ],
        how="horizontal",
    )


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
