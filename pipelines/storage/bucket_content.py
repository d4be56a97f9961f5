"""What the buckets of a long table hold together, and the blocks of time in which it is published.

Belongs here: counts and fingerprints over records. Not here: rows (``bucket_store``), or DuckDB (``warehouse``).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from typing import NamedTuple

from pipelines.contracts.table import Table, qualified_name
from pipelines.storage.bucket_record import FINGERPRINT_MODULUS, RECORD, read_record
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
    folder = lake.folder(table)
    unfinished = {path.parent for path in lake.files(table)} - {path.parent for path in folder.glob(f"*/{RECORD}")}
    records = [read_record(path) for path in sorted(folder.glob(f"bucket=*/{RECORD}"))]
    if unfinished or None in records:
        raise LakeError(f"{qualified_name(table)}: expected buckets that are finished; materialise it again")
    found = [record for record in records if record and record.rows]
    rows, total = sum(record.rows for record in found), sum(record.fingerprint for record in found)
    return Content(
        rows,
        min((record.first_session for record in found if record.first_session), default=_NEVER),
        max((record.last_session for record in found if record.last_session), default=_NEVER),
        hashlib.sha256(f"{rows} {total % FINGERPRINT_MODULUS}".encode()).hexdigest(),
    )


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
