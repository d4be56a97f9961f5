"""The averages as one polars expression a column: what the flat arrays of the project are held against."""

from __future__ import annotations

import polars as pl

from pipelines.contracts.core import MovingAverage
from pipelines.parameters import Parameters

SMA_SPANS = (20, 50, 200)
EMA_SPANS = (50, 200)
SLOPE_SPANS = (50, 200)
ATR_SPAN = 14
AVERAGES = (*(f"sma_{span}" for span in SMA_SPANS), *(f"ema_{span}" for span in EMA_SPANS))


def moving_averages(prices: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Return averages, slopes, ATR and distances: one row per series and session.

    Args:
        prices: ``core.SeriesPrice`` of any number of series, in any order.
        parameters: gives the share of a window that may be missing, the slope's span and the seed's weight.

    Returns:
        ``core.MovingAverage``, one row per row of ``prices``, sorted by ``series_id`` and ``session``. Averages and
        ATR are in points of the series, slopes in basis points per session, distances in per cent and in ATR. What
        has not warmed up is null with a reason. Formulas: docs/methods.md, B1; ATR after Wilder (1978).
    """
    return (
        prices.lazy()
        .with_columns(_rows_before(), _true_range(), *map(_missing_in_window, SMA_SPANS))
        .with_columns(_range_breaks(), *(_simple(span, parameters.max_missing_share) for span in SMA_SPANS))
        .with_columns(_average_true_range(), *map(_exponential, EMA_SPANS), *map(_reason, SMA_SPANS))
        .with_columns(
            _range_reason(),
            *(_slope(span, parameters.slope_sessions) for span in SLOPE_SPANS),
            *(_is_stable(span, parameters.ema_stable_weight) for span in EMA_SPANS),
            *map(_distance_pct, AVERAGES),
            *map(_distance_in_ranges, AVERAGES),
        )
        .select(MovingAverage.column_names())
        .sort(MovingAverage.primary_key())
        .collect()
    )


def seeded_average(values: pl.Expr, span: int, alpha: float) -> pl.Expr:
    """Return the exponential average that starts as the plain mean of the first ``span`` values.

    Null before the seed. ``values`` may be led by nulls and holds none after its first value. Putting the seed in
    the place of the values it sums up lets the recursion run as polars' own, which would start from the first value.
    """
    seen = values.cum_count()
    seeded = pl.when(seen > span).then(values).when(seen == span).then(values.rolling_mean(span))
    return seeded.ewm_mean(alpha=alpha, adjust=False)


def _rows_before() -> pl.Expr:
    """Number of earlier rows of the series."""
    return pl.int_range(pl.len()).over("series_id", order_by="session").alias("rows_before")


def _missing_in_window(span: int) -> pl.Expr:
    """Sessions missing between the first and the last row of the window; the gap before its first row is outside."""
    missing = pl.col("missing_before").cum_sum()
    inside = missing - missing.shift(span - 1)
    return inside.over("series_id", order_by="session").alias(f"missing_in_window_{span}")


def _simple(span: int, max_missing_share: float) -> pl.Expr:
    mean = pl.col("close").rolling_mean(span).over("series_id", order_by="session")
    is_whole = pl.col(f"missing_in_window_{span}") <= max_missing_share * span
    return pl.when(is_whole).then(mean).alias(f"sma_{span}")


def _reason(span: int) -> pl.Expr:
    return (
        pl.when(pl.col(f"missing_in_window_{span}").is_null())
        .then(pl.lit("warm_up"))
        .when(pl.col(f"sma_{span}").is_null())
        .then(pl.lit("missing_sessions"))
        .alias(f"reason_{span}")
    )


def _smoothing(span: int) -> float:
    """Weight of the newest close in an exponential average."""
    return 2 / (span + 1)


def _exponential(span: int) -> pl.Expr:
    average = seeded_average(pl.col("close"), span, _smoothing(span))
    return average.over("series_id", order_by="session").alias(f"ema_{span}")


def _is_stable(span: int, weight: float) -> pl.Expr:
    rows_since_seed = pl.col("rows_before") - (span - 1)
    return (pl.lit(1 - _smoothing(span)).pow(rows_since_seed) < weight).alias(f"ema_{span}_is_stable")


def _slope(span: int, sessions: int) -> pl.Expr:
    average = pl.col(f"sma_{span}")
    earlier = average.shift(sessions).over("series_id", order_by="session")
    return ((average / earlier - 1) * 1e4 / sessions).alias(f"slope_{span}_bp_per_day")


def _true_range() -> pl.Expr:
    """Range of the session, the close before it included; null on a first row and without high or low."""
    high, low = pl.col("high"), pl.col("low")
    before = pl.col("close").shift(1).over("series_id", order_by="session")
    widest = pl.max_horizontal(high, before) - pl.min_horizontal(low, before)
    is_known = high.is_not_null() & low.is_not_null() & before.is_not_null()
    return pl.when(is_known).then(widest).alias("true_range")


def _range_breaks() -> pl.Expr:
    """Count of rows without a true range so far: equal within an unbroken run of true ranges."""
    return pl.col("true_range").is_null().cum_sum().over("series_id", order_by="session").alias("range_breaks")


def _average_true_range() -> pl.Expr:
    average = seeded_average(pl.col("true_range"), ATR_SPAN, 1 / ATR_SPAN)
    return average.over("series_id", "range_breaks", order_by="session").alias(f"atr_{ATR_SPAN}")


def _range_reason() -> pl.Expr:
    return (
        pl.when(pl.col("high").is_null() | pl.col("low").is_null())
        .then(pl.lit("no_intraday_range"))
        .when(pl.col(f"atr_{ATR_SPAN}").is_null())
        .then(pl.lit("warm_up"))
        .alias("atr_reason")
    )


def _distance_pct(average: str) -> pl.Expr:
    return ((pl.col("close") / pl.col(average) - 1) * 100).alias(f"distance_{average}_pct")


def _distance_in_ranges(average: str) -> pl.Expr:
    """Distance in ATR; null where nothing has moved for so long that the ATR is zero."""
    atr = pl.col(f"atr_{ATR_SPAN}")
    return pl.when(atr > 0).then((pl.col("close") - pl.col(average)) / atr).alias(f"distance_{average}_atr")
