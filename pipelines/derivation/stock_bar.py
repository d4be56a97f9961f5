"""Bars of all stocks, bucket by bucket: versions that came since the last build decide which stocks are looked at.

A stock that only has new, later and ordinary bars is extended by them; any other is judged anew with all its versions.
Belongs here: which those are. Not here: which version of a bar stands (``transforms``), what is new in raw
(``storage.raw_news``), or how rows are stored (``storage.bucket_store``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import polars as pl

from pipelines.contracts import core, raw
from pipelines.contracts.table import Table
from pipelines.derivation.bucket_build import Report, in_every_bucket, stamp
from pipelines.derivation.held_bar import held_of, with_held
from pipelines.derivation.row_change import first_differences
from pipelines.parameters import Parameters
from pipelines.storage.bucket_record import Record
from pipelines.storage.bucket_store import BucketStore
from pipelines.storage.lake import Lake, bucket_of
from pipelines.storage.raw_news import RawNews
from pipelines.version import derivation_version

Accept = Callable[[pl.DataFrame, pl.DataFrame, dt.datetime, Parameters], tuple[pl.DataFrame, pl.DataFrame]]
"""Versions and actions of stocks, the moment and parameters -> ``core.StockBar``, ``core.QuarantinedBar``."""
_KEY = ["instrument_id", "session"]
_CODE = (
    "transforms/quarantine.py",
    "transforms/corporate_action.py",
    "transforms/share_basis.py",
    "transforms/scan/last_good.py",
    "contracts/core/stock.py",
    "contracts/core/market.py",
    "contracts/core/quality.py",
)
_LOOKED_BACK = dt.timedelta(days=60)
"""A stock whose last bar lies farther before its new ones is judged anew."""


class News(NamedTuple):
    """New versions of bars, and the new versions of actions, of the stocks of a bucket."""

    versions: pl.DataFrame
    actions: pl.DataFrame


@dataclass(frozen=True)
class BarBuild:
    """A build of ``core.stock_bar``.

    Attributes:
        lake: Where ``raw.stock_bar`` and ``raw.stock_action`` lie and the table goes.
        buckets: How many buckets the table has.
        known_at: The moment of the question.
        parameters: Thresholds.
        accept: Which version of each bar stands; of whole stocks, or of the new bars of ordinary ones.
    """

    lake: Lake
    buckets: int
    known_at: dt.datetime
    parameters: Parameters
    accept: Accept

    def run(self, workers: int = 2) -> Report:
        """Bring every bucket up to what is known, some buckets at a time, and stamp them with the state they make."""
        self._store.restore()
        records = [self._store.record(bucket) for bucket in range(self.buckets)]
        self._news.remember({record.progress.get("reading", "") for record in records if record})
        report = in_every_bucket([self._store], self.derive, workers)
        stamp(self._store, None, self.parameters)
        return report

    def derive(self, bucket: int) -> Report:
        """Bring one bucket up to what is known."""
        record = self._store.record(bucket)
        news = self._since(record) if record else None
        progress = {"reading": self._news.reading, "known_at": self.known_at.isoformat()}
        if not record or news is None:
            return self._anew(bucket, Record(self._basis, progress=progress))
        of_bucket = {name for name in _names(*news) if bucket_of(name, self.buckets) == bucket}
        own = News(*(rows.filter(pl.col("instrument_id").is_in(of_bucket)) for rows in news))
        if of_bucket:
            return self._changed(bucket, own, replace(record, progress=progress))
        self._store.commit(bucket, replace(record, progress=progress))
        return Report()

    def held(self) -> pl.DataFrame:
        """Return the bars of all buckets whose newest version is held back (``core.QuarantinedBar``)."""
        records = (self._store.record(bucket) for bucket in range(self.buckets))
        found = [held_of(record) for record in records if record]
        return pl.concat([core.QuarantinedBar.create_empty(), *found]).sort(core.QuarantinedBar.primary_key())

    # What is new

    @cached_property
    def _news(self) -> RawNews:
        memory = self.lake.folder(core.StockBar) / "_files_read"
        return RawNews(self.lake, (raw.StockBar, raw.StockAction), memory)

    def _since(self, record: Record) -> News | None:
        """Return what came since a bucket was built; None where it has to be built anew."""
        known_before = dt.datetime.fromisoformat(record.progress["known_at"])
        if record.basis != self._basis or known_before > self.known_at:
            return None
        reading = record.progress["reading"]
        if (reading, known_before) not in self._read:
            bars, actions = (
                self._news.since(table, reading, known_before, self.known_at)
                for table in (raw.StockBar, raw.StockAction)
            )
            self._read[reading, known_before] = None if bars is None or actions is None else News(bars, actions)
        return self._read[reading, known_before]

    @cached_property
    def _read(self) -> dict[tuple[str, dt.datetime], News | None]:
        return {}

    @property
    def _store(self) -> BucketStore:
        return BucketStore(self.lake, core.StockBar, self.buckets)

    @property
    def _basis(self) -> str:
        return f"{self.buckets} {self.parameters.set_id} {derivation_version(*_CODE)}"

    # What stands

    def _anew(self, bucket: int, fresh: Record) -> Report:
        names = [name for name in self._instruments if bucket_of(name, self.buckets) == bucket]
        versions, bars, held = self._judged(names)
        record = self._store.write(bucket, bars.sort(_KEY), with_held(fresh, held)).built()
        self._store.commit(bucket, record)
        return Report(versions, bars.height, derived_anew=len(names), buckets_anew=1)

    def _changed(self, bucket: int, news: News, record: Record) -> Report:
        """Extend the ordinary stocks among those with news, judge the others anew, and store what differs."""
        names, first = _names(*news), news.versions["session"].min()
        since = first if isinstance(first, dt.date) else self.known_at.date()
        scan = self._store.scan(bucket, since - _LOOKED_BACK).filter(pl.col("instrument_id").is_in(names))
        last = scan.select(*_KEY, "close").collect().sort(_KEY).group_by("instrument_id").last()
        before = held_of(record)
        # What stands of a stock under suspicion depends on all that its source ever said.
        extended = self._extended(news, last.join(before, on="instrument_id", how="anti"))
        others = sorted(names - set(extended["instrument_id"]))
        versions, judged, held = self._judged(others)
        still = before.filter(~pl.col("instrument_id").is_in(others))
        record = with_held(record, pl.concat([still, held]))
        stored = self._store.scan(bucket).filter(pl.col("instrument_id").is_in(others)).collect() if others else None
        changes = dict(extended.group_by("instrument_id").agg(pl.col("session").min()).rows())
        changes |= first_differences(stored, judged, _KEY) if stored is not None else {}
        since_when = pl.DataFrame({"instrument_id": list(changes), "from": list(changes.values())})
        rows = pl.concat([extended, judged]).join(since_when, on="instrument_id") if changes else extended
        if changes:
            rows = rows.filter(pl.col("session") >= pl.col("from")).drop("from").sort(_KEY)
            unstamped = replace(record, snapshot=None)
            record = self._store.change(bucket, rows, changes, unstamped).changed(changes)
        self._store.commit(bucket, record)
        read = news.versions.height + last.height + versions + (stored.height if stored is not None else 0)
        return Report(read, rows.height, extended["instrument_id"].n_unique(), len(others))

    def _extended(self, news: News, last: pl.DataFrame) -> pl.DataFrame:
        """Return the new bars of stocks that are ordinary: later than the last one, near its close, without a split."""
        split = news.actions.filter(pl.col("action_type") == "split")["instrument_id"]
        first = news.versions.group_by("instrument_id").agg(first=pl.col("session").min())
        later = last.join(first, on="instrument_id").filter(
            pl.col("first") > pl.col("session"), ~pl.col("instrument_id").is_in(split.implode())
        )
        is_later = pl.col("instrument_id").is_in(later["instrument_id"].implode())
        due = self._splits_due(later)
        bars, held = self.accept(news.versions.filter(is_later), due, self.known_at, self.parameters)
        closes = pl.concat([later.select(*_KEY, "close"), bars.select(*_KEY, "close")]).sort(_KEY)
        change = (pl.col("close") / pl.col("close").shift(1).over("instrument_id") - 1).abs()
        odd = closes.filter(change > self.parameters.jump_share)["instrument_id"]
        others = pl.concat([odd, due["instrument_id"], held["instrument_id"]])
        return bars.filter(~pl.col("instrument_id").is_in(others.implode()))

    def _splits_due(self, last: pl.DataFrame) -> pl.DataFrame:
        """Return splits that were stated before and take effect after a stock's last bar: they change all before it."""
        since = last["session"].min()
        splits = self.lake.scan(raw.StockAction).filter(
            pl.col("action_type") == "split", pl.col("ex_session") > (since or dt.date.max)
        )
        return splits.filter(pl.col("instrument_id").is_in(last["instrument_id"].implode())).collect()

    def _judged(self, names: list[str]) -> tuple[int, pl.DataFrame, pl.DataFrame]:
        """Return how many versions stocks have, their bars, and those held back."""
        if not names:
            return 0, core.StockBar.create_empty(), core.QuarantinedBar.create_empty()
        versions, actions = (self._of(table, names) for table in (raw.StockBar, raw.StockAction))
        return versions.height, *self.accept(versions, actions, self.known_at, self.parameters)

    def _of(self, table: type[Table], names: list[str]) -> pl.DataFrame:
        return self.lake.scan(table).filter(pl.col("instrument_id").is_in(names)).collect()

    @cached_property
    def _instruments(self) -> list[str]:
        return (
            self.lake.scan(raw.StockBar)
            .select(pl.col("instrument_id").unique().sort())
            .collect()["instrument_id"]
            .to_list()
        )


def _names(*frames: pl.DataFrame) -> set[str]:
    return {name for frame in frames for name in frame["instrument_id"].unique()}
