"""Zones: bands of neighbouring pivots, record highs and round numbers, as they were known at each close.

Belongs here: ``core.zone`` (docs/methods.md, B4), the points that zones are made of, and their storage as changes.
Not here: the loop that merges points and keeps identities (see ``scan.zone``), and what bars do to a zone.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.contracts.core import Zone
from pipelines.contracts.vocabulary import ZONE_KINDS
from pipelines.parameters import Parameters
from pipelines.transforms.scan import zone as scan

KINDS_OF_PIVOTS = {"high": "swing_high", "low": "swing_low"}
_POINT = scan.Points._fields


def zones(
    prices: pl.DataFrame,
    averages: pl.DataFrame,
    pivots: pl.DataFrame,
    records: pl.DataFrame,
    parameters: Parameters,
) -> pl.DataFrame:
    """Return the zones of every instrument, one row per stretch of sessions without a change.

    Args:
        prices: ``core.SeriesPrice`` of any number of series, in any order; pairs have no zones.
        averages: ``core.MovingAverage`` of the same rows, for ``atr_14``; zones begin with the first.
        pivots: ``core.Pivot`` of the same series.
        records: ``core.RecordState`` of the same rows.
        parameters: The ``zone_`` thresholds.

    Returns:
        ``core.Zone``, sorted by zone and first session. Apart from ``valid_to``, rows up to a session do not change
        with later ones.
    """
    rows = (
        prices.filter(pl.col("series_kind") == "instrument")
        .join(averages.select("series_id", "session", "atr_14"), on=["series_id", "session"], how="left")
        .sort("series_id", "session")
        .with_columns(row=pl.int_range(pl.len()).over("series_id"))
    )
    # The order matters for the last digit of a sum of weights.
    points = pl.concat([_pivot_points(pivots, rows, parameters), _record_points(records, rows, parameters)]).sort(
        "series_id", "first_row", "extreme_row", "kind", "price"
    )
    found = [
        _of_instrument(str(series), own, points.filter(pl.col("series_id") == series), parameters)
        for (series,), own in rows.partition_by("series_id", as_dict=True, maintain_order=True).items()
    ]
    return pl.concat([Zone.create_empty(), *found]).sort(Zone.primary_key())


def _pivot_points(pivots: pl.DataFrame, rows: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Return one point per extreme, whichever rules found it, from its first confirmation until it is too old."""
    row_of = rows.select("series_id", "session", "row")
    return (
        pivots.group_by("series_id", "kind", "extreme_session")
        .agg(pl.col("price").first(), session=pl.col("confirmed_session").min())
        .join(row_of.rename({"row": "first_row"}), on=["series_id", "session"])
        .join(row_of.rename({"row": "extreme_row", "session": "extreme_session"}), on=["series_id", "extreme_session"])
        .with_columns(
            kind=pl.col("kind").replace_strict(
                {kind: _bit(name) for kind, name in KINDS_OF_PIVOTS.items()}, return_dtype=pl.Int64
            ),
            last_row=pl.col("extreme_row") + parameters.zone_age_sessions,
        )
        .select("series_id", *_POINT)
    )


