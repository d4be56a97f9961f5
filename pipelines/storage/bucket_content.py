"""What the buckets of a long table hold together, and the blocks of time in which it is published.

Belongs here: what follows from records. Not here: rows (``bucket_store``), or DuckDB (``warehouse``).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from typing import NamedTuple

import polars as pl

from pipelines.contracts.table import Table, grain_of, qualified_name
from pipelines.storage.bucket_record import FINGERPRINT_MODULUS, RECORD, Record, read_record
from pipelines.storage.lake import Lake, LakeError

_NEVER = dt.date(1970, 1, 1)


class Content(NamedTuple):
    """Rows of a table, their first and last session, and a digest that equal rows share."""

    rows: int
    first: dt.date
    last: dt.date
    digest: str


def content_of(lake: Lake, table: type[Table]) -> Content:
    """Return what the buckets of a table hold together; a table that was never written holds nothing.

    Raises:
        LakeError: a bucket is not finished.
    """
    found = [record for record in _records(lake, table) if record.rows]
    rows, total = sum(record.rows for record in found), sum(record.fingerprint for record in found)
    return Content(
        rows,
        min((record.first_session for record in found if record.first_session), default=_NEVER),
        max((record.last_session for record in found if record.last_session), default=_NEVER),
        hashlib.sha256(f"{rows} {total % FINGERPRINT_MODULUS}".encode()).hexdigest(),
    )


def spans_of(lake: Lake, table: type[Table]) -> pl.DataFrame:
    """Return ``first_session`` and ``last_session`` of each series of a table, sorted by the series.

    Raises:
        LakeError: a bucket is not finished.
    """
    series = grain_of(table)[0]
    rows = [(name, *span) for record in _records(lake, table) for name, span in record.spans.items()]
    schema = {series: pl.String, "first_session": pl.Date, "last_session": pl.Date}
    return pl.DataFrame(rows, schema=schema, orient="row").sort(series)


def _records(lake: Lake, table: type[Table]) -> list[Record]:
    """Return the records of all buckets."""
    folder = lake.folder(table)
    unfinished = {path.parent for path in lake.files(table)} - {path.parent for path in folder.glob(f"*/{RECORD}")}
    records = [read_record(path) for path in sorted(folder.glob(f"bucket=*/{RECORD}"))]
    found = [record for record in records if record]
    if unfinished or len(found) < len(records):
        raise LakeError(f"{qualified_name(table)}: expected buckets that are finished; materialise it again")
    return found


def blocks(first: dt.date, last: dt.date, months: int) -> Iterator[tuple[dt.date, dt.date]]:
    """Return the stretches of so many months, counted from January, from the one of ``first`` to that of ``last``.

    Each is given by its first day and the one after its last.
    """
    number = (first.year * 12 + first.month - 1) // months
    while True:
        begin, end = (dt.date(month // 12, month % 12 + 1, 1) for month in (number * months, (number + 1) * months))
        if begin > last:
            return
        yield begin, end
        number += 1
