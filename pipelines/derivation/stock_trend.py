"""Averages and trend states of all stocks, bucket by bucket: of what changed since the last build, else of everything.

Belongs here: which rows of a bucket have to be derived anew, from which stored ones.
Not here: how they are derived (``transforms.stock_trend``), how they are stored (``storage.bucket_store``).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import polars as pl

from pipelines.contracts import core
from pipelines.parameters import Parameters
from pipelines.storage.bucket_record import Record
from pipelines.storage.bucket_store import BucketStore
from pipelines.storage.lake import Lake, LakeError
from pipelines.transforms.stock_trend import KEPT_COLUMNS, rows_looked_back, stock_prices, stock_trends
from pipelines.version import derivation_version

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
        with ThreadPoolExecutor(workers) as pool:
            return sum(pool.map(self.derive, range(self.buckets)), Report())

    def derive(self, bucket: int) -> Report:
        """Derive what has to be derived in one bucket."""
        source = self._stores()[0].record(bucket)
        if source is None:
            raise LakeError(f"core.stock_bar bucket {bucket}: expected one that is finished; materialise it again")
        before = [store.record(bucket) for store in self._stores()[1:]]
        changes = self._changes(source, before)
        fresh = Record(self._basis, snapshot=self.snapshot, progress=self._progress(source))
        kept = [replace(fresh, files=record.files) for record in before if record]
        if changes is None:
            report, records = self._anew(bucket, fresh)
        else:
            report, records = self._changed(bucket, changes, kept) if changes else (Report(), kept)
        for store, record in zip(self._stores()[1:], records, strict=True):
            store.commit(bucket, record)
        return report

    def _stores(self) -> list[BucketStore]:
        tables = (core.StockBar, core.StockMovingAverage, core.StockTrendState)
        return [BucketStore(self.lake, table, self.buckets) for table in tables]

    @property
    def _basis(self) -> str:
        return f"{self.buckets} {self.parameters.set_id} {derivation_version(*_CODE)}"

    def _progress(self, source: Record) -> dict[str, str]:
        return {"bars": source.state, "calendar": self._calendar(source.first_session, source.last_session)}

    def _calendar(self, first: dt.date | None, last: dt.date | None) -> str:
        """Return first and last session and a hash of those in between, as a missing one counts."""
        days = self.sessions.filter(pl.col("session").is_between(first, last))["session"].sort()
        return f"{first} {last} {hashlib.sha256(days.to_numpy().tobytes()).hexdigest()[:16]}"

    def _changes(self, source: Record, records: list[Record | None]) -> dict[str, dt.date] | None:
        """Return which stocks changed since the last build and from which session on; None for everything."""
        averages, states = records
        if not averages or not states or not averages.basis == states.basis == self._basis:
            return None
        if averages.progress != states.progress:
            return None
        first, last = averages.progress["calendar"].split()[:2]
        if first != "None" and self._calendar(_day(first), _day(last)) != averages.progress["calendar"]:
            return None
        return source.changes_since(averages.progress["bars"])

    def _anew(self, bucket: int, fresh: Record) -> tuple[Report, list[Record]]:
        bars, *targets = self._stores()
        prices = stock_prices(bars.scan(bucket).select(_PRICES).collect(), self.sessions)
        found = stock_trends(prices, self.parameters)
        records = [store.write(bucket, rows, fresh) for store, rows in zip(targets, found, strict=True)]
        stocks = prices["instrument_id"].n_unique()
        return Report(prices.height, prices.height, derived_anew=stocks, buckets_anew=1), records

    def _changed(self, bucket: int, changes: dict[str, dt.date], records: list[Record]) -> tuple[Report, list[Record]]:
        """Derive stocks from their changed session on, carried on from the stored rows in front if there are any."""
        bars, *targets = self._stores()
        since = pl.DataFrame({"instrument_id": list(changes), "changed_from": list(changes.values())})
        recent, kept, read = self._in_front(bucket, since)
        late = since.join(recent, on="instrument_id", how="anti")
        whole = bars.scan(bucket).select(_PRICES).filter(_is_one_of(late["instrument_id"])).collect()
        prices = stock_prices(pl.concat([recent.select(_PRICES), whole]), self.sessions)
        rows = [
            frame.join(since, on="instrument_id", how="left") for frame in stock_trends(prices, self.parameters, kept)
        ]
        new = [frame.filter(pl.col("session") >= pl.col("changed_from")).sort(_KEY) for frame in rows]
        written = [
            store.change(bucket, frame, changes, record)
            for store, frame, record in zip(targets, new, records, strict=True)
        ]
        carried = recent["instrument_id"].n_unique()
        return Report(read + whole.height, new[0].height, carried, len(changes) - carried), written

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


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)
