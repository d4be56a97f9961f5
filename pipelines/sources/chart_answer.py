"""The answer to one question for a symbol's chart, by whatever vendor: what passes from asking to storing.

Not here: asking (``yahoo_chart``), or what an answer means for the lake (``pipelines.ingestion``).
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import polars as pl

WHOLE_HISTORY_FROM = dt.date(1900, 1, 1)
"""Before the first bar of anything; yfinance's ``max`` is 99 years back, which will soon cut the S&P 500 short."""
BAR_SCHEMA = pl.Schema(
    {"session": pl.Date} | dict.fromkeys(("open", "high", "low", "close", "adjusted_close", "volume"), pl.Float64)
)
ACTION_SCHEMA = pl.Schema(
    {"ex_session": pl.Date, "action_type": pl.String, "split_ratio": pl.Float64, "dividend_amount": pl.Float64}
)


class Answer(NamedTuple):
    """What became of one question.

    Attributes:
        outcome: One of ``vocabulary.FETCH_OUTCOMES`` but ``delisted``, which no single answer shows.
        detail: What came in place of a chart, in words; None for a chart.
        bars: Rows of ``BAR_SCHEMA`` as received, in the shares of the day they were read.
        actions: Rows of ``ACTION_SCHEMA`` in the asked days, those still to come included.
        currency: ISO 4217 code of the prices, None where none was said.
        first_trade: When the symbol first traded, by the vendor; None where it does not say.
        payload_hash: SHA-256 of what was received, None where nothing was.
        is_unknown: Whether the vendor said that it has no such symbol (status 404).
        may_pass: Whether the fault may be gone a moment later: a dropped connection, a server's own error.
        is_unheard: Whether there was no answer at all.
        quoted_at: When the vendor last had a quote, None where it does not say.
    """

    outcome: str
    detail: str | None
    bars: pl.DataFrame
    actions: pl.DataFrame
    currency: str | None = None
    first_trade: dt.date | None = None
    payload_hash: str | None = None
    is_unknown: bool = False
    may_pass: bool = False
    is_unheard: bool = False
    quoted_at: dt.datetime | None = None
