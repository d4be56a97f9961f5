"""Rejected rows on their way into raw, and the calendar that received rows may stand on: what ingesting steps share."""

from __future__ import annotations

import datetime as dt

import polars as pl

from pipelines.contracts import raw
from pipelines.sources.calendar import sessions_between
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


def append_rejected(lake: Lake, rejected: pl.DataFrame, source: str, now: dt.datetime | None = None) -> dict[str, int]:
    """Store the rejected rows that are not stored yet, and return how many by rule, as facts for Dagster.

    Without ``now`` each row brings its own ``fetched_at``.
    """
    if rejected.is_empty():
        return {}
    moment = pl.lit(now).cast(pl.Datetime("us", "UTC")) if now else pl.col("fetched_at")
    stamped = rejected.with_columns(source=pl.lit(source), fetched_at=moment)
    stored = lake.scan(raw.RejectedRow).filter(pl.col("row_id").is_in(stamped["row_id"].implode())).collect()
    unseen = stamped.join(stored, on="row_id", how="anti").unique("row_id", maintain_order=True)
    if not unseen.is_empty():
        lake.append(raw.RejectedRow, unseen)
    return {f"rejected: {rule}": count for rule, count in unseen.group_by("rule").len().sort("rule").rows()}
