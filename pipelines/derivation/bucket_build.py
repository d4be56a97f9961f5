"""How tables are derived from others, bucket by bucket: of what changed since the last build, else of everything.

Belongs here: what such builds share: when a bucket has to be built anew, which series changed, and what a build
reports. Not here: what is derived (a module each), or how rows are stored (``storage.bucket_store``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import ClassVar

import polars as pl

from pipelines.contracts.table import Table, name_of, qualified_name
from pipelines.parameters import Parameters
from pipelines.storage.bucket_content import content_of
from pipelines.storage.bucket_record import Record, earlier_of
from pipelines.storage.bucket_store import BucketStore
from pipelines.storage.lake import Lake, LakeError, extended
from pipelines.version import derivation_version

Changes = dict[str, dt.date]
"""Series that changed, and from which session on."""


@dataclass(frozen=True)
class Report:
    """What a build did: rows read as input and derived, series carried on or derived anew, buckets built anew."""

    rows_read: int = 0
    rows_derived: int = 0
    carried_on: int = 0
    derived_anew: int = 0
    buckets_anew: int = 0

    def __add__(self, other: Report) -> Report:
        """Return what two builds did together."""
        return Report(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))


def in_every_bucket(stores: Iterable[BucketStore], derive: Callable[[int], Report], workers: int) -> Report:
    """Derive the buckets of tables, some at a time; memory is that of those. What a killed build left is undone first.

    Buckets beyond the count, left of a larger one, hold series that go elsewhere: they count as unfinished until all
    others are whole, and are deleted then.
    """
    targets = tuple(stores)
    for store in targets:
        store.forget_beyond()
        store.restore()
    with ThreadPoolExecutor(workers) as pool:
        report = sum(pool.map(derive, range(max(store.buckets for store in targets))), Report())
    for store in targets:
        store.delete_beyond()
    return report


@dataclass(frozen=True)
class BucketBuild:
    """A build of tables, each bucket of which is derived from the same bucket of other tables.

    Attributes:
        lake: Where the tables lie.
        buckets: How many buckets they have.
        parameters: Thresholds.
        snapshot: The state of the data that is written into the files.
    """

    SOURCES: ClassVar[tuple[type[Table], ...]]
    """What is derived from; their changes decide what is derived."""
    TARGETS: ClassVar[tuple[type[Table], ...]]
    CODE: ClassVar[tuple[str, ...]]
    """Modules whose change has everything derived anew."""
    BRINGS_FACTS: ClassVar[bool] = False
    """Whether raw rows are read too, so that the targets' state is part of the snapshot, as one fact more."""

    lake: Lake
    buckets: int
    parameters: Parameters
    snapshot: str | None = None

    def run(self, workers: int = 2) -> Report:
        """Derive what has to be derived in every bucket, some buckets at a time.

        Raises:
            LakeError: a bucket of a source is not finished.
            ContractError: derived rows break their contract.
        """
        report = in_every_bucket(self.targets, self.derive, workers)
        for store in self.targets if self.BRINGS_FACTS else ():
            stamp(store, self.snapshot, self.parameters)
        return report

    def derive(self, bucket: int) -> Report:
        """Derive what has to be derived in one bucket."""
        sources = [finished(store, bucket) for store in self.sources]
        before = [store.record(bucket) for store in self.targets]
        fresh = Record(self.basis, snapshot=self.snapshot, progress=self.progress(sources))
        stored = [
            replace(record, snapshot=record.snapshot if self.BRINGS_FACTS else self.snapshot, progress=fresh.progress)
            for record in before
            if record and record.basis == self.basis and record.progress.keys() == fresh.progress.keys()
        ]
        is_known = len(stored) == len(before) and all(record.progress == before[0].progress for record in before)  # type: ignore[union-attr]
        changes = self.changes(bucket, sources, before[0].progress) if is_known and before[0] else None
        if changes is None:
            report, records = self.anew(bucket, fresh)
        else:
            report, records = self.changed(bucket, changes, stored) if changes else (Report(), stored)
        for store, record in zip(self.targets, records, strict=True):
            store.commit(bucket, record)
        return report

    @property
    def sources(self) -> list[BucketStore]:
        """Return the stores of what is derived from."""
        return [BucketStore(self.lake, table, self.buckets) for table in self.SOURCES]

    @property
    def targets(self) -> list[BucketStore]:
        """Return the stores of what is derived."""
        return [BucketStore(self.lake, table, self.buckets) for table in self.TARGETS]

    @property
    def basis(self) -> str:
        """Return what rows depend on beside the data."""
        return f"{self.buckets} {self.parameters.set_id} {derivation_version(*self.CODE)}"

    def progress(self, sources: list[Record]) -> dict[str, str]:
        """Return how far the sources have been read once a bucket is derived."""
        return {table.__name__: source.state for table, source in zip(self.SOURCES, sources, strict=True)}

    def changes(self, bucket: int, sources: list[Record], past: dict[str, str]) -> Changes | None:
        """Return which series changed since the progress of the last build and from which session on; None for all."""
        found = [
            source.changes_since(past[table.__name__]) for table, source in zip(self.SOURCES, sources, strict=True)
        ]
        known = [some for some in found if some is not None]
        return earlier_of(*known) if len(known) == len(found) else None

    def anew(self, bucket: int, fresh: Record) -> tuple[Report, list[Record]]:
        """Derive and write a bucket from the ground up, and return the records of the targets, not written yet."""
        raise NotImplementedError

    def changed(self, bucket: int, changes: Changes, records: list[Record]) -> tuple[Report, list[Record]]:
        """Derive and write what changes call for, and return the records of the targets, not written yet."""
        raise NotImplementedError


def finished(store: BucketStore, bucket: int) -> Record:
    """Return the record of a bucket that is derived from.

    Raises:
        LakeError: it is not finished.
    """
    record = store.record(bucket)
    if record is None:
        name = qualified_name(store.table)
        raise LakeError(f"{name} bucket {bucket}: expected one that is finished; materialise it again")
    return record


def stamp(store: BucketStore, inherited: str | None, parameters: Parameters) -> None:
    """Write the state that all buckets of a table make together into the record of each, beside what was inherited."""
    digest = content_of(store.lake, store.table).digest[:12]
    snapshot = extended(inherited, {name_of(store.table): digest, "parameters": parameters.set_id})
    for bucket in range(store.buckets):
        store.commit(bucket, replace(finished(store, bucket), snapshot=snapshot))


def sessions_before(sessions: pl.DataFrame, session: dt.date, count: int) -> dt.date:
    """Return the session so many before another, the first one where there are not as many."""
    days = sessions["session"].sort()
    before = days.filter(days < session).tail(count)
    return before[0] if len(before) else dt.date.min
