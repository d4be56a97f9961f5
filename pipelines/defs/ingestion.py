"""What ingesting steps share: rejected rows on their way into raw, and the calendar that received rows may stand on."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import NamedTuple

import polars as pl

from pipelines.contracts import raw
from pipelines.contracts.table import Table, name_of
from pipelines.sources.calendar import sessions_between
from pipelines.sources.document import Document
from pipelines.storage.lake import Lake

EARLIEST_SESSION = dt.date(1885, 1, 1)
"""Before the first US index; a row dated earlier is no session."""
LATEST_SESSION_AHEAD = dt.timedelta(days=366)
"""A row dated later than this from now is no session; one before it is of a session that has not closed."""


def calendar_for(received: pl.DataFrame, now: dt.datetime) -> pl.DataFrame:
    """Return the sessions that received rows may stand on: those of the rows, within sensible bounds, and today."""
    sensible = pl.col("session").clip(EARLIEST_SESSION, now.date() + LATEST_SESSION_AHEAD)
    first, last = received.select(first=sensible.min(), last=sensible.max()).row(0)
    return sessions_between(min(first or now.date(), now.date()), max(last or now.date(), now.date()))


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


def append_rejected(lake: Lake, rejected: pl.DataFrame, source: str, now: dt.datetime) -> dict[str, int]:
    """Store the rejected rows that are not stored yet, and return how many by rule, as facts for Dagster."""
    stamped = rejected.with_columns(source=pl.lit(source), fetched_at=pl.lit(now).cast(pl.Datetime("us", "UTC")))
    unseen = stamped.join(lake.read(raw.RejectedRow), on="row_id", how="anti").unique("row_id", maintain_order=True)
    if not unseen.is_empty():
        lake.append(raw.RejectedRow, unseen)
    return {f"rejected: {rule}": count for rule, count in unseen.group_by("rule").len().sort("rule").rows()}