def _record_points(records: pl.DataFrame, rows: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Return one point per record: while it stands, and for a while as the one before the standing one."""
    key = ["series_id", "basis"]
    set_on = (
        records.drop_nulls("record")
        .join(rows.select("series_id", "session", "row"), on=["series_id", "session"])
        .sort(*key, "row")
        .filter((pl.col("record") != pl.col("record").shift(1).over(key)).fill_null(value=True))
    )
    superseded, next_superseded = (pl.col("row").shift(-ahead).over(key) for ahead in (1, 2))
    last_row = pl.min_horizontal(next_superseded - 1, superseded + parameters.zone_age_sessions)
    return set_on.select(
        "series_id",
        price="record",
        kind=pl.lit(_bit("record_high"), pl.Int64),
        extreme_row=pl.lit(scan.NO_ROW, pl.Int64),
        first_row="row",
        last_row=last_row.fill_null(len(rows)),
    )


def _bit(kind: str) -> int:
    return 1 << ZONE_KINDS.index(kind)


def _of_instrument(series: str, rows: pl.DataFrame, points: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Return the zones of one instrument as ``core.Zone``."""
    found = scan.zones(
        rows["close"].to_numpy(),
        rows["atr_14"].fill_null(np.nan).to_numpy(),
        scan.Points(*(points[column].to_numpy() for column in _POINT)),
        _bit("round_number"),
        scan.Limits(
            gap=parameters.zone_gap_atr,
            width=parameters.zone_width_atr,
            cover=parameters.zone_cover_atr,
            overlap=parameters.zone_overlap_share,
            memory=parameters.zone_memory_sessions,
            half_life=parameters.zone_half_life_sessions,
        ),
    )
    has_zones = pl.col("atr_14").is_not_null()
    by_row = rows.select(
        "close",
        step=has_zones.cum_sum(),
        # A row without an average true range has no zones of its own: those of the row before stay.
        last_row=pl.when(has_zones).then("row").shift(-1).backward_fill().sub(1).fill_null(len(rows) - 1),
    )
    daily = pl.DataFrame(found._asdict()).hstack(by_row[found.row])
    return _changes(daily, rows).select(
        pl.format("{}-{}", pl.lit(series), "label").alias("zone_id"),
        "valid_from",
        "valid_to",
        pl.lit(series).alias("instrument_id"),
        "low",
        "high",
        "centre",
        pl.concat_str(
            [pl.when(pl.col("kinds") & _bit(kind) != 0).then(pl.lit(kind)) for kind in ZONE_KINDS],
            separator=", ",
            ignore_nulls=True,
        ).alias("kinds"),
        pl.col("pivots").alias("n_pivots"),
        pl.col("weight").alias("recency_weight"),
        "side",
    )


def _changes(daily: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Return one row per stretch of rows without a change, with its sessions and the label of the zone's id."""
    watched = ["low", "high", "centre", "kinds", "pivots", "side"]
    side = (
        pl.when(pl.col("high") < pl.col("close"))
        .then(pl.lit("support"))
        .when(pl.col("low") > pl.col("close"))
        .then(pl.lit("resistance"))
        .otherwise(pl.lit("at_price"))
    )
    session = rows["session"]
    is_same = [pl.col(column) == pl.col(column).shift(1) for column in ("number", *watched)]
    stretches = (
        daily.with_columns(side=side)
        .sort("number", "row")
        .with_columns(goes_on=pl.all_horizontal(*is_same, pl.col("step") == pl.col("step").shift(1) + 1))
        .with_columns(stretch=pl.col("goes_on").not_().fill_null(value=True).cum_sum())
        .group_by("stretch", maintain_order=True)
        .agg(pl.col("number", *watched, "weight", "row").first(), pl.col("last_row").last())
    )
    return stretches.with_columns(
        valid_from=session.gather(stretches["row"]),
        valid_to=pl.when(pl.col("last_row") < len(session) - 1).then(session.gather(stretches["last_row"])),
    ).join(_labels(stretches, session), on="number", how="left", maintain_order="left")


def _labels(stretches: pl.DataFrame, session: pl.Series) -> pl.DataFrame:
    """Return the label of each zone: its first session and centre, and an ordinal where two share both."""
    first = stretches.group_by("number", maintain_order=True).first().sort("number")
    named = first.select(
        "number",
        label=pl.format(
            "{}-{}",
            session.gather(first["row"]),
            pl.col("centre").map_elements("{:.2f}".format, return_dtype=pl.String),
        ),
    )
    ordinal = pl.int_range(1, pl.len() + 1).over("label")
    return named.with_columns(label=pl.when(ordinal == 1).then("label").otherwise(pl.format("{}:{}", "label", ordinal)))
