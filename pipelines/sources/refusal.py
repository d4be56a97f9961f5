"""Rows of a document that its reader keeps out, and when there are too many of them to trust the others.

Belongs here: the frame of refused rows and the one limit to them. Not here: the rules (each reader's own).
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import dataframely as dy
import polars as pl

from pipelines.contracts.received import RefusedRow
from pipelines.sources.base import SourceError

Refused = tuple[int, str, str]
"""Line, rule and payload of a refused row."""
MOST_REFUSED = 10_000
_SHOWN = 300


def payload_of(header: Sequence[str], cells: Sequence[str]) -> str:
    """Return a row as JSON text: cells by column, or the bare list of cells where their number is another."""
    row = dict(zip(header, cells, strict=True)) if len(header) == len(cells) else list(cells)
    return json.dumps(row, ensure_ascii=False)


def refused_frame(rows: Sequence[Refused]) -> dy.DataFrame[RefusedRow]:
    """Return refused rows as a frame, in the order of their lines."""
    types = {name: column.dtype for name, column in RefusedRow.columns().items()}
    return RefusedRow.validate(pl.DataFrame(list(rows), schema=types, orient="row").sort("line"))


def require_mostly_kept(place: str, refused: Sequence[Refused], kept: int) -> None:
    """Raise where more rows were refused than kept, or very many: the document is not what its reader takes it for.

    Raises:
        SourceError: naming ``place``, the counts and the first refused row.
    """
    if len(refused) > min(kept, MOST_REFUSED):
        line, rule, payload = refused[0]
        raise SourceError(
            f"{place}: expected rows that can be read, was {len(refused)} refused and {kept} kept; "
            f"first: line {line}, {rule}: {payload[:_SHOWN]}"
        )
