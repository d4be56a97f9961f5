"""Events of levels: what happened to each, on which session, and the numbers that did it.

Belongs here: ``core.level_event``, read off the changes of ``core.level_state`` (docs/methods.md, B4).
Not here: the rules that make the changes (see ``scan.level``).
"""

from __future__ import annotations

import polars as pl

from pipelines.contracts.core import LevelEvent
from pipelines.parameters import Parameters

_PERCENT = 100.0
_KEY = ["instrument_id", "session"]
_ENDS = ("expired", "superseded")
_BREAKS = ("atr", "two_closes")


def level_events(
    states: pl.DataFrame, prices: pl.DataFrame, averages: pl.DataFrame, parameters: Parameters
) -> pl.DataFrame:
    """Return every event of every level.

    Args:
        states: ``core.LevelState``.
        prices: ``core.SeriesPrice`` of the same instruments.
        averages: ``core.MovingAverage`` of the same rows, for ``atr_14``.
        parameters: The ``level_`` thresholds.

    Returns:
        ``core.LevelEvent``, sorted by level, session and cause. Later sessions only add rows.
    """
    changes = _with_before(states, _bars(prices, averages))
    of_machine = changes.filter(pl.col("last_event_session") == pl.col("valid_from")).with_columns(cause="last_event")
    stays = pl.col("state").alias("from_state")
    exposed = changes.filter("is_exposed", pl.col("valid_from") == pl.col("exposed_from"))
    negated = changes.filter(
        "is_break", pl.col("role").str.starts_with("key_"), pl.col("valid_from") == pl.col("negated_from")
    )
    found = [
        of_machine,
        exposed.with_columns(stays, cause=pl.lit("exposed")),
        negated.with_columns(stays, cause=pl.lit("negated")),
    ]
    return (
        pl.concat(found)
        .with_columns(
            session="valid_from", to_state="state", threshold=_threshold(parameters), tolerance=_tolerance(parameters)
        )
        .select(LevelEvent.column_names())
        .sort(LevelEvent.primary_key())
    )


def _bars(prices: pl.DataFrame, averages: pl.DataFrame) -> pl.DataFrame:
    """Return the bars of instruments with the close and the average true range of the row before."""
    before = pl.col("close", "atr_14").shift(1).over("series_id", order_by="session").name.suffix("_before")
    return (
        prices.filter(pl.col("series_kind") == "instrument")
        .join(averages.select("series_id", "session", "atr_14"), on=["series_id", "session"], how="left")
        .with_columns(before)
        .select(
            "session",
            "close",
            "close_before",
            instrument_id="series_id",
            bar_high="high",
            bar_low="low",
            atr_before="atr_14_before",
        )
    )


def _with_before(states: pl.DataFrame, bars: pl.DataFrame) -> pl.DataFrame:
    """Return states with the bar of their first session, what the level was before it and when its chain gave way.

    The first row of a stand follows on the state that the close before gave it. What its first bar does is an event,
    so the chain is read off the breaks of the set, not off the row before.
    """
    previous = {"state": "state_before", "side": "side_before"}
    is_first = pl.col("state_before").is_null() | pl.col("state_before").is_in(_ENDS)
    is_support = pl.col("role").str.ends_with("support")
    began = (
        pl.when(pl.col("state").is_in(_ENDS))
        .then(pl.lit("pending"))
        .when(is_support & (pl.col("close_before") < pl.col("evaluated_low")))
        .then(pl.lit("broken"))
        .when(~is_support & (pl.col("close_before") > pl.col("evaluated_high")))
        .then(pl.lit("cleared"))
        .otherwise(pl.lit("intact"))
    )
    side = pl.when(is_support).then(pl.lit("support")).otherwise(pl.lit("resistance"))
    is_break = (
        pl.col("role").str.contains("^(key|intermediate)_")
        & pl.col("role").str.ends_with(pl.col("side"))
        & pl.col("last_event").is_in(_BREAKS)
        & (pl.col("last_event_session") == pl.col("valid_from"))
    )
    own_side = pl.col("role").str.split("_").list.last()
    is_negated = (pl.col("thesis_state") == "negated").fill_null(value=False)
    # A level that was pending is taken up from the close before, like any other.
    starts = is_first | ((pl.col("state_before") == "pending") & ~pl.col("state").is_in(_ENDS))
    return (
        states.sort("level_id", "valid_from")
        .with_columns(pl.col(column).shift(1).over("level_id").alias(name) for column, name in previous.items())
        .join(bars, left_on=["instrument_id", "valid_from"], right_on=_KEY, how="left")
        .with_columns(
            from_state=pl.when(starts).then(began).otherwise("state_before"),
            side_before=pl.when(starts).then(side).otherwise("side_before"),
            is_break=is_break,
            exposed_from=pl.col("valid_from").filter(is_break).min().over("set_id", own_side),
            negated_from=pl.col("valid_from").filter(is_negated).min().over("set_id"),
        )
    )


def _tolerance(parameters: Parameters) -> pl.Expr:
    centre = (pl.col("evaluated_low") + pl.col("evaluated_high")) / 2
    near = parameters.level_tolerance_atr * pl.col("atr_before")
    least = parameters.level_tolerance_pct / _PERCENT * centre
    return pl.when(near.is_not_null()).then(pl.max_horizontal(near, least))


def _threshold(parameters: Parameters) -> pl.Expr:
    """Return the price that the rule of each row compared with, by the side the level had before."""
    is_support = pl.col("side_before") == "support"
    outwards = pl.when(is_support).then(1.0).otherwise(-1.0)
    far = pl.when(is_support).then("evaluated_low").otherwise("evaluated_high")
    near = pl.when(is_support).then("evaluated_high").otherwise("evaluated_low")
    atr, tolerance = pl.col("atr_before"), _tolerance(parameters)
    turned_back = pl.col("side") != pl.col("side_before")
    by_cause = {
        "atr": far - outwards * parameters.level_break_atr * atr,
        "two_closes": far,
        "first_close": far,
        "failed_break": far,
        "retest_held": near + outwards * parameters.level_hold_atr * atr,
        "pierced": far - outwards * tolerance,
        "touched": near + outwards * tolerance,
        "reclaimed": pl.when(turned_back).then(far).otherwise(near),
        "role_reversed": far - outwards * parameters.level_hold_atr * atr,
    }
    return pl.coalesce(pl.when(pl.col("cause") == cause).then(price) for cause, price in by_cause.items())
