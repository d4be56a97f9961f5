"""One symbol's chart from Yahoo, asked through yfinance: bars, splits, dividends and what the vendor says of both.

Belongs here: how a symbol is asked, and into which outcome an answer falls. Not here: which symbols and days are asked
for, asking again, and undoing splits (``pipelines.ingestion``).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any
from urllib.parse import quote

import pandas as pd
import polars as pl
from curl_cffi.requests import exceptions

from pipelines.sources.chart_answer import ACTION_SCHEMA, BAR_SCHEMA, Answer
from pipelines.sources.received import EXCHANGE_TIME_ZONE
from pipelines.sources.yahoo_session import (
    EmptyAnswerError,
    YahooSession,
    is_no_connection,
    is_rate_limit,
    reason_of,
    yfinance_module,
)

_COLUMNS = {
    "Open": "open",
    "High": "high",
    "Low": "low",
    "Close": "close",
    "Adj Close": "adjusted_close",
    "Volume": "volume",
}
_PRICES = ("open", "high", "low", "close")
_ACTIONS = {"split": ("Stock Splits", "split_ratio"), "dividend": ("Dividends", "dividend_amount")}
_NO_DATA_THEN = "Data doesn't exist for"
"""What Yahoo says, with status 400, of a symbol that it knows and of days on which that had no bar."""
_SHOWN = 300
"""Characters of a reason: a vendor may say a lot."""
_NOT_FOUND = 404
_REFUSED = 400
_BROKEN = 500


def chart_frame(symbol: str, begin: dt.date, end: dt.date, session: YahooSession) -> tuple[pd.DataFrame, Any]:
    """Return yfinance's frame of daily bars and actions from ``begin`` to before ``end``, and its facts on the symbol.

    Raises:
        Exception: whatever yfinance stumbles over, ``EmptyAnswerError`` where no price came.
    """
    yfinance = yfinance_module()
    session.forget()
    # A refusal would be remembered for as long as the process lives.
    yfinance.data.YfData.cache_get.cache_clear()
    # yfinance puts the symbol into the address as it is.
    ticker = yfinance.Ticker(quote(symbol, safe="^=."), session=session)
    # The zone is known, which spares a request a symbol, and the look-up's vague error where the symbol is unknown.
    # yfinance's own cache of zones is a database file, which threads would lock.
    ticker._tz = EXCHANGE_TIME_ZONE
    frame: pd.DataFrame = ticker.history(
        start=begin, end=end, interval="1d", auto_adjust=False, actions=True, keepna=True
    )
    if frame.empty or not frame["Close"].notna().any():
        raise EmptyAnswerError
    return frame, ticker.history_metadata


def values_of(frame: pd.DataFrame) -> pl.DataFrame:
    """Return session (the date on the exchange) and yfinance's columns as numbers, null where none is finite."""
    session = pl.Series("session", pd.DatetimeIndex(frame.index).tz_localize(None).as_unit("us").to_numpy()).cast(
        pl.Date
    )
    values = pl.DataFrame({name: frame[name].to_numpy(dtype=float, na_value=float("nan")) for name in frame})
    return values.select(session, pl.when(pl.all().is_finite()).then(pl.all()))


def bars_of(values: pl.DataFrame) -> pl.DataFrame:
    """Return the columns of a bar under our names."""
    return values.select("session", *[pl.col(name).alias(ours) for name, ours in _COLUMNS.items()])


def ask_chart(symbol: str, begin: dt.date, end: dt.date, session: YahooSession) -> Answer:
    """Ask for one symbol from ``begin`` to before ``end``, and say what became of it; raises nothing."""
    try:
        frame, facts = chart_frame(symbol, begin, end, session)
        values = values_of(frame)
        first_trade = facts.get("firstTradeDate")
        return Answer(
            "ok",
            None,
            bars_of(values).filter(~_is_action_alone(values)),
            _actions_of(values),
            str(facts["currency"]) if facts.get("currency") else None,
            first_trade.date() if isinstance(first_trade, pd.Timestamp) else None,
            _hash_of(session),
            quoted_at=quoted_at(facts),
        )
    except Exception as error:  # yfinance raises whatever stumbles over an answer, KeyError included
        return _refusal(error, session)


def quoted_at(facts: Any) -> dt.datetime | None:
    """Return when the vendor last had a quote of the symbol, in UTC; None where it does not say."""
    moment = facts.get("regularMarketTime")
    return moment.to_pydatetime().astimezone(dt.UTC) if isinstance(moment, pd.Timestamp) else None


def _refusal(error: Exception, session: YahooSession) -> Answer:
    """Return into which outcome an answer falls that is no chart."""
    status = session.last.status_code if session.last is not None else None
    reason = reason_of(error, session)[:_SHOWN]
    nothing = (BAR_SCHEMA.to_frame(), ACTION_SCHEMA.to_frame())
    if is_rate_limit(error):
        return Answer("rate_limited", reason, *nothing, payload_hash=_hash_of(session))
    if isinstance(error, exceptions.IncompleteRead):
        return Answer("parse_error", reason, *nothing, may_pass=True)
    if is_no_connection(error) or status is None:
        return Answer("http_error", reason, *nothing, may_pass=True, is_unheard=True)
    if isinstance(error, EmptyAnswerError) or _is_without_prices(error, session):
        return Answer("empty", reason, *nothing, payload_hash=_hash_of(session))
    if status >= _REFUSED:
        return Answer(
            "http_error",
            reason,
            *nothing,
            payload_hash=_hash_of(session),
            is_unknown=status == _NOT_FOUND,
            may_pass=status >= _BROKEN,
        )
    return Answer("parse_error", reason, *nothing, payload_hash=_hash_of(session))


def _is_without_prices(error: Exception, session: YahooSession) -> bool:
    """Return whether an answer is a chart, of a symbol that the host knows, without prices of the days asked for."""
    from yfinance.exceptions import YFPricesMissingError

    if not isinstance(error, YFPricesMissingError):
        return False
    if error.yahoo_reason is not None:
        return str(error.yahoo_reason).startswith(_NO_DATA_THEN)
    content = session.last.json()  # yfinance has read it as JSON before
    return session.last.status_code < _REFUSED and isinstance(content, dict) and "chart" in content


def _is_action_alone(values: pl.DataFrame) -> pl.Series:
    """Return which rows yfinance added to tell of an action on a day that has no bar."""
    prices = [name for name, ours in _COLUMNS.items() if ours in _PRICES]
    acts = [pl.col(name).fill_null(0) != 0 for name, _ in _ACTIONS.values() if name in values.columns]
    return values.select(
        is_alone=pl.all_horizontal(pl.col(prices).is_null())
        & (pl.any_horizontal(acts) if acts else pl.lit(value=False))
    )["is_alone"]


def _actions_of(values: pl.DataFrame) -> pl.DataFrame:
    """Return splits and dividends, one row each; a split of one for one is none."""
    found = [ACTION_SCHEMA.to_frame()]
    for kind, (name, ours) in _ACTIONS.items():
        if name in values.columns:
            value = pl.col(name)
            is_one = (value > 0) & ((value != 1) | (pl.lit(kind) != "split"))
            rows = values.filter(is_one).select(ex_session="session", action_type=pl.lit(kind), **{ours: value})
            found.append(rows)
    return pl.concat(found, how="diagonal").select(ACTION_SCHEMA.names()).sort("ex_session", "action_type")


def _hash_of(session: YahooSession) -> str | None:
    return hashlib.sha256(session.last.content).hexdigest() if session.last is not None else None
