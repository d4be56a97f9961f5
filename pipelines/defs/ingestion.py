"""What steps that read documents share: what a document gave, and its refused rows as rows of raw."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

import polars as pl

from pipelines.contracts.table import Table, name_of
from pipelines.sources.document import Document


class Reading(NamedTuple):
    """What a document gave: rows by raw table, and rejected rows (``raw.RejectedRow`` short of source and fetch)."""

    rows: Mapping[type[Table], pl.DataFrame]
    rejected: pl.DataFrame | None = None


def refusals(
    table: type[Table], refused: pl.DataFrame, subject: str, document: Document, name: str = ""
) -> pl.DataFrame:
    """Return refused rows of a document as ``raw.RejectedRow``, short of source and fetched_at.

    Args:
        table: The raw table that they were kept out of.
        refused: ``RefusedRow``.
        subject: What they are of: a fund, or the kind of the document.
        document: The document.
        name: File within an archive that the lines count in.
    """
    where = f"{document.locator}/{name}:" if name else f"{document.locator}:"
    identity = pl.concat_str(
        pl.lit(f"{name_of(table)}\n{document.payload_hash}\n{name}\n"), "line", pl.lit("\n"), "rule"
    )
    return refused.select(
        row_id=identity.map_elements(lambda text: hashlib.sha256(text.encode()).hexdigest(), return_dtype=pl.String),
        raw_table=pl.lit(name_of(table)),
        instrument_id=pl.lit(subject),
        session=pl.lit(None, pl.Date),
        rule="rule",
        locator=pl.concat_str(pl.lit(where), "line"),
        payload="payload",
        payload_hash=pl.lit(document.payload_hash),
    )
