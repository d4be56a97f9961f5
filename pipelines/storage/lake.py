"""The Parquet lake: every table read and written through its contract, every write temp-then-rename.

``<root>/<layer>/<table>/bucket=NN/``: raw tables and logs grow by one part a batch, all others are one file a bucket.
A build as known at a past moment derives into a root of its own, and only reads raw tables and logs.
Not here: what the rows mean (``transforms``), folding small parts (``compaction``), or DuckDB (``warehouse``).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar, cast

import dataframely as dy
import filelock
import polars as pl
import pyarrow.parquet as pq

from pipelines.contracts.check import checked
from pipelines.contracts.table import Table, is_appended, layer_of, name_of, qualified_name
from pipelines.projections.parquet import annotated
from pipelines.settings import Settings
from pipelines.storage.bucket_record import RECORD, read_record
from pipelines.storage.part import delete_superseded, next_number, part_name, standing
from pipelines.storage.swap import swap_in, sweep, temporary_name

T = TypeVar("T", bound=Table)
_SNAPSHOT = "data_snapshot"
_SERIES_COLUMNS = ("series_id", "pair_id", "instrument_id")


class LakeError(RuntimeError):
    """A table of the lake cannot be read or written."""


def bucket_of(series_id: str, buckets: int) -> int:
    """Return the bucket of a series: a stable hash (CRC-32) of its id modulo the bucket count."""
    return zlib.crc32(series_id.encode()) % buckets


def extended(snapshot: str | None, facts: Mapping[str, str]) -> str | None:
    """Return a snapshot with further facts in it: tables and hashes by name, in the order of the names."""
    parts = dict(part.split("=", 1) for part in (snapshot or "").split()) | dict(facts)
    return " ".join(f"{fact}={digest}" for fact, digest in sorted(parts.items())) or None


class Lake:
    """The lake below one root folder.

    Args:
        root: The folder, one per source: rows of different sources never share it.
        buckets: How many files a table is spread over.
        stamp: Key-value facts written into the metadata of every file (source, parameter set, knowledge time).
        derived_root: Where derived tables lie when that is not ``root``; nothing can be appended then.
    """

    def __init__(
        self, root: Path, buckets: int = 1, stamp: Mapping[str, str] | None = None, derived_root: Path | None = None
    ) -> None:
        self.root = root
        self.buckets = buckets
        self.stamp = dict(stamp or {})
        self.derived_root = derived_root or root

    @classmethod
    def of(cls, settings: Settings, parameter_set_id: str) -> Lake:
        """Return the lake of the source that the settings name."""
        stamp = {
            "source": settings.source,
            "is_synthetic": str(settings.is_synthetic).lower(),
            "parameter_set_id": parameter_set_id,
            "known_at": settings.knowledge_time().isoformat(timespec="seconds"),
        }
        return cls(settings.lake_dir, settings.buckets, stamp, settings.derived_dir)

    @property
    def is_past(self) -> bool:
        """Return whether what is derived lies elsewhere, so that what is kept can only be read."""
        return self.derived_root != self.root

    def folder(self, table: type[Table]) -> Path:
        """Return the folder of a table."""
        root = self.root if is_appended(table) else self.derived_root
        return root / layer_of(table) / name_of(table)

    def files(self, table: type[Table]) -> list[Path]:
        """Return the table's Parquet files, oldest part first; parts that were folded into another are left out."""
        return standing(self.folder(table).glob("bucket=*/*.parquet"))

    def is_stored(self, table: type[Table]) -> bool:
        """Return whether a table was ever written, be it without a row."""
        return bool(self.files(table)) or any(self.folder(table).glob(f"bucket=*/{RECORD}"))

    def snapshot_of(self, table: type[Table]) -> str | None:
        """Return the state of the data and parameters that a stored table was derived from, None for none.

        Raises:
            LakeError: a bucket that is built by the day was not finished, or others have another state.
        """
        if recorded := sorted(self.folder(table).glob(f"bucket=*/{RECORD}")):
            return self._recorded_snapshot(table, recorded, self.files(table))
        return self.stamp_of(table).get(_SNAPSHOT)

    def stamp_of(self, table: type[Table]) -> dict[str, str]:
        """Return what a stored table was stamped with when it was written; nothing for one that never was."""
        files = self.files(table)
        stamp = (pq.read_schema(files[0]).metadata if files else None) or {}
        return {key.decode(): value.decode(errors="replace") for key, value in stamp.items()}

    @staticmethod
    def _recorded_snapshot(table: type[Table], recorded: list[Path], files: list[Path]) -> str | None:
        """Return the snapshot that the records of all buckets share."""
        records = [read_record(path) for path in recorded]
        unfinished = {file.parent.name for file in files} - {path.parent.name for path in recorded}
        snapshots = {record.snapshot for record in records if record}
        if unfinished or None in records or len(snapshots) > 1:
            raise LakeError(
                f"{qualified_name(table)}: expected buckets that are finished and of one state, "
                f"was {', '.join(sorted(unfinished)) or snapshots}; materialise it again"
            )
        return snapshots.pop()

    def common_snapshot(self, tables: Iterable[type[Table]]) -> str | None:
        """Return the one snapshot that stored tables were derived from, None where none has any.

        A snapshot names each table that brought facts in, with the hash of its rows: ``bar=1f0c level=77ab``. Tables
        share a state of the data when none of them names another hash for the same facts; theirs is all of it.

        Raises:
            LakeError: they stem from different states of the data or parameters, and must not be mixed.
        """
        found = {qualified_name(table): self.snapshot_of(table) for table in tables}
        facts: dict[str, str] = {}
        for name, snapshot in found.items():
            for fact, _, digest in (part.partition("=") for part in (snapshot or "").split()):
                if facts.setdefault(fact, digest) != digest:
                    others = ", ".join(other for other, its in found.items() if f"{fact}={facts[fact]}" in (its or ""))
                    raise LakeError(
                        f"expected tables of one state of the data, was {fact}={digest} of {name}, "
                        f"{fact}={facts[fact]} of {others}; materialise them together"
                    )
        return extended(None, facts)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lake for one writer, so that two runs cannot append the same rows twice."""
        self.derived_root.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(self.derived_root / ".lock"):
            yield

    def read(self, table: type[T]) -> dy.DataFrame[T]:
        """Return all rows of a table; a table that was never written is empty.

        Columns that older files lack come back null, columns that the contract no longer has are left out.
        """
        return cast("dy.DataFrame[T]", self.scan(table).collect())

    def scan(self, table: type[Table]) -> pl.LazyFrame:
        """Return a table's rows to be filtered before they are read; a table that was never written is empty.

        Files whose statistics rule a filter on session, instrument_id or fetched_at out are not read.
        """
        files = self.files(table)
        if not files:
            return table.create_empty().lazy()
        schema = {name: column.dtype for name, column in table.columns().items()}
        return pl.scan_parquet(files, schema=schema, missing_columns="insert", extra_columns="ignore", glob=False)

    def replace(self, table: type[T], frame: pl.DataFrame, snapshot: str | None = None) -> dy.DataFrame[T]:
        """Replace a table's rows and return them as stored: checked, in contract order, sorted by key.

        Args:
            table: The contract.
            frame: The rows.
            snapshot: The state of the data that they were derived from, to be written into the files.

        Raises:
            ContractError: the rows break the contract; the stored table is left as it was.
        """
        rows = checked(table, frame)
        kept = set()
        for bucket, part in self._split(rows):
            path = self.folder(table) / f"bucket={bucket:02d}" / "rows.parquet"
            self._write(table, part, path, snapshot)
            kept.add(path)
        for stale in set(self.files(table)) - kept:
            stale.unlink()
        return rows

    def append(self, table: type[T], frame: pl.DataFrame) -> dy.DataFrame[T]:
        """Add rows to a raw table or a log, as one new part per bucket, and return the rows added.

        Raises:
            ContractError: the rows break the contract; nothing is added.
            LakeError: the table is neither a raw one nor a log, or the build is of a past moment.
        """
        if not is_appended(table):
            raise LakeError(f"{qualified_name(table)}: expected a table of the raw layer to append to, or a log")
        if self.is_past:
            raise LakeError(f"{qualified_name(table)}: expected nothing to append, as the build is of a past moment")
        rows = checked(table, frame)
        for bucket, part in self._split(rows):
            if not part.is_empty():
                folder = self.folder(table) / f"bucket={bucket:02d}"
                self._write(table, part, folder / part_name(next_number(folder)))
                delete_superseded(folder)
        return rows

    def _split(self, rows: pl.DataFrame) -> Iterator[tuple[int, pl.DataFrame]]:
        column = next((name for name in _SERIES_COLUMNS if name in rows.columns), None)
        if column is None or self.buckets == 1:
            yield 0, rows
            return
        for bucket in range(self.buckets):
            own = [name for name in rows[column].unique() if bucket_of(name, self.buckets) == bucket]
            yield bucket, rows.filter(pl.col(column).is_in(own))

    def _write(self, table: type[Table], rows: pl.DataFrame, path: Path, snapshot: str | None = None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        sweep(path)
        temporary = temporary_name(path)
        try:
            stamp = {**self.stamp, **({_SNAPSHOT: snapshot} if snapshot else {})}
            pq.write_table(annotated(table, rows.to_arrow(), stamp), temporary, compression="zstd")
            swap_in(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
