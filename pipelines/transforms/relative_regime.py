"""The relative regime of a ratio pair: three causal detectors and the verdict they reach together.

Belongs here: the quarter streak, what the two machines of ``scan.relative`` say in dates and words, the verdict.
Not here: the ratio itself (see ``ratio``), the medium and major phase of the ratio (see ``trend``).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.contracts import core
from pipelines.parameters import Parameters
from pipelines.transforms.scan import relative as scan
from pipelines.transforms.scan.layout import by_row

PERCENT = 100.0
DIRECTIONS = {1: "up", -1: "down"}
VERDICTS = {1: "outperforming", -1: "underperforming"}
QUARTER = ["pair_id", "quarter_number"]
SIDES = ("numerator", "denominator")
NO_TREND = "no confirmed relative trend"


def relative_regimes(ratios: pl.DataFrame, sessions: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Return the state of the three detectors and the verdict of every ratio row.

    Definitions: docs/methods.md B2. All three read only rows up to the session, so no state is ever repainted.

    Args:
        ratios: ``core.Ratio``, one row per pair and common session.
        sessions: ``core.Session``, for the quarter labels.
        parameters: ``turning_point_pct``, ``quarter_tie_pct_points`` and the three of the CUSUM.

    Returns:
        ``core.RelativeRegime``, one row per row of ``ratios``, sorted by pair and session.
    """
    quarters = sessions.select("session", "quarter")
    return (
        ratios.select("pair_id", "session", "ratio", "numerator_close", "denominator_close")
        .join(quarters, on="session", how="left")
        .join(_bounds_of_quarters(quarters), on="quarter", how="left")
        .sort("pair_id", "session")
        .with_columns(row=pl.int_range(pl.len()).over("pair_id"), series=pl.col("pair_id").rank("dense") - 1)
        .pipe(_with_quarter_excess, parameters)
        .pipe(_with_quarter_streak)
        .pipe(_with_turning_points, parameters)
        .pipe(_with_cusum, parameters)
        .pipe(_with_verdict)
        .join(quarters.rename({"session": "since", "quarter": "since_quarter"}), on="since", how="left")
        .with_columns(regime_statement=_statement())
        .select(core.RelativeRegime.column_names())
        .sort(core.RelativeRegime.primary_key())
    )


def _bounds_of_quarters(quarters: pl.DataFrame) -> pl.DataFrame:
    """Return for each calendar quarter its number, its last session and the last session before it."""
    day = pl.col("session")
    bounds = quarters.group_by("quarter").agg(
        quarter_number=(day.dt.year().cast(pl.Int64) * 4 + day.dt.quarter()).first(), quarter_end=day.max()
    )
    return bounds.sort("quarter_number").with_columns(base_session=pl.col("quarter_end").shift(1))


