"""The bars of a bucket that are held back, kept with its record: so both are written in one go.

Belongs here: which rows of a record they are. Not here: which bars are held back (``transforms.quarantine``).
"""

from __future__ import annotations

import polars as pl

from pipelines.contracts import core
from pipelines.derivation.record_rows import rows_in, with_rows
from pipelines.storage.bucket_record import Record

_HELD = "held"


def held_of(record: Record) -> pl.DataFrame:
    """Return the bars that a record says are held back (``core.QuarantinedBar``)."""
    return rows_in(record, _HELD, core.QuarantinedBar)


def with_held(record: Record, held: pl.DataFrame) -> Record:
    """Return a record that says that these bars (``core.QuarantinedBar``) are held back, and no others."""
    return with_rows(record, _HELD, core.QuarantinedBar, held)
