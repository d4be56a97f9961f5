"""A batch: answers of many symbols as one frame of bars as traded, and what they state of actions.

Belongs here: from answers to rows that rules and versions take. Not here: those (``transforms``), or the lake.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from pipelines.contracts import raw
from pipelines.contracts.received import ReceivedBar
from pipelines.contracts.table import name_of
from pipelines.ingestion.ask import DAYS_AHEAD
from pipelines.ingestion.question import Answered
from pipelines.ingestion.rejected import EARLIEST_SESSION, LATEST_SESSION_AHEAD
from pipelines.parameters import Parameters
from pipelines.sources.calendar import sessions_between
from pipelines.sources.partial_bar import is_partial
from pipelines.transforms.corporate_action import as_traded
from pipelines.transforms.stock_bar import screen_stock_bars

_MOMENT = pl.Datetime("us", "UTC")
_CLOSURE = dt.timedelta(days=31)
_DAY = dt.timedelta(days=1)


class Batch(NamedTuple):
    """What answers give.

    Attributes:
        bars: Good rows as traded: ``raw.StockBar`` short of known_from, known_basis and source.
        rejected: ``raw.RejectedRow`` short of source and fetched_at.
        actions: ``raw.StockAction`` short of known_from, known_basis, is_withdrawn and source.
        windows: The days that each answer covers, as ``stock_version.new_action_versions`` takes them.
        first_trades: instrument_id, first_trade.
        calendar: Sessions that the rows may stand on, to the last answer.
        unsettled: Bars of a session that was not over when they were read, or that the vendor had not followed to its
            end: set aside, they come again.
    """

    bars: pl.DataFrame
    rejected: pl.DataFrame
    actions: pl.DataFrame
    windows: pl.DataFrame
    first_trades: pl.DataFrame
    calendar: pl.DataFrame
    unsettled: int


def batch_of(answers: Sequence[Answered], parameters: Parameters) -> Batch:
    """Return the rows of answers that are charts, one answer per instrument.

    The newest bar may be of a session that is not over, has not settled, or is known in part only
    (``sources.partial_bar``). Every run between two closes would get another one for every symbol, so these are counted
    and no rejected rows. A bar of any other day that has not come is rejected.
    """
    last = max((answered.fetched_at for answered in answers), default=dt.datetime.now(dt.UTC))
    received = _received(answers)
    calendar = _calendar_of(received, last)
    settled_at = pl.col("closes_at") + dt.timedelta(minutes=parameters.bar_settle_minutes)
    is_early = (
        received.join(calendar, on="session", how="left", maintain_order="left")
        .select(is_early=(pl.col("session") == pl.col("day")) & (settled_at > pl.col("fetched_at")))["is_early"]
        .fill_null(value=False)
    )
    is_unsettled = is_early | received["is_partial"]
    accepted, rejected = screen_stock_bars(received.filter(~is_unsettled), calendar, last, parameters)
    actions = _actions(answers)
    return Batch(
        _as_traded(accepted, actions),
        rejected.with_columns(raw_table=pl.lit(name_of(raw.StockBar))),
        actions,
        _windows(answers),
        _first_trades(answers),
        calendar,
        int(is_unsettled.sum()),
    )


def _received(answers: Sequence[Answered]) -> pl.DataFrame:
    """Return all bars as ``ReceivedBar`` with fetched_at, day and is_partial; of a null payload the columns stand."""
    frames = [
        ReceivedBar.create_empty()
        .with_columns(fetched_at=pl.lit(None, _MOMENT), day=pl.lit(None, pl.Date), is_partial=pl.lit(value=False))
        .clear()
    ]
    columns = frames[0].columns
    for answered in answers:
        symbol = answered.question.vendor_symbol
        frames.append(
            answered.answer.bars.with_columns(
                *_constants(answered),
                locator=pl.lit(f"yahoo:{symbol}:") + pl.col("session").cast(pl.String),
                payload=pl.lit(None, pl.String),
                day=pl.lit(answered.day),
                # It restates with every dividend; adjusted series are computed.
                adjusted_close=pl.lit(None, pl.Float64),
                is_partial=(pl.col("session") == pl.lit(_partial_session(answered), pl.Date)).fill_null(value=False),
            ).select(columns)
        )
    return pl.concat(frames)


def _partial_session(answered: Answered) -> dt.date | None:
    """Return the session of which the vendor gave a part, None as a rule."""
    newest, answer = answered.answer.bars["session"].max(), answered.answer
    is_part = isinstance(newest, dt.date) and is_partial(newest, answer.quoted_at, answered.fetched_at)
    return newest if is_part else None  # type: ignore[return-value]  # polars says less of a column's largest value


def _constants(answered: Answered) -> list[pl.Expr]:
    return [
        pl.lit(answered.question.instrument_id).alias("instrument_id"),
        pl.lit(answered.question.vendor_symbol).alias("vendor_symbol"),
        pl.lit(answered.answer.payload_hash or "").alias("payload_hash"),
        pl.lit(answered.fetched_at).cast(_MOMENT).alias("fetched_at"),
    ]


def _calendar_of(received: pl.DataFrame, last: dt.datetime) -> pl.DataFrame:
    """Return the sessions from the first received one on, to the last answer and the last received one."""
    ahead = last.date() + LATEST_SESSION_AHEAD
    sensible = pl.col("session").clip(EARLIEST_SESSION, ahead)
    first, end = received.select(first=sensible.min(), end=sensible.max()).row(0)
    begin = min(first or last.date(), last.date()) - _CLOSURE
    return _sessions(begin.year, max(end or last.date(), last.date())).filter(pl.col("session") >= begin)


@functools.lru_cache(maxsize=8)
def _sessions(year: int, last: dt.date) -> pl.DataFrame:
    return sessions_between(dt.date(year, 1, 1), last)


def _as_traded(accepted: pl.DataFrame, actions: pl.DataFrame) -> pl.DataFrame:
    """Undo the splits of each answer that were effective on the day it came."""
    splits = actions.filter(action_type="split")
    days = accepted.partition_by("day", as_dict=True, maintain_order=True)
    wanted = [name for name in raw.StockBar.column_names() if name not in ("known_from", "known_basis", "source")]
    found = [as_traded(rows, splits, day).select(wanted) for (day,), rows in days.items()]
    return pl.concat([raw.StockBar.create_empty().select(wanted), *found])


def _actions(answers: Sequence[Answered]) -> pl.DataFrame:
    wanted = [
        name
        for name in raw.StockAction.column_names()
        if name not in ("known_from", "known_basis", "is_withdrawn", "source")
    ]
    frames = [raw.StockAction.create_empty().select(wanted)]
    for answered in answers:
        is_dividend = pl.col("action_type") == "dividend"
        currency = pl.when(is_dividend).then(pl.lit(answered.answer.currency, pl.String)).alias("currency")
        frames.append(answered.answer.actions.with_columns(*_constants(answered), currency).select(wanted))
    return pl.concat(frames)


def _windows(answers: Sequence[Answered]) -> pl.DataFrame:
    """Return the days in which an answer would have stated an action: yfinance drops those before the first bar."""
    ends = [answered.answer.bars["session"].min() for answered in answers]
    firsts = [max(answered.question.asked_from, first) for answered, first in zip(answers, ends, strict=True)]  # type: ignore[type-var]
    return pl.DataFrame(
        {
            "instrument_id": [answered.question.instrument_id for answered in answers],
            "first_day": firsts,
            "last_day": [answered.day + DAYS_AHEAD - _DAY for answered in answers],
            "vendor_symbol": [answered.question.vendor_symbol for answered in answers],
            "payload_hash": [answered.answer.payload_hash or "" for answered in answers],
            "fetched_at": [answered.fetched_at for answered in answers],
        },
        schema={
            "instrument_id": pl.String,
            "first_day": pl.Date,
            "last_day": pl.Date,
            "vendor_symbol": pl.String,
            "payload_hash": pl.String,
            "fetched_at": _MOMENT,
        },
    )


def _first_trades(answers: Sequence[Answered]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "instrument_id": [answered.question.instrument_id for answered in answers],
            "first_trade": [answered.answer.first_trade for answered in answers],
        },
        schema={"instrument_id": pl.String, "first_trade": pl.Date},
    )
