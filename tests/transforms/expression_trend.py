"""Trend states as one polars expression a column: what the flat arrays of the project are held against."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from pipelines.contracts import vocabulary as v
from pipelines.contracts.core import TrendState
from pipelines.parameters import Parameters


class Horizon(NamedTuple):
    """A trend: its name in column names, the span of its average and the flat band of that average's slope."""

    name: str
    span: int
    band_bp: float

    @property
    def average(self) -> str:
        """Column of the average."""
        return f"sma_{self.span}"

    @property
    def slope(self) -> str:
        """Column of the average's slope."""
        return f"slope_{self.span}_bp_per_day"


def trend_states(prices: pl.DataFrame, averages: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Return label, phase, support and statement of the trend: one row per series and session.

    Args:
        prices: ``core.SeriesPrice`` of any number of series, in any order.
        averages: ``core.MovingAverage`` of the same series and sessions.
        parameters: flat bands, confirmation, and the thresholds of support and of a multi-week decline.

    Returns:
        ``core.TrendState``, one row per row of ``averages``, sorted by ``series_id`` and ``session``. A phase is
        kept inside the flat band and where the slope is null. Formulas: docs/methods.md, B1.

    Raises:
        ValueError: the two frames do not hold the same series and sessions.
    """
    horizons = (
        Horizon("medium", 50, parameters.medium_flat_band_bp),
        Horizon("major", 200, parameters.major_flat_band_bp),
    )
    frame = _joined(prices, averages).lazy().with_columns(_rows_before())
    for horizon in horizons:
        frame = _with_phase(frame, horizon, parameters)
    return (
        _with_swing_high(frame, parameters)
        .with_columns(_statement(), _is_multi_week_decline(parameters))
        .select(TrendState.column_names())
        .sort(TrendState.primary_key())
        .collect()
    )


def _joined(prices: pl.DataFrame, averages: pl.DataFrame) -> pl.DataFrame:
    """Averages with the high and low of their session beside them."""
    key = TrendState.primary_key()
    joined = averages.join(prices.select(*key, "high", "low"), on=key, how="inner")
    if not joined.height == averages.height == prices.height:
        keys = pl.concat([prices.select(key), averages.select(key)])
        series, session = keys.filter(keys.is_unique()).sort(key).row(0)
        raise ValueError(
            "core.trend_state: expected prices and averages of the same series and sessions, "
            f"was {series} on {session} in one of the two only"
        )
    return joined


def _rows_before() -> pl.Expr:
    """Number of earlier rows of the series."""
    return pl.int_range(pl.len()).over("series_id", order_by="session").alias("rows_before")


def _with_phase(frame: pl.LazyFrame, horizon: Horizon, parameters: Parameters) -> pl.LazyFrame:
    """Add the six columns of one horizon, and ``<horizon>_turns``: true where a phase is first shown."""
    name, confirmation = horizon.name, parameters.phase_confirmation_sessions
    turns = pl.col(f"{name}_turns")
    onset = pl.when(turns).then(pl.col("session").shift(confirmation - 1)).forward_fill()
    rows_to_onset = pl.when(turns).then(pl.col("rows_before") - (confirmation - 1)).forward_fill()
    age = pl.col("rows_before") - rows_to_onset + 1
    return (
        frame.with_columns(_label(horizon), _phase(horizon, confirmation))
        .with_columns(_turns(name), _reason(horizon, parameters.slope_sessions), _is_supported(horizon, parameters))
        .with_columns(
            onset.over("series_id", order_by="session").alias(f"{name}_since"),
            age.over("series_id", order_by="session").alias(f"{name}_age_sessions"),
        )
    )


def _label(horizon: Horizon) -> pl.Expr:
    slope = pl.col(horizon.slope)
    return (
        pl.when(slope >= horizon.band_bp)
        .then(pl.lit("rising"))
        .when(slope <= -horizon.band_bp)
        .then(pl.lit("falling"))
        .when(slope.is_not_null())
        .then(pl.lit("flat"))
        .alias(f"{horizon.name}_label")
    )


def _phase(horizon: Horizon, confirmation: int) -> pl.Expr:
    """Schmitt trigger: the side of the band on which the last run of ``confirmation`` sessions lay."""
    slope = pl.col(horizon.slope)
    side = pl.when(slope >= horizon.band_bp).then(1).when(slope <= -horizon.band_bp).then(-1).otherwise(0)
    agreed = side.rolling_sum(confirmation)
    turned = pl.when(agreed == confirmation).then(pl.lit("up")).when(agreed == -confirmation).then(pl.lit("down"))
    return turned.forward_fill().over("series_id", order_by="session").alias(f"{horizon.name}_phase")


def _turns(name: str) -> pl.Expr:
    phase = pl.col(f"{name}_phase")
    changed = phase.ne_missing(phase.shift(1).over("series_id", order_by="session"))
    return changed.alias(f"{name}_turns")


def _reason(horizon: Horizon, slope_sessions: int) -> pl.Expr:
    """Why label or phase is null: no slope yet, no slope for a gap, or a slope that never left the band."""
    slope, phase = pl.col(horizon.slope), pl.col(f"{horizon.name}_phase")
    return (
        pl.when(slope.is_null() & (pl.col("rows_before") < horizon.span - 1 + slope_sessions))
        .then(pl.lit("warm_up"))
        .when(slope.is_null())
        .then(pl.lit("missing_sessions"))
        .when(phase.is_null())
        .then(pl.lit("undetermined"))
        .alias(f"{horizon.name}_reason")
    )


def _is_supported(horizon: Horizon, parameters: Parameters) -> pl.Expr:
    """True where the phase is up, the close above its average, and the average has lately been touched and held."""
    average, sessions = pl.col(horizon.average), parameters.support_window_sessions
    touched = (pl.col("low") - average).abs() <= parameters.support_touch_atr * pl.col("atr_14")
    touches = touched.fill_null(False).cast(pl.Int64).rolling_sum(sessions).over("series_id", order_by="session")
    # Null as soon as one session of the window has no average, so that a part of a window is never judged.
    closes_below = (pl.col("close") < average).cast(pl.Int64).rolling_sum(sessions)
    held = closes_below.over("series_id", order_by="session") <= parameters.support_max_closes_below
    is_up = (pl.col(f"{horizon.name}_phase") == "up").fill_null(False)
    can_be_judged = touched.is_not_null() & held.is_not_null()
    supported = is_up & (pl.col("close") > average) & (touches > 0) & held
    return pl.when(can_be_judged).then(supported).alias(f"{horizon.name}_is_supported")


def _with_swing_high(frame: pl.LazyFrame, parameters: Parameters) -> pl.LazyFrame:
    """Add the highest high since the onset of the last medium up phase, its session and the sessions since.

    Before the first up phase it counts from the onset of the first phase. Nothing later than the row is used: until
    an up phase is confirmed, the high still counts from the one before.
    """
    confirmation = parameters.phase_confirmation_sessions
    phase, row = pl.col("medium_phase"), pl.col("rows_before")
    top = pl.coalesce("high", "close")
    # A phase shown now began with its run: the sessions of the run count as well, the latest of equal highs first.
    top_of_run = top.rolling_max(confirmation)
    row_of_run = pl.coalesce(
        pl.when(top.shift(back) == top_of_run).then(row.shift(back)) for back in range(confirmation)
    )
    starts = pl.col("medium_turns") & ((phase == "up") | phase.shift(1).is_null())
    swing = (
        pl.when(starts).then(top_of_run).otherwise(top).alias("swing_top"),
        pl.when(starts).then(row_of_run).otherwise(row).alias("swing_row"),
        starts.cum_sum().alias("swing"),
    )
    highest = pl.col("swing_top").cum_max()
    highest_row = pl.when(pl.col("swing_top") == highest).then(pl.col("swing_row")).forward_fill()
    is_given = phase.is_not_null()
    return (
        frame.with_columns(expression.over("series_id", order_by="session") for expression in swing)
        .with_columns(
            pl.when(is_given).then(highest.over("series_id", "swing", order_by="session")).alias("swing_high"),
            pl.when(is_given).then(highest_row.over("series_id", "swing", order_by="session")).alias("swing_row"),
        )
        .with_columns(
            pl.col("session")
            .gather(pl.col("swing_row"))
            .over("series_id", order_by="session")
            .alias("swing_high_session"),
            (row - pl.col("swing_row")).alias("sessions_since_swing"),
        )
    )


def _statement() -> pl.Expr:
    """Both phases in words; null where either is."""
    major, medium = pl.col("major_phase"), pl.col("medium_phase")
    both_up, decline, rally, both_down = map(pl.lit, v.STATEMENTS)
    return (
        pl.when((major == "up") & (medium == "up"))
        .then(both_up)
        .when((major == "up") & (medium == "down"))
        .then(decline)
        .when((major == "down") & (medium == "up"))
        .then(rally)
        .when((major == "down") & (medium == "down"))
        .then(both_down)
        .alias("statement")
    )


def _is_multi_week_decline(parameters: Parameters) -> pl.Expr:
    """True in a corrective decline that is old and deep enough; depth in per cent where there is no ATR."""
    major, medium = pl.col("major_phase"), pl.col("medium_phase")
    high, close = pl.col("swing_high"), pl.col("close")
    depth = pl.coalesce(parameters.multi_week_atr * pl.col("atr_14"), parameters.multi_week_pct / 100 * high)
    is_old = pl.col("sessions_since_swing") >= parameters.multi_week_sessions
    declines = (major == "up") & (medium == "down") & is_old & (high - close >= depth)
    return pl.when(major.is_not_null() & medium.is_not_null()).then(declines).alias("is_multi_week_decline")
