"""Corporate actions of stocks as they stand, and their factors, bucket by bucket: of what changed since the last build.

Belongs here: which actions a new version or a new bar may change. Not here: what an action does (``transforms``), or
how rows are stored (``storage.bucket_store``).
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import KW_ONLY, dataclass, replace
from functools import cached_property

import polars as pl

from pipelines.contracts import core, raw
from pipelines.derivation.bucket_build import BucketBuild, Changes, Report, finished
from pipelines.derivation.held_bar import held_of
from pipelines.derivation.recent_bar import is_one_of, recent_bars
from pipelines.derivation.row_change import first_differences
from pipelines.storage.bucket_record import Record, earlier_of
from pipelines.storage.bucket_store import since_frame
from pipelines.storage.lake import bucket_of
from pipelines.storage.raw_news import RawNews
from pipelines.transforms.corporate_action import adjustment_factors, stock_actions

_KEY = ["instrument_id", "ex_session", "action_type"]
_CLOSES = ("instrument_id", "session", "close", "split_factor")
_READING, _KNOWN_AT, _HELD = "reading", "known_at", "held_answers"
_LOOKED_BACK = dt.timedelta(days=60)
"""A stock whose last bar lies farther before its new ones has all its bars read."""


@dataclass(frozen=True)
class ActionBuild(BucketBuild):
    """A build of ``core.stock_action``.

    Attributes:
        known_at: The moment of the question.
    """

    SOURCES = (core.StockBar,)
    TARGETS = (core.StockAction,)
    CODE = ("transforms/corporate_action.py", "transforms/share_basis.py", "contracts/core/stock.py")
    BRINGS_FACTS = True

    _: KW_ONLY
    known_at: dt.datetime

    def run(self, workers: int = 2) -> Report:
        """Bring every bucket up to what is known, some buckets at a time."""
        self.targets[0].restore()
        records = [self.targets[0].record(bucket) for bucket in range(self.buckets)]
        self._news.remember({record.progress.get(_READING, "") for record in records if record})
        return super().run(workers)

    def progress(self, sources: list[Record]) -> dict[str, str]:
        """Return how far bars and versions of actions have been read."""
        reading = {_READING: self._news.reading, _KNOWN_AT: self.known_at.isoformat()}
        return super().progress(sources) | reading | {_HELD: json.dumps(_held_answers(sources[0]))}

    def changes(self, bucket: int, sources: list[Record], past: dict[str, str]) -> Changes | None:
        """Return which stocks have other bars or versions of actions; a split may change all actions before it."""
        bars, known_before = super().changes(bucket, sources, past), dt.datetime.fromisoformat(past[_KNOWN_AT])
        if bars is None or known_before > self.known_at:
            return None
        news = self._news.since(raw.StockAction, past[_READING], known_before, self.known_at)
        if news is None:
            return None
        is_split = pl.col("action_type") == "split"
        since = pl.when(is_split).then(dt.date.min).otherwise("ex_session")
        own = news.filter(is_one_of(_of_bucket(news, bucket, self.buckets)))
        held = {tuple(answer) for answer in json.loads(past[_HELD])} ^ set(_held_answers(sources[0]))
        freed = dict.fromkeys((name for name, _ in held), dt.date.min)
        return earlier_of(bars, dict(own.group_by("instrument_id").agg(since.min()).rows()), freed)

    def anew(self, bucket: int, fresh: Record) -> tuple[Report, list[Record]]:
        """Derive a bucket from all actions of its stocks."""
        actions = self.lake.scan(raw.StockAction).collect()
        actions = actions.filter(is_one_of(_of_bucket(actions, bucket, self.buckets)))
        names = set(actions["instrument_id"])
        bars = self.sources[0].scan(bucket).select(_CLOSES).filter(is_one_of(names)).collect()
        rows = self._stated(bucket, actions, bars)
        record = self.targets[0].write(bucket, rows, fresh).built()
        return Report(actions.height + bars.height, rows.height, derived_anew=len(names), buckets_anew=1), [record]

    def changed(self, bucket: int, changes: Changes, records: list[Record]) -> tuple[Report, list[Record]]:
        """Derive the actions after the last bar in front of each change, and store those that differ.

        Those up to it have the same bars on both sides as before.
        """
        (store,), (record,) = self.targets, records
        cutoff = max(*changes.values(), dt.date.min + _LOOKED_BACK) - _LOOKED_BACK
        bars, whole, read = recent_bars(self.sources[0], bucket, changes, _CLOSES, 1, cutoff)
        in_front = bars.filter(pl.col("session") < pl.col("changed_from"))
        last = in_front.group_by("instrument_id").agg(after=pl.col("session").max())
        after = since_frame(changes).join(last, on="instrument_id", how="left").drop("changed_from")
        after = after.with_columns(pl.col("after").fill_null(dt.date.min))
        is_later = pl.col("ex_session") > pl.col("after")
        touched = self.lake.scan(raw.StockAction).join(after.lazy(), on="instrument_id").filter(is_later).collect()
        names = set(touched["instrument_id"])
        if not names:
            return Report(read), records
        actions = self.lake.scan(raw.StockAction).filter(is_one_of(names)).collect()
        stored = store.scan(bucket).join(after.lazy(), on="instrument_id").filter(is_one_of(names), is_later).collect()
        rows = (
            self._stated(bucket, actions, bars.filter(is_one_of(names)))
            .join(after, on="instrument_id")
            .filter(is_later)
        )
        differing = first_differences(stored.drop("after"), rows.drop("after"), _KEY)
        if differing:
            of = rows.join(since_frame(differing), on="instrument_id").filter(
                pl.col("ex_session") >= pl.col("changed_from")
            )
            record = store.change(bucket, of.sort(_KEY), differing, replace(record, snapshot=None)).changed(differing)
        read += actions.height + stored.height
        return Report(read, rows.height, len(names - whole), len(names & whole)), [record]

    def _stated(self, bucket: int, actions: pl.DataFrame, bars: pl.DataFrame) -> pl.DataFrame:
        traded = bars.select("instrument_id", "session", traded_close=pl.col("close") / pl.col("split_factor"))
        held = held_of(finished(self.sources[0], bucket))
        return stock_actions(actions, traded, self.known_at, self.parameters, held)

    @cached_property
    def _news(self) -> RawNews:
        return RawNews(self.lake, (raw.StockAction,), self.lake.folder(core.StockAction) / "_files_read")


@dataclass(frozen=True)
class FactorBuild(BucketBuild):
    """A build of ``core.adjustment_factor``: an action changes the factors of all sessions before it."""

    SOURCES = (core.StockAction,)
    TARGETS = (core.AdjustmentFactor,)
    CODE = ActionBuild.CODE

    def anew(self, bucket: int, fresh: Record) -> tuple[Report, list[Record]]:
        """Derive a bucket from all its actions."""
        actions = self.sources[0].scan(bucket).collect()
        rows, names = adjustment_factors(actions), actions["instrument_id"].n_unique()
        return Report(actions.height, rows.height, 0, names, 1), [self.targets[0].write(bucket, rows, fresh)]

    def changed(self, bucket: int, changes: Changes, records: list[Record]) -> tuple[Report, list[Record]]:
        """Derive the factors of stocks with changed actions."""
        actions = self.sources[0].scan(bucket).filter(is_one_of(changes)).collect()
        rows, since = adjustment_factors(actions), dict.fromkeys(changes, dt.date.min)
        report = Report(actions.height, rows.height, derived_anew=len(changes))
        return report, [self.targets[0].change(bucket, rows, since, records[0])]


def _held_answers(bars: Record) -> list[tuple[str, str]]:
    """Return of which stocks bars are held back, and the moments of the answers that brought them."""
    answers = held_of(bars).select("instrument_id", "known_from").unique().sort("instrument_id", "known_from")
    return [(name, moment.isoformat()) for name, moment in answers.rows()]


def _of_bucket(rows: pl.DataFrame, bucket: int, buckets: int) -> set[str]:
    """Return the stocks of a bucket among those that rows are of."""
    return {name for name in rows["instrument_id"].unique() if bucket_of(name, buckets) == bucket}
