"""A few rows of a table kept in the record of a bucket: so they hold exactly when the bucket's own rows do.

Belongs here: their way into a record and back. Not here: what rows are kept, and why.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import polars as pl

from pipelines.contracts.table import Table
from pipelines.storage.bucket_record import Record

_READ: dict[type[pl.DataType], Callable[[str], Any]] = {
    pl.Date: dt.date.fromisoformat,
    pl.Datetime: dt.datetime.fromisoformat,
}


def rows_in(record: Record, name: str, table: type[Table]) -> pl.DataFrame:
    """Return the rows of a table that a record keeps under a name."""
    schema = {column: declared.dtype for column, declared in table.columns().items()}
    read = {column: _READ[type(kind)] for column, kind in schema.items() if type(kind) in _READ}
    rows = [
        {
            column: read[column](value) if column in read and value is not None else value
            for column, value in row.items()
        }
        for row in json.loads(record.kept.get(name, "[]"))
    ]
    return pl.DataFrame(rows, schema=schema)


def with_rows(record: Record, name: str, table: type[Table], rows: pl.DataFrame) -> Record:
    """Return a record that keeps these rows of a table under a name, and no others."""
    stated = rows.select(table.column_names()).sort(table.primary_key()).to_dicts()
    return replace(record, kept={**record.kept, name: json.dumps(stated, default=str)})
