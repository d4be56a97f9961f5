"""Which levels stand when: published ones for as long as they are valid, detected ones for as long as their zone is.

Belongs here: the stands of levels on the rows of one instrument, and the bounds they are held against.
Not here: what bars do to a level (see ``scan.level``).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from pipelines.parameters import Parameters

_STAND = pl.Schema(
    {
        "level_id": pl.String,
        "first_row": pl.Int64,
        "start_row": pl.Int64,
        "end_row": pl.Int64,
        "end_cause": pl.String,
        "side": pl.String,
    }
)
_BOUND = pl.Schema({"level_id": pl.String, "row": pl.Int64, "low": pl.Float64, "high": pl.Float64})


class Standing(NamedTuple):
    """Levels of one instrument; rows count from 0 and are null where nothing happens."""

    stands: pl.DataFrame
    """One row per level and unbroken time of standing: ``level_id``; ``first_row`` on which it is known, pending until
    ``start_row``; ``end_row`` on which it is over by ``end_cause``; ``side`` at the start, support or resistance."""
    bounds: pl.DataFrame
    """``low`` and ``high`` that a level is held against from ``row`` on."""


def standing_levels(rows: pl.DataFrame, levels: pl.DataFrame, zones: pl.DataFrame, parameters: Parameters) -> Standing:
    """Return the stands of the levels of one instrument, as known on each row.

    Args:
        rows: ``row`` (from 0), ``session``, ``close`` and ``atr_14`` of the instrument, sorted by session.
        levels: ``core.Level`` of the instrument.
        zones: ``core.Zone`` of the instrument.
        parameters: ``zone_cover_atr`` and ``zone_overlap_share``, for zones that end in another one.
    """
    parts = (_published(rows, levels), _detected(rows, zones, parameters))
    return Standing(pl.concat(part.stands for part in parts), pl.concat(part.bounds for part in parts))


def _published(rows: pl.DataFrame, levels: pl.DataFrame) -> Standing:
    """A published level stands from its first session on which the session before has an average true range."""
    known = levels.drop_nulls("pending_from")
    session, count = rows["session"].to_numpy(), len(rows)
    # The first row at or after each row whose row before has an average true range.
    usable = np.flatnonzero(rows["atr_14"].is_not_null().to_numpy()) + 1

    def row_at(column: str, *, after: bool = False) -> np.ndarray:
        """Return the first row at a date or later (strictly ``after`` it), ``count`` where there is none or no date."""
        dates = known[column]
        found = session.searchsorted(dates.fill_null(session[-1]).to_numpy(), side="right" if after else "left")
        return np.where(dates.is_null().to_numpy(), count, found)

    first = row_at("pending_from")
    start = np.append(usable, count)[usable.searchsorted(row_at("valid_from"))]
    superseded, expired = row_at("superseded_from"), row_at("valid_to", after=True)
    end = np.maximum(np.minimum(superseded, expired), first)
    stands = pl.DataFrame(
        {
            "level_id": known["level_id"],
            "first_row": first,
            "start_row": np.where(start < end, start, count),
            "end_row": end,
            "end_cause": np.where(superseded <= expired, "superseded", "expired"),
            "side": known["role"].str.split("_").list.last(),
        },
        schema=_STAND,
    )
    bounds = pl.DataFrame(
        {"level_id": known["level_id"], "row": first, "low": known["evaluated_low"], "high": known["evaluated_high"]},
        schema=_BOUND,
    )
    is_reached = pl.col("first_row") < count
    return Standing(_within(stands.filter(is_reached), count), bounds.filter(pl.col("row") < count))


def _within(stands: pl.DataFrame, count: int) -> pl.DataFrame:
    """Return stands with null for rows that have not come yet."""
    rows = ("start_row", "end_row")
    return stands.with_columns(pl.when(pl.col(row) < count).then(row).alias(row) for row in rows).with_columns(
        end_cause=pl.when(pl.col("end_row").is_not_null()).then("end_cause")
    )


def _detected(rows: pl.DataFrame, zones: pl.DataFrame, parameters: Parameters) -> Standing:
    """A zone is held against a row as it was known on the row before; it stands for as long as it is there."""
    row_of = rows.select("session", "row")
    count = len(rows)
    stretches = (
        zones.join(row_of.rename({"session": "valid_from", "row": "from_row"}), on="valid_from")
        .join(row_of.rename({"session": "valid_to", "row": "to_row"}), on="valid_to", how="left")
        .with_columns(pl.col("to_row").fill_null(count - 1))
        .sort("zone_id", "from_row")
        .with_columns(
            is_new=(pl.col("from_row") != pl.col("to_row").shift(1) + 1).over("zone_id").fill_null(value=True)
        )
        .with_columns(stand=pl.col("is_new").cum_sum())
    )
    is_support = pl.col("centre") <= pl.col("close")
    ends = _ends(rows, stretches, parameters)
    stands = (
        stretches.filter("is_new")
        .join(rows.select(from_row="row", close="close"), on="from_row")
        .join(ends, on="stand", how="left", maintain_order="left")
        .select(
            level_id="zone_id",
            first_row=pl.col("from_row") + 1,
            start_row=pl.col("from_row") + 1,
            end_row="end_row",
            end_cause=pl.when("is_taken_over").then(pl.lit("superseded")).otherwise(pl.lit("expired")),
            side=pl.when(is_support).then(pl.lit("support")).otherwise(pl.lit("resistance")),
        )
        .filter(pl.col("first_row") < count)
        .cast(_STAND)
    )
    bounds = stretches.select(level_id="zone_id", row=pl.col("from_row") + 1, low="low", high="high")
    return Standing(_within(stands, count), bounds.filter(pl.col("row") < count).cast(_BOUND))


def _ends(rows: pl.DataFrame, stretches: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Return of each stand of a zone the row on which it is over, and whether another zone takes its place."""
    ends = stretches.group_by("stand", maintain_order=True).agg(
        pl.col("to_row", "low", "high").last(), end_row=pl.col("to_row").last() + 2
    )
    gone = ends.with_columns(row=pl.col("to_row") + 1).filter(pl.col("row") < len(rows))
    others = (
        stretches.select("low", "high", row=pl.int_ranges("from_row", pl.col("to_row") + 1))
        .explode("row")
        .join(gone.select("row").unique(), on="row", how="semi")
    )
    margin = parameters.zone_cover_atr * pl.col("atr_14")
    shared = pl.min_horizontal("high", "high_right") - pl.max_horizontal("low", "low_right") + 2 * margin
    narrower = (
        pl.min_horizontal(pl.col("high") - pl.col("low"), pl.col("high_right") - pl.col("low_right")) + 2 * margin
    )
    taken_over = (
        gone.join(others, on="row")
        .join(rows.select("row", "atr_14"), on="row")
        .group_by("stand")
        .agg(is_taken_over=(shared >= parameters.zone_overlap_share * narrower).any())
    )
    return ends.select("stand", "end_row").join(taken_over, on="stand", how="left").fill_null(value=False)
