"""Phases as stretches of time: one row per unbroken phase.

Belongs here: every column of ``core.trend_spell`` (docs/methods.md, B1).
Not here: how a phase is found (``trend``).
"""

from __future__ import annotations

import polars as pl

from pipelines.contracts import vocabulary as v
from pipelines.contracts.core import TrendSpell

AVERAGES = dict(zip(v.HORIZONS, ("sma_50", "sma_200"), strict=True))


def trend_spells(states: pl.DataFrame, averages: pl.DataFrame) -> pl.DataFrame:
    """Return the spells of the medium and the major phase: one row per series, horizon and spell.

    The spells of a series and horizon tile time from the first onset on: each ends on the row before the next onset,
    and the last one is open. Where a phase needs several sessions to be confirmed, it still begins with its onset.

    Args:
        states: ``core.TrendState`` of any number of series, in any order.
        averages: ``core.MovingAverage`` of the same series and sessions.

    Returns:
        ``core.TrendSpell``, sorted by ``series_id``, ``horizon`` and ``spell_number``; run-up and drawdown are those
        of the closes, in per cent of the close on the onset. Definition: docs/methods.md, B1.
    """
    horizons = [_spells_of(horizon, states.lazy(), averages.lazy()) for horizon in AVERAGES]
    return pl.concat(horizons).sort(TrendSpell.primary_key()).collect()


def _spells_of(horizon: str, states: pl.LazyFrame, averages: pl.LazyFrame) -> pl.LazyFrame:
    onset = f"{horizon}_since"
    onsets = (
        states.filter(pl.col(onset).is_not_null())
        .group_by("series_id", pl.col(onset).alias("session"))
        .agg(pl.col(f"{horizon}_phase").first().alias("phase"), pl.col("session").min().alias("confirmed_session"))
    )
    number = pl.col("phase").is_not_null().cum_sum().cast(pl.Int64).over("series_id", order_by="session")
    return (
        averages.select("series_id", "session", "close", pl.col(AVERAGES[horizon]).alias("average"))
        .join(onsets, on=["series_id", "session"], how="left")
        .with_columns(number.alias("spell_number"))
        .filter(pl.col("spell_number") > 0)
        .sort("series_id", "session")
        .group_by("series_id", "spell_number", maintain_order=True)
        .agg(*_measures())
        .with_columns(pl.lit(horizon).alias("horizon"), _end_session())
        .select(TrendSpell.column_names())
    )


def _measures() -> list[pl.Expr]:
    """What a spell's rows, in order of session, add up to; phase and confirmation stand on its first row."""
    close = pl.col("close")
    entry_close = close.first()
    return [
        pl.col("phase").first(),
        pl.col("session").first().alias("onset_session"),
        pl.col("confirmed_session").first(),
        pl.col("session").last().alias("last_session"),
        pl.len().cast(pl.Int64).alias("age_sessions"),
        entry_close.alias("entry_close"),
        pl.col("average").first().alias("entry_average"),
        ((close.max() / entry_close - 1) * 100).alias("run_up_pct"),
        ((close.min() / entry_close - 1) * 100).alias("drawdown_pct"),
    ]


def _end_session() -> pl.Expr:
    """Last session of a spell; null while no other follows."""
    is_open = pl.col("spell_number") == pl.col("spell_number").max().over("series_id")
    return pl.when(~is_open).then(pl.col("last_session")).alias("end_session")
