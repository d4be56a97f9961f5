"""Tables that grow by the day: a bucket's rows in files by year, of which a day rewrites the last one alone.

``<layer>/<table>/bucket=NN/through=YYYY.parquet`` holds the rows up to the end of that year that no earlier file holds,
sorted by year and key, one row group a year: a session is found by the statistics of the row groups, a series within
them. A series is what the key begins with, such as an instrument; its time is the key's first date. Beside the files
stands ``_record.json`` (``bucket_record``). It is taken away before the first file is touched and written after the
last, so a bucket without one is being built, or was when the builder was killed. What it was before that lies beside it
(``bucket_undo``).
Not here: tables that are written whole (``lake``), what rows mean, or what they are derived from.
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from pipelines.contracts.check import checked_in_order
from pipelines.contracts.table import Table, grain_of
from pipelines.projections.parquet import annotated
from pipelines.storage import bucket_undo
from pipelines.storage.bucket_record import FINGERPRINT_MODULUS, RECORD, FileFacts, Record, read_record, write_record
from pipelines.storage.content_hash import VOLATILE_COLUMNS
from pipelines.storage.lake import Lake
from pipelines.storage.swap import swap_in, sweep, temporary_name

_SEED = 20
Changes = Mapping[str, dt.date]
"""Series whose rows change, and from which session on."""


class BucketStore:
    """The buckets of one table whose key begins with a series and has a date.

    Args:
        lake: Where the table lies; its stamp goes into every file.
        table: The contract.
        buckets: How many buckets series are spread over.
    """

    def __init__(self, lake: Lake, table: type[Table], buckets: int) -> None:
        self.lake, self.table, self.buckets = lake, table, buckets
        self.key = grain_of(table)
        self.series = self.key[0]
        self.time = time_of(table)

    def folder(self, bucket: int) -> Path:
        """Return the folder of a bucket."""
        return self.lake.folder(self.table) / f"bucket={bucket:02d}"

    def record(self, bucket: int) -> Record | None:
        """Return what the bucket says of itself, None where it has to be built anew."""
        return read_record(self.folder(bucket) / RECORD)

    def scan(self, bucket: int, since: dt.date | None = None) -> pl.LazyFrame:
        """Return a bucket's rows, or those from a session on; files and row groups before it are not read."""
        record = self.record(bucket) or Record("")
        names = [name for name, facts in record.files.items() if since is None or facts.last_session >= since]
        if not names:
            return self.table.create_empty().lazy()
        rows = pl.scan_parquet([self.folder(bucket) / name for name in sorted(names)], glob=False)
        return rows if since is None else rows.filter(pl.col(self.time) >= since)

    def write(self, bucket: int, rows: pl.DataFrame, record: Record) -> Record:
        """Replace a bucket by rows in order of the key, and return its record, not written yet.

        Raises:
            ContractError: the rows break the contract; the bucket is as it was.
        """
        rows = checked_in_order(self.table, rows)
        self._begin(bucket)
        folder = self.folder(bucket)
        for stale in folder.glob("*.parquet"):
            stale.unlink()
        parts = self._by_year(rows)
        closed = [part for _, part in parts[:-1]]
        files = {}
        for year, some in ((parts[-1][0] - 1, closed), (parts[-1][0], [parts[-1][1]])) if parts else ():
            if some:
                files[_name(year)] = self._write(folder / _name(year), some, record.snapshot)
        return replace(record, files=files)

    def change(self, bucket: int, rows: pl.DataFrame, changes: Changes, record: Record) -> Record:
        """Put rows in the place of those that changed, and return the bucket's record, not written yet.

        Args:
            bucket: Number of the bucket.
            rows: All rows of the changed series from their changed session on, in order of the key.
            changes: Of each such series the session from which on its stored rows no longer hold.
            record: What is known of the bucket.

        Raises:
            ContractError: the rows break the contract; the bucket is as it was.
        """
        rows = checked_in_order(self.table, rows)
        self._begin(bucket)
        since = since_frame(changes, self.series)
        files, after = dict(record.files), dt.date.min
        for name in sorted(record.files):
            until = dt.date(_year(name), 12, 31)
            own = rows.filter(pl.col(self.time) > after, pl.col(self.time) <= until)
            if not own.is_empty() or min(changes.values(), default=dt.date.max) <= record.files[name].last_session:
                facts = self._merge(self.folder(bucket) / name, own, since, record.snapshot)
                if facts:
                    files[name] = facts
                else:
                    del files[name]
            after = until
        for year, part in self._by_year(rows.filter(pl.col(self.time) > after)):
            files[_name(year)] = self._write(self.folder(bucket) / _name(year), [part], record.snapshot)
        return replace(record, files=files)

    def commit(self, bucket: int, record: Record) -> None:
        """Declare a bucket whole: what has been written is what the record says."""
        if self.record(bucket) != record:
            write_record(self.folder(bucket) / RECORD, record)
        bucket_undo.forget(self.folder(bucket))

    def restore(self) -> None:
        """Put all buckets that a killed build left unfinished back to what they were before it began with them."""
        for bucket in range(self.buckets):
            bucket_undo.put_back(self.folder(bucket))

    def forget_beyond(self) -> None:
        """Declare buckets beyond the count, left of a larger one, unfinished: their series go elsewhere."""
        for folder in self._beyond():
            (folder / RECORD).unlink(missing_ok=True)

    def delete_beyond(self) -> None:
        """Delete buckets beyond the count, once all others are whole."""
        for folder in self._beyond():
            shutil.rmtree(folder)

    def _beyond(self) -> list[Path]:
        own = {self.folder(bucket) for bucket in range(self.buckets)}
        return [folder for folder in self.lake.folder(self.table).glob("bucket=*") if folder not in own]

    def _begin(self, bucket: int) -> None:
        self.folder(bucket).mkdir(parents=True, exist_ok=True)
        bucket_undo.keep(self.folder(bucket))

    def _merge(self, path: Path, rows: pl.DataFrame, since: pl.DataFrame, snapshot: str | None) -> FileFacts | None:
        """Rewrite a file without the rows that no longer hold and with those that do; None where nothing is left."""
        stored = pl.read_parquet(path, glob=False)
        is_gone = pl.col(self.time) >= pl.col("changed_from")
        holds = stored.join(since, on=self.series, how="left", maintain_order="left").filter(
            is_gone.fill_null(value=False).not_()
        )
        if holds.height == stored.height and rows.is_empty():
            return self._facts(stored)
        merged = pl.concat([holds.select(rows.columns), rows]).sort(self.key)
        if merged.is_empty():
            path.unlink()
            return None
        return self._write(path, [part for _, part in self._by_year(merged)], snapshot)

    def _write(self, path: Path, years: list[pl.DataFrame], snapshot: str | None) -> FileFacts:
        """Write one file, a row group a year; floats hardly repeat, so no dictionary of them is tried."""
        sweep(path)
        temporary = temporary_name(path)
        stamp = {**self.lake.stamp, **({"data_snapshot": snapshot} if snapshot else {})}
        repeating = [name for name, kind in years[0].schema.items() if not kind.is_float() and kind != pl.Boolean]
        writer = None
        try:
            for rows in years:
                data = annotated(self.table, rows.to_arrow(), stamp)
                writer = writer or pq.ParquetWriter(
                    temporary,
                    data.schema,
                    compression="lz4",
                    use_dictionary=repeating,
                    write_statistics=[self.series, self.time],
                )
                writer.write_table(data, row_group_size=rows.height)
            if writer:
                writer.close()
            swap_in(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        return self._facts(*years)

    def _facts(self, *parts: pl.DataFrame) -> FileFacts:
        session = pl.col(self.time)
        by_part = [part.group_by(self.series).agg(first=session.min(), last=session.max()) for part in parts]
        spans = pl.concat(by_part).group_by(self.series).agg(pl.col("first").min(), pl.col("last").max())
        total = sum(map(fingerprint, parts)) % FINGERPRINT_MODULUS
        of_series = {name: (first, last) for name, first, last in spans.sort(self.series).rows()}
        return FileFacts(sum(part.height for part in parts), total, of_series)

    def _by_year(self, rows: pl.DataFrame) -> list[tuple[int, pl.DataFrame]]:
        """Return the rows of each year there is, in their order."""
        years = rows[self.time].dt.year()
        return [(year, rows.filter(years == year)) for year in years.unique().sort()]


def time_of(table: type[Table]) -> str:
    """Return the column of a table's key that is its time: the first date."""
    return next(name for name in grain_of(table) if table.columns()[name].dtype == pl.Date)


def since_frame(changes: Changes, series: str = "instrument_id") -> pl.DataFrame:
    """Return changes as a frame: the series, and ``changed_from``."""
    return pl.DataFrame(
        {series: list(changes), "changed_from": list(changes.values())},
        schema={series: pl.String, "changed_from": pl.Date},
    )


def fingerprint(rows: pl.DataFrame) -> int:
    """Return a number that equal rows share in whatever order and files they lie; other rows hardly ever have it.

    Columns that say when a value was learnt are left out (``content_hash``).
    """
    hashes = rows.select(pl.exclude(VOLATILE_COLUMNS)).hash_rows(seed=_SEED)
    return int(hashes.to_numpy().sum(dtype=np.uint64))


def _name(year: int) -> str:
    return f"through={year:04d}.parquet"


def _year(name: str) -> int:
    found = re.fullmatch(r"through=(\d{4})\.parquet", name)
    if not found:
        raise ValueError(f"expected a file through=YYYY.parquet, was {name}")
    return int(found[1])
