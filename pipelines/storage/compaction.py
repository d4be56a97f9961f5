"""Folding the many small parts of a raw table or log into few files, so that reading does not slow down with the years.

Belongs here: which parts are folded, and how without a moment at which a row is lost or doubled. Not here: names of
parts (``part``), reading and appending (``lake``). Rows are kept as they are; only which file holds them changes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.contracts.table import Table, grain_of, qualified_name
from pipelines.storage.lake import Lake, LakeError
from pipelines.storage.part import READERS_FINISH_WITHIN_SECONDS, delete_superseded, part_name, span_of
from pipelines.storage.swap import swap_in, sweep_folder, temporary_name

_TIMES = ("session", "ex_session", "as_of", "fetched_at", "known_at")
"""Columns by whose year rows are laid out, the first that a table has: those that readers filter on."""


@dataclass(frozen=True)
class Folding:
    """When parts are folded, and how the file they become is laid out."""

    least_files: int = 8
    """Fewer files than this are not worth a fold."""
    growth: int = 4
    """An older file is written anew only with newer ones of at least a fourth of its rows together. So a row is written
    about once for each fivefold growth of its table, and few files stand at any time."""
    rows_at_once: int = 1_000_000
    """Rows held in memory; a single year with more rows is held whole."""
    rows_per_group: int = 100_000
    """Rows of a row group, the piece that a filter on session can leave out."""
    readers_finish_within_seconds: float = READERS_FINISH_WITHIN_SECONDS
    """How long the old files stay beside the new one."""


class Compaction(NamedTuple):
    """What a compaction did to a table: files that stand, before and after, rows written anew, old files deleted."""

    files_before: int
    files_after: int
    rows_folded: int
    files_deleted: int


def compact(lake: Lake, table: type[Table], folding: Folding | None = None) -> Compaction:
    """Fold the small parts of every bucket of a raw table or a log. The caller holds ``lake.locked()``.

    Killed at any moment, the table reads as before: the new file counts from its rename on, in the place of the parts
    that its name says it holds. Those are deleted once readers are done with them, by a later call or by an append.

    Raises:
        LakeError: files that are to be folded disagree on a column's type, or rows would get lost; nothing is changed.
    """
    folding = folding or Folding()
    before, rows_folded, deleted = lake.files(table), 0, 0
    for folder in sorted({path.parent for path in before}):
        sweep_folder(folder)
        deleted += delete_superseded(folder, folding.readers_finish_within_seconds)
        if parts := _worth_folding([path for path in before if path.parent == folder], folding):
            rows_folded += _fold(table, parts, folding)
            deleted += delete_superseded(folder, folding.readers_finish_within_seconds)
    return Compaction(len(before), len(lake.files(table)), rows_folded, deleted)


def _worth_folding(files: list[Path], folding: Folding) -> list[Path]:
    """Return the newest files, from the oldest one on that is not too large to be written anew with all after it."""
    parts = [path for path in files if span_of(path)]
    newer = 0
    start = len(parts)
    for position in reversed(range(len(parts))):
        rows = pq.read_metadata(parts[position]).num_rows
        if rows <= folding.growth * newer:
            start = position
        newer += rows
    return parts[start:] if len(parts) - start >= folding.least_files else []


def _fold(table: type[Table], parts: list[Path], folding: Folding) -> int:
    """Write the rows of parts into one file, by year and key, and return how many."""
    first, last = span_of(parts[0]), span_of(parts[-1])
    assert first is not None
    assert last is not None
    final = parts[0].with_name(part_name(first[0], last[1]))
    schema = _common_schema(table, parts)
    expected = sum(pq.read_metadata(path).num_rows for path in parts)
    temporary = temporary_name(final)
    try:
        written = 0
        with pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
            for rows in _by_year(table, _scan(parts), folding):
                writer.write_table(
                    rows.select(schema.names).to_arrow().cast(schema), row_group_size=folding.rows_per_group
                )
                written += rows.height
        if written != expected:
            raise LakeError(f"{qualified_name(table)}: expected {expected} rows of {final.name}, was {written}")
        swap_in(temporary, final)
    finally:
        temporary.unlink(missing_ok=True)
    return written


def _common_schema(table: type[Table], parts: list[Path]) -> pa.Schema:
    """Return the columns of all parts, described as in the newest that has them; what some lack may be null."""
    schemas = [pq.read_schema(path) for path in parts]
    fields: dict[str, pa.Field] = {}
    for schema in reversed(schemas):
        for field in schema:
            kept = fields.setdefault(field.name, field)
            if kept.type != field.type:
                where = f"{qualified_name(table)}.{field.name} in {parts[0].parent.name}"
                raise LakeError(f"{where}: expected one type in all parts, was {kept.type} and {field.type}")
            fields[field.name] = kept.with_nullable(kept.nullable or field.nullable)
    everywhere = set.intersection(*(set(schema.names) for schema in schemas))
    described = [field.with_nullable(field.nullable or name not in everywhere) for name, field in fields.items()]
    return pa.schema(described, metadata=schemas[-1].metadata)


def _scan(parts: list[Path]) -> pl.LazyFrame:
    columns: dict[str, pl.DataType] = {}
    for path in reversed(parts):
        columns = {**pl.read_parquet_schema(path), **columns}
    return pl.scan_parquet(parts, schema=columns, missing_columns="insert", glob=False)


def _by_year(table: type[Table], rows: pl.LazyFrame, folding: Folding) -> Iterator[pl.DataFrame]:
    """Yield the rows, oldest year first and by key within a year, so many at once; those without a time come first."""
    columns = rows.collect_schema()
    time = next((name for name in _TIMES if name in columns), None)
    key = [name for name in grain_of(table) if name in columns]
    if time is None:
        yield rows.sort(key, maintain_order=True).select(list(columns)).collect()
        return
    year = pl.col(time).dt.year()
    counts = rows.select(year=year).group_by("year").len().sort("year", nulls_last=False).collect()
    for first, last in _stretches(counts, folding.rows_at_once):
        wanted = pl.col(time).is_null() if first is None else _in_years(time, columns[time], first, last)
        yield rows.filter(wanted).sort([year, *key], maintain_order=True).select(list(columns)).collect()


def _stretches(counts: pl.DataFrame, rows_at_once: int) -> Iterator[tuple[int | None, int]]:
    """Yield first and last year of stretches of so many rows at most, or of one year; None for those without a time."""
    first: int | None = None
    last = held = 0
    for year, count in counts.rows():
        if year is None:
            yield None, 0
            continue
        if first is not None and held + count > rows_at_once:
            yield first, last
            first, held = None, 0
        first, last, held = year if first is None else first, year, held + count
    if first is not None:
        yield first, last


def _in_years(time: str, kind: pl.DataType, first: int, last: int) -> pl.Expr:
    """Return whether a time lies in the years from first to last, said so that row groups can be left out."""
    bounds: list[dt.date] = [dt.date(first, 1, 1), dt.date(last + 1, 1, 1)]
    if isinstance(kind, pl.Datetime):
        bounds = [dt.datetime(day.year, 1, 1, tzinfo=dt.UTC) for day in bounds]
    return (pl.col(time) >= pl.lit(bounds[0], kind)) & (pl.col(time) < pl.lit(bounds[1], kind))
