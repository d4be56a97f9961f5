"""Averages and trend states of all stocks, bucket by bucket: of what changed since the last build, else of everything.

Belongs here: which rows of a bucket have to be derived anew, from which stored ones.
Not here: how they are derived (``transforms.stock_trend``), how they are stored (``storage.bucket_store``), or what
they say otherwise than before (``stock_change``).
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

import polars as pl

from pipelines.contracts import core
from pipelines.derivation.bucket_build import (
    BucketBuild,
    Changes,
    Report,
    sessions_before,
)
from pipelines.derivation.calendar_mark import calendar_mark, is_same_calendar
from pipelines.derivation.recent_bar import SLACK_SESSIONS, is_one_of, recent_bars
from pipelines.derivation.stock_change import CALENDAR, STATED, Comparison, facts_of_build
from pipelines.storage.bucket_record import Record
from pipelines.storage.bucket_store import BucketStore, since_frame
from pipelines.transforms.stock_trend import KEPT_COLUMNS, rows_looked_back, stock_prices, stock_trends

_KEY = ["instrument_id", "session"]
_PRICES = (*_KEY, "close", "high", "low", "is_close_only")
_AVERAGES = ("ema_50", "ema_200", "atr_14", "bar_number")


@dataclass(frozen=True)
class TrendBuild(BucketBuild):
    """A build of ``core.stock_moving_average`` and ``core.stock_trend_state``.

    Attributes:
        sessions: ``core.Session``.
    """

    SOURCES = (core.StockBar,)
    TARGETS = (core.StockMovingAverage, core.StockTrendState)
    CODE = (
        "transforms/moving_average.py",
        "transforms/trend.py",
        "transforms/swing.py",
        "transforms/price_rows.py",
        "transforms/scan/flat.py",
        "transforms/stock_trend.py",
        "contracts/core/stock_trend.py",
        "contracts/core/trend_column.py",
    )

    _: KW_ONLY
    sessions: pl.DataFrame

    def progress(self, sources: list[Record]) -> dict[str, str]:
        """Return how far the bars have been read, the calendar they stand on, and the facts of this build."""
        bars = sources[0]
        calendar = calendar_mark(self.sessions, bars.first_session, bars.last_session)
        return super().progress(sources) | {CALENDAR: calendar} | facts_of_build(bars, self.parameters)

    def changes(self, bucket: int, sources: list[Record], past: dict[str, str]) -> Changes | None:
        """Return which stocks changed; everything where the calendar of the past is another."""
        return super().changes(bucket, sources, past) if is_same_calendar(self.sessions, past[CALENDAR]) else None

    def anew(self, bucket: int, fresh: Record) -> tuple[Report, list[Record]]:
        """Derive a bucket from all its bars."""
        prices = stock_prices(self.sources[0].scan(bucket).select(_PRICES).collect(), self.sessions)
        found = stock_trends(prices, self.parameters)
        was = self.targets[1].scan(bucket).select(STATED).collect()
        records = [fresh, self._noted(bucket, fresh, was, found[1])]
        records = [
            store.write(bucket, rows, record) for store, rows, record in zip(self.targets, found, records, strict=True)
        ]
        stocks = prices["instrument_id"].n_unique()
        return Report(prices.height, prices.height, derived_anew=stocks, buckets_anew=1), records

    def changed(self, bucket: int, changes: Changes, records: list[Record]) -> tuple[Report, list[Record]]:
        """Derive stocks from their changed session on, carried on from the stored rows in front if there are any."""
        needed = rows_looked_back(self.parameters)
        cutoff = sessions_before(self.sessions, max(changes.values()), needed + SLACK_SESSIONS)
        bars, whole, read = recent_bars(self.sources[0], bucket, changes, _PRICES, needed, cutoff)
        in_front = bars.filter(pl.col("session") < pl.col("changed_from"), ~is_one_of(whole)).select(_KEY)
        stored = [
            store.scan(bucket, cutoff).select(*_KEY, *columns).filter(is_one_of(changes)).collect()
            for store, columns in zip(self.targets, (_AVERAGES, _states_kept()), strict=True)
        ]
        kept = in_front.join(stored[0], on=_KEY).join(stored[1], on=_KEY).select(KEPT_COLUMNS)
        prices = stock_prices(bars.select(_PRICES), self.sessions)
        since = bars.select("instrument_id", "changed_from").unique()
        found = [frame.join(since, on="instrument_id") for frame in stock_trends(prices, self.parameters, kept)]
        is_new = pl.col("session") >= pl.col("changed_from")
        rows = [frame.filter(is_new).sort(_KEY) for frame in found]
        last = pl.concat([kept.select(STATED), found[1].filter(~is_new).select(STATED)]).sort(_KEY)
        last = last.group_by("instrument_id", maintain_order=True).last()
        was = _replaced(self.targets[1], bucket, changes)
        noted = self._noted(bucket, records[1], pl.concat([last, was]), pl.concat([last, rows[1].select(STATED)]))
        written = [
            store.change(bucket, new, changes, record)
            for store, new, record in zip(self.targets, rows, (records[0], noted), strict=True)
        ]
        read += sum(frame.height for frame in (*stored, was))
        return Report(read, rows[0].height, len(changes) - len(whole), len(whole)), written

    def _noted(self, bucket: int, record: Record, was: pl.DataFrame, now: pl.DataFrame) -> Record:
        """Return the record of new states with notes of what they say otherwise than those that they replace."""
        before = self.targets[1].record(bucket)
        return Comparison(self.lake, self.sessions).noted(record, before, was, now.select(STATED))


def _replaced(states: BucketStore, bucket: int, changes: Changes) -> pl.DataFrame:
    """Return what was stated from the changed session of each stock on."""
    rows = (
        states.scan(bucket, min(changes.values())).select(STATED).join(since_frame(changes).lazy(), on="instrument_id")
    )
    return rows.filter(pl.col("session") >= pl.col("changed_from")).select(STATED).collect()


def _states_kept() -> tuple[str, ...]:
    return tuple(name for name in KEPT_COLUMNS if name not in (*_KEY, *_AVERAGES))
