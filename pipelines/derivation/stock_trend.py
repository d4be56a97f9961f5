"""Averages and trend states of all stocks, bucket by bucket: of what changed since the last build, else of everything.

Belongs here: which rows of a bucket have to be derived anew, from which stored ones.
Not here: how they are derived (``transforms.stock_trend``), how they are stored (``storage.bucket_store``), or what
they say otherwise than before (``stock_change``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import polars as pl

from pipelines.contracts import core
from pipelines.derivation.calendar_text import calendar_text, is_still
from pipelines.derivation.stock_change import STATED, Comparison
from pipelines.parameters import Parameters
from pipelines.storage.bucket_record import Record
from pipelines.storage.bucket_store import BucketStore
from pipelines.storage.lake import Lake, LakeError
from pipelines.transforms.stock_trend import KEPT_COLUMNS, rows_looked_back, stock_prices, stock_trends
from pipelines.version import code_version, derivation_version

_KEY = ["instrument_id", "session"]
_PRICES = (*_KEY, "close", "high", "low", "is_close_only")
_AVERAGES = ("ema_50", "ema_200", "atr_14", "bar_number")
_SLACK_SESSIONS = 40
"""So many more sessions are read in front of a day, for those that a stock lacks and for changes some days back."""
_CODE = (
    "transforms/moving_average.py",
    "transforms/trend.py",
    "transforms/swing.py",
    "transforms/price_rows.py",
    "transforms/scan/flat.py",
    "transforms/stock_trend.py",
    "contracts/core/stock_trend.py",
    "contracts/core/trend_column.py",
)


@dataclass(frozen=True)
class Report:
    """What a build did: rows read as input and derived, stocks carried on or derived anew, buckets built anew."""

    rows_read: int = 0
    rows_derived: int = 0
    carried_on: int = 0
    derived_anew: int = 0
    buckets_anew: int = 0

    def __add__(self, other: Report) -> Report:
        """Return what two builds did together."""
        return Report(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class TrendBuild:
    """A build of the two tables.

    Attributes:
        lake: Where ``core.stock_bar`` lies and the tables go.
        buckets: How many buckets the three tables have.
        sessions: ``core.Session``.
        parameters: Thresholds.
        snapshot: The state of the data that is written into the files.
    """

    lake: Lake
    buckets: int
    sessions: pl.DataFrame
    parameters: Parameters
    snapshot: str | None = None

    def run(self, workers: int = 2) -> Report:
        """Derive what has to be derived in every bucket, some buckets at a time; memory is that of those buckets.

        Raises:
            LakeError: a bucket of ``core.stock_bar`` is not finished.
            ContractError: derived rows break their contract.
        """
        for store in self._stores()[1:]:
            store.drop_others()
        with ThreadPoolExecutor(workers) as pool:
            return sum(pool.map(self.derive, range(self.buckets)), Report())

    def derive(self, bucket: int) -> Report:
        """Derive what has to be derived in one bucket."""
        source = self._stores()[0].record(bucket)
        if source is None:
            raise LakeError(f"core.stock_bar bucket {bucket}: expected one that is finished; materialise it again")
        targets = self._stores()[1:]
        for store in targets:
            store.restore(bucket)
        before = [store.record(bucket) for store in targets]
        changes = self._changes(source, before)
        fresh = Record(self._basis, snapshot=self.snapshot, progress=self._progress(source))
        if changes is None:
            report, records = self._anew(bucket, fresh, before[1])
        else:
            report, records = self._changed(bucket, changes, fresh, before)
        for store, record in zip(targets, records, strict=True):
            store.commit(bucket, record)
        return report

    def _stores(self) -> list[BucketStore]:
        tables = (core.StockBar, core.StockMovingAverage, core.StockTrendState)
        return [BucketStore(self.lake, table, self.buckets) for table in tables]

    @property
    def _basis(self) -> str:
        return f"{self.buckets} {self.parameters.set_id} {derivation_version(*_CODE)}"

    @property
    def _comparison(self) -> Comparison:
        return Comparison(self.lake, self.sessions)

    def _progress(self, source: Record) -> dict[str, str]:
        """Return what the rows are derived from; the calendar is part of it, as a session that a stock lacks counts."""
        return {
            "bars": source.state,
            "sessions": calendar_text(self.sessions["session"], source.first_session, source.last_session),
            "known_at": source.progress.get("known_at", ""),
            "parameter_set_id": self.parameters.set_id,
            "code_version": code_version(),
        }

    def _changes(self, source: Record, records: Sequence[Record | None]) -> dict[str, dt.date] | None:
        """Return which stocks changed since the last build and from which session on; None for everything."""
        averages, states = records
        if not averages or not states or not averages.basis == states.basis == self._basis:
            return None
        if any(averages.progress.get(name) != states.progress.get(name) for name in ("bars", "sessions")):
            return None
        if not is_still(states.progress.get("sessions", ""), self.sessions["session"]):
            return None
        return source.changes_since(states.progress["bars"])

    def _anew(self, bucket: int, fresh: Record, before: Record | None) -> tuple[Report, list[Record]]:
        bars, *targets = self._stores()
        prices = stock_prices(bars.scan(bucket).select(_PRICES).collect(), self.sessions)
        found = stock_trends(prices, self.parameters)
        was = targets[1].scan(bucket).select(STATED).collect()
        noted = self._comparison.noted(fresh, before, was, found[1].select(STATED))
        records = [
            store.write(bucket, rows, record)
            for store, rows, record in zip(targets, found, (fresh, noted), strict=True)
        ]
        stocks = prices["instrument_id"].n_unique()
        return Report(prices.height, prices.height, derived_anew=stocks, buckets_anew=1), records

    def _changed(
        self, bucket: int, changes: dict[str, dt.date], fresh: Record, before: Sequence[Record | None]
    ) -> tuple[Report, list[Record]]:
        """Derive stocks from their changed session on, carried on from the stored rows in front if there are any."""
        records = [replace(fresh, files=record.files) for record in before if record]
        if not changes:
            return Report(), [records[0], self._comparison.noted(records[1], before[1])]
        bars, *targets = self._stores()
        since = pl.DataFrame({"instrument_id": list(changes), "changed_from": list(changes.values())})
        recent, kept, read = self._in_front(bucket, since)
        late = since.join(recent, on="instrument_id", how="anti")
        whole = bars.scan(bucket).select(_PRICES).filter(_is_one_of(late["instrument_id"])).collect()
        prices = stock_prices(pl.concat([recent.select(_PRICES), whole]), self.sessions)
        found = stock_trends(prices, self.parameters, kept)
        rows = [frame.join(since, on="instrument_id", how="left") for frame in found]
        new = [frame.filter(pl.col("session") >= pl.col("changed_from")).sort(_KEY) for frame in rows]
        in_front = rows[1].filter(pl.col("session") < pl.col("changed_from")).select(STATED)
        was, stated = self._stated(bucket, since, pl.concat([kept.select(STATED), in_front]), new[1])
        records[1] = self._comparison.noted(records[1], before[1], was, stated)
        written = [
            store.change(bucket, frame, changes, record)
            for store, frame, record in zip(targets, new, records, strict=True)
        ]
        carried = recent["instrument_id"].n_unique()
        read += whole.height + was.height
        return Report(read, new[0].height, carried, len(changes) - carried), written

    def _stated(
        self, bucket: int, since: pl.DataFrame, in_front: pl.DataFrame, new: pl.DataFrame
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return what was stated from the changed session of each stock on, and what is now, with the row in front."""
        states = self._stores()[2].scan(bucket, since["changed_from"].min()).select(STATED)  # type: ignore[arg-type]
        gone = states.join(since.lazy(), on="instrument_id").filter(pl.col("session") >= pl.col("changed_from"))
        last = in_front.sort(_KEY).group_by("instrument_id", maintain_order=True).last()
        return pl.concat([last, gone.select(STATED).collect()]), pl.concat([last, new.select(STATED)])

    def _in_front(self, bucket: int, since: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, int]:
        """Return bars of stocks that can be carried on, what is stored of those in front, and how many rows were read.

        They are the stocks that changed so late that the rows in front of the change lie within the last sessions.
        """
        bars, averages, states = self._stores()
        needed = rows_looked_back(self.parameters)
        cutoff = self._sessions_before(since["changed_from"].max(), needed + _SLACK_SESSIONS)
        names = since["instrument_id"]
        found = bars.scan(bucket, cutoff).select(_PRICES).filter(_is_one_of(names)).collect()
        stored = [
            store.scan(bucket, cutoff).select(*_KEY, *columns).filter(_is_one_of(names)).collect()
            for store, columns in ((averages, _AVERAGES), (states, _states_kept()))
        ]
        read = found.height + sum(frame.height for frame in stored)
        found = found.join(since, on="instrument_id").sort(_KEY)
        in_front = found.filter(pl.col("session") < pl.col("changed_from"))
        tail = in_front.group_by("instrument_id", maintain_order=True).tail(needed)
        kept = tail.select(_KEY).join(stored[0], on=_KEY).join(stored[1], on=_KEY)
        new = found.filter(pl.col("session") >= pl.col("changed_from"))
        enough = (
            kept.group_by("instrument_id")
            .agg(rows=pl.len(), first=pl.col("bar_number").min())
            .filter((pl.col("rows") == needed) | (pl.col("first") == 1))
            .join(new, on="instrument_id", how="semi")
            .join(tail.group_by("instrument_id").agg(in_front=pl.len()), on="instrument_id")
            .filter(pl.col("rows") == pl.col("in_front"))
        )
        rows = pl.concat([tail, new]).join(enough, on="instrument_id", how="semi")
        return rows, kept.join(enough, on="instrument_id", how="semi").select(KEPT_COLUMNS), read

    def _sessions_before(self, session: object, count: int) -> dt.date:
        days = self.sessions["session"].sort()
        before = days.filter(days < session).tail(count)
        return before[0] if len(before) else dt.date.min


def _states_kept() -> tuple[str, ...]:
    return tuple(name for name in KEPT_COLUMNS if name not in (*_KEY, *_AVERAGES))


def _is_one_of(names: pl.Series) -> pl.Expr:
    return pl.col("instrument_id").is_in(names.implode())
