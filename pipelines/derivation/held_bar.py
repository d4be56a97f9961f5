"""The bars of a bucket that are held back, kept with its record: so both are written in one go.

Belongs here: their way into a record and back. Not here: which bars are held back (``transforms.quarantine``).
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import polars as pl

from pipelines.contracts import core
from pipelines.storage.bucket_record import Record

_HELD = "held"


def held_of(record: Record) -> pl.DataFrame:
    """Return the bars that a record says are held back (``core.QuarantinedBar``)."""
    schema = {name: column.dtype for name, column in core.QuarantinedBar.columns().items()}
    read = {"session": dt.date.fromisoformat, "known_from": dt.datetime.fromisoformat}
    rows = json.loads(record.progress.get(_HELD, "[]"))
    stated = [{name: read.get(name, _as_is)(value) for name, value in row.items()} for row in rows]
    return pl.DataFrame(stated, schema=schema)


def _as_is(value: Any) -> Any:
    return value


def with_held(record: Record, held: pl.DataFrame) -> Record:
    """Return a record that says that these bars (``core.QuarantinedBar``) are held back, and no others."""
    rows = held.sort(core.QuarantinedBar.primary_key()).to_dicts()
    return replace(record, progress={**record.progress, _HELD: json.dumps(rows, default=str)})