def _with_quarter_excess(rows: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Add the excess return of the quarter to date and its sign, null for a tie.

    The base is exactly the last calendar session before the quarter, as for every period return; a pair without a
    row there has no excess.
    """
    closes = pl.col("numerator_close", "denominator_close")
    bases = rows.select("pair_id", closes.name.prefix("base_"), base_session="session")
    numerator, denominator = (pl.col(f"{side}_close") / pl.col(f"base_{side}_close") for side in SIDES)
    excess = pl.col("quarter_excess_pct_points")
    return (
        rows.join(bases, on=["pair_id", "base_session"], how="left")
        .with_columns(quarter_excess_pct_points=(numerator - denominator) * PERCENT)
        .with_columns(
            quarter_sign=pl.when(excess.abs() >= parameters.quarter_tie_pct_points).then(excess.sign().cast(pl.Int64))
        )
    )


def _with_quarter_streak(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the quarters in a row of the running one's sign, and the first of them."""
    before = _finished_runs(rows).with_columns(pl.col("quarter_number") + 1)
    continues = (pl.col("quarter_sign") == pl.col("run_sign")).fill_null(value=False)
    has_sign = pl.col("quarter_sign").is_not_null()
    return rows.join(before, on=QUARTER, how="left").with_columns(
        quarter_streak=pl.when(has_sign)
        .then(pl.when(continues).then(pl.col("run") + 1).otherwise(1))
        .when(pl.col("quarter_excess_pct_points").is_not_null())
        .then(0),
        quarter_streak_start=pl.when(has_sign).then(pl.when(continues).then("run_start").otherwise("quarter")),
    )


def _finished_runs(rows: pl.DataFrame) -> pl.DataFrame:
    """Return for each quarter its final sign, the quarters in a row of that sign, and the first of them.

    A quarter without a row on its last session has no final sign, so a gap ends a run as a tie does.
    """
    sign = pl.col("run_sign")
    finals = rows.group_by(*QUARTER).agg(
        pl.col("quarter").first(),
        pl.col("quarter_sign").filter(pl.col("session") == pl.col("quarter_end")).first().alias("run_sign"),
    )
    is_first = (sign == sign.shift(1)).not_().fill_null(value=True)
    run = ["pair_id", is_first.cum_sum().over("pair_id", order_by="quarter_number")]
    return finals.select(
        *QUARTER,
        "run_sign",
        run=pl.int_range(1, pl.len() + 1).over(run, order_by="quarter_number"),
        run_start=pl.col("quarter").first().over(run, order_by="quarter_number"),
    )


def _with_turning_points(rows: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Add the state of the turning-point filter."""
    share = parameters.turning_point_pct / PERCENT
    states = scan.turning_points(by_row(rows, rows["ratio"]), share)
    return rows.with_columns(
        turning_sign=_in_order(rows, states.direction),
        turning_extreme_session=_session_of(rows, states.extreme_row),
        turning_confirmed_session=_session_of(rows, states.confirmed_row),
    ).with_columns(turning_direction=_word("turning_sign", DIRECTIONS))


def _with_cusum(rows: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Add the state of the CUSUM over the changes of the log ratio.

    Each change is measured in standard deviations (ddof 1) of the changes before it, itself left out.
    """
    change = pl.col("ratio").log().diff()
    deviation = change.rolling_std(parameters.cusum_volatility_sessions).shift(1)
    standardised = pl.when(deviation > 0).then(change / deviation).over("pair_id", order_by="session")
    changes = by_row(rows, rows.select(standardised.alias("change"))["change"])
    states = scan.cusum(changes, parameters.cusum_drift, parameters.cusum_threshold)
    return rows.with_columns(
        cusum_up=_in_order(rows, states.up).fill_nan(None),
        cusum_down=_in_order(rows, states.down).fill_nan(None),
        cusum_sign=_in_order(rows, states.direction),
        cusum_onset_session=_session_of(rows, states.onset_row),
        cusum_alarm_session=_session_of(rows, states.alarm_row),
    ).with_columns(cusum_direction=_word("cusum_sign", DIRECTIONS))


def _with_verdict(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the verdict: the turning-point direction, where at least one of the other two detectors agrees."""
    agreeing = pl.sum_horizontal(
        (pl.col(sign) == pl.col("turning_sign")).fill_null(value=False) for sign in ("quarter_sign", "cusum_sign")
    )
    holds = (pl.col("turning_sign") != 0) & (agreeing > 0)
    # Between two stretches of one direction lies a turn, so a run of one verdict has one since.
    has_changed = pl.col("verdict").ne_missing(pl.col("verdict").shift(1))
    return (
        rows.with_columns(
            verdict=pl.when(holds).then(_word("turning_sign", VERDICTS)).otherwise(pl.lit("none")),
            since=pl.when(holds).then("turning_extreme_session"),
            confidence=pl.when(holds).then(1 + agreeing.cast(pl.Int64)),
        )
        .with_columns(run_number=has_changed.cum_sum().over("pair_id", order_by="session"))
        .with_columns(
            confirmed_session=pl.when(pl.col("verdict") != "none").then(
                pl.col("session").min().over("pair_id", "run_number")
            )
        )
    )


def _statement() -> pl.Expr:
    """Return the verdict in words, with the day and the quarter that it holds since."""
    words = pl.format("{} since {} ({})", "verdict", pl.col("since").dt.to_string("%Y-%m-%d"), "since_quarter")
    return pl.when(pl.col("verdict") == "none").then(pl.lit(NO_TREND)).otherwise(words)


def _word(sign: str, words: dict[int, str]) -> pl.Expr:
    """Return the word for a sign, null for zero."""
    return pl.col(sign).replace_strict(words, default=None, return_dtype=pl.String)


def _in_order(rows: pl.DataFrame, array: np.ndarray) -> pl.Series:
    """Return an array of a scan as a column in the order of ``rows``."""
    return pl.Series(array[rows["row"].to_numpy(), rows["series"].to_numpy()])


def _session_of(rows: pl.DataFrame, referred: np.ndarray) -> pl.Series:
    """Return the sessions that an array of row numbers of a scan refers to, null for none."""
    start = rows.select(pl.int_range(pl.len()) - pl.col("row")).to_series()
    number = _in_order(rows, referred)
    return rows["session"].gather(pl.select(pl.when(number >= 0).then(start + number)).to_series())
