"""The chain of a published set: what the break of its key or intermediate level means for the others.

Belongs here: ``is_exposed`` and ``thesis_state`` of ``core.level_state`` (docs/methods.md, B4).
Not here: the state of a single level (see ``level_state``).
"""

from __future__ import annotations

import polars as pl

_BROKEN = {"support": "broken", "resistance": "cleared"}
_AGAINST = {"support": "bullish", "resistance": "bearish"}
"""Bias that the break of a key level on a side negates."""


def with_chain(states: pl.DataFrame, levels: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    """Return states with ``is_exposed`` and ``thesis_state``, and a row more wherever only these change.

    Args:
        states: ``core.LevelState`` rows; the two columns are not read.
        levels: ``core.Level``, for role, set and bias.
        sessions: ``series_id`` and ``session`` of the bars.
    """
    of_level = levels.select(
        "level_id",
        "bias",
        part=pl.col("role").str.split("_").list.first(),
        own_side=pl.col("role").str.split("_").list.last(),
    )
    known = states.drop("is_exposed", "thesis_state").join(of_level, on="level_id", how="left")
    broken = pl.col("own_side").replace_strict(_BROKEN, default=None)
    breaks = known.filter(
        pl.col("part").is_in(["key", "intermediate"])
        & (pl.col("side") == pl.col("own_side"))
        & (pl.col("state") == broken)
        & pl.col("last_event").is_in(["atr", "two_closes"])
        & (pl.col("state_since") == pl.col("valid_from"))
    )
    exposed = breaks.group_by("set_id", "own_side").agg(exposed_from=pl.col("valid_from").min())
    negates = (pl.col("part") == "key") & (pl.col("bias") == pl.col("own_side").replace_strict(_AGAINST, default=None))
    negated = breaks.filter(negates).group_by("set_id").agg(negated_from=pl.col("valid_from").min())
    dated = (
        known.join(exposed, on=["set_id", "own_side"], how="left")
        .join(negated, on="set_id", how="left")
        .with_columns(exposed_from=pl.when(pl.col("part") == "next").then("exposed_from"))
    )
    before = sessions.sort("series_id", "session").select(
        instrument_id="series_id", session="session", day_before=pl.col("session").shift(1).over("series_id")
    )
    split = _cut(_cut(dated, "exposed_from", before), "negated_from", before)
    happened = {
        name: (pl.col("valid_from") >= pl.col(name)).fill_null(value=False) for name in ("exposed_from", "negated_from")
    }
    thesis = pl.when(happened["negated_from"]).then(pl.lit("negated")).otherwise(pl.lit("standing"))
    return split.with_columns(
        is_exposed=pl.when(pl.col("part") == "next").then(happened["exposed_from"]),
        thesis_state=pl.when(pl.col("set_id").is_not_null()).then(thesis),
    ).select(states.columns)


def _cut(rows: pl.DataFrame, column: str, before: pl.DataFrame) -> pl.DataFrame:
    """Return rows with each one that a date falls into cut in two: up to the session before it, and from it on."""
    is_inside = (pl.col(column) > pl.col("valid_from")) & (
        pl.col("valid_to").is_null() | (pl.col(column) <= pl.col("valid_to"))
    )
    marked = rows.with_columns(is_inside=is_inside.fill_null(value=False))
    whole, cut = (marked.filter(flag).drop("is_inside") for flag in (~pl.col("is_inside"), pl.col("is_inside")))
    head = (
        cut.join(before, left_on=["instrument_id", column], right_on=["instrument_id", "session"], how="left")
        .with_columns(valid_to="day_before")
        .select(whole.columns)
    )
    return pl.concat([whole, head, cut.with_columns(valid_from=pl.col(column))])
