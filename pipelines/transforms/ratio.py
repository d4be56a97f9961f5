"""Ratios of two closes: the ratio itself, rebased, and Mansfield's relative strength.

Belongs here: what one ratio row says of a pair at a session.
Not here: the regime that the detectors read from the ratio (see ``relative_regime``), averages and records of the
ratio (a pair is a series like any other, see ``moving_average`` and ``record``).
"""

from __future__ import annotations

import polars as pl

from pipelines.contracts import core
from pipelines.parameters import Parameters

PERCENT = 100.0
BASIS_POINTS = 10_000.0


def ratios(bars: pl.DataFrame, pairs: pl.DataFrame, sessions: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Return the ratio of every pair on every session on which both its instruments have a close.

    Nothing is carried forward: a session that one side lacks has no row. Definitions: docs/methods.md B2.

    Args:
        bars: ``core.Bar``, one row per instrument and session; every session stands in ``sessions``.
        pairs: ``core.RatioPair``.
        sessions: ``core.Session``, the calendar with its ISO week labels.
        parameters: ``mansfield_weeks`` and ``mansfield_slope_weeks``.

    Returns:
        ``core.Ratio``, one row per pair and common session, sorted by both. ``rebased`` is in units of base = 100,
        null until the calendar has no session left up to the base date. ``mansfield_pct`` (per cent) and
        ``mansfield_slope_bp_per_week`` (basis points per week) are null while the pair has too few weeks.
    """
    calendar = sessions.sort("session").select("session", "week", next_session=pl.col("session").shift(-1))
    return (
        _common_closes(bars, pairs)
        .join(calendar, on="session", how="left")
        .with_columns(rebased=_rebased())
        .pipe(_with_mansfield, parameters)
        .select(core.Ratio.column_names())
        .sort(core.Ratio.primary_key())
    )


def _common_closes(bars: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Return both closes and their ratio, one row per pair and common session."""
    closes = bars.select("instrument_id", "session", "close")
    numerators = closes.rename({"instrument_id": "numerator_id", "close": "numerator_close"})
    denominators = closes.rename({"instrument_id": "denominator_id", "close": "denominator_close"})
    return (
        pairs.select("pair_id", "numerator_id", "denominator_id", "base_date")
        .join(numerators, on="numerator_id")
        .join(denominators, on=["denominator_id", "session"])
        .with_columns(ratio=pl.col("numerator_close") / pl.col("denominator_close"))
    )


def _rebased() -> pl.Expr:
    """Return the ratio with 100 on the last common session up to the base date.

    The base is settled, and the column given, from the session after which the calendar has none up to the base
    date: before it a later base could still come.
    """
    until_base = pl.col("session") <= pl.col("base_date")
    base = pl.col("ratio").filter(until_base).last().over("pair_id", order_by="session")
    is_settled = (pl.col("session") >= pl.col("base_date")) | (pl.col("next_session") > pl.col("base_date"))
    return pl.when(is_settled).then(PERCENT * pl.col("ratio") / base)


def _with_mansfield(rows: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Add Mansfield's relative strength and the slope of its mean.

    A week's value is the ratio on its last common session; at a session within the running week, the ratio so far.
    """
    weeks, slope_weeks = parameters.mansfield_weeks, parameters.mansfield_slope_weeks
    weekly = rows.group_by("pair_id", "week").agg(pl.col("ratio").sort_by("session").last().alias("week_ratio"))
    earlier = weekly.select(
        "pair_id",
        "week",
        sum_of_earlier=_over_weeks(pl.col("week_ratio").rolling_sum(weeks - 1).shift(1)),
        mean_then=_over_weeks(pl.col("week_ratio").rolling_mean(weeks).shift(slope_weeks)),
    )
    mean = (pl.col("sum_of_earlier") + pl.col("ratio")) / weeks
    return rows.join(earlier, on=["pair_id", "week"], how="left").with_columns(
        mansfield_pct=(pl.col("ratio") / mean - 1) * PERCENT,
        mansfield_slope_bp_per_week=(mean / pl.col("mean_then") - 1) * BASIS_POINTS / slope_weeks,
    )


def _over_weeks(value: pl.Expr) -> pl.Expr:
    """Return the window over a pair's weeks, oldest first."""
    return value.over("pair_id", order_by="week")
