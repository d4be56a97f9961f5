"""Price returns of calendar periods and of periods to date, ranked within a universe.

Belongs here: the base and end session of a period by the calendar, returns, excess over the benchmark, ranks, streaks.
Not here: total returns (no table holds their series), returns of a ratio pair.
"""

from __future__ import annotations

import polars as pl

from pipelines.contracts import core
from pipelines.contracts.vocabulary import PERIODS, RETURN_REASONS

PERCENT = 100.0
NO_BASE_SESSION, MISSING_BASE_CLOSE, MISSING_END_CLOSE = RETURN_REASONS
TO_DATE = {"day": "session", "wtd": "week", "mtd": "month", "qtd": "quarter", "ytd": "year"}
"""Prefix of a to-date column, and the calendar label whose change begins a new one."""
MEMBER = ["universe_id", "instrument_id"]


def period_returns(bars: pl.DataFrame, sessions: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Return the price return of every week, month, quarter and year of every member since its first bar.

    The base is the close of exactly the last calendar session before the period, the end that of the period's last
    session, or of the universe's latest session while the period runs; a missing one is never replaced by the
    nearest. Definitions: docs/methods.md B5.

    Args:
        bars: ``core.Bar``.
        sessions: ``core.Session``, up to the end of the running periods.
        members: ``core.UniverseMember``, with one benchmark in each universe.

    Returns:
        ``core.PeriodReturn``, one row per universe, instrument, period kind and period, sorted by them; returns in
        per cent, excess in percentage points.

    Raises:
        ValueError: a universe has not exactly one benchmark.
    """
    closes = bars.select("instrument_id", "session", "close")
    return (
        _periods_of_members(closes, _periods(sessions), _with_benchmark(members))
        .pipe(_with_return, closes)
        .pipe(_with_comparison)
        .select(core.PeriodReturn.column_names())
        .sort(core.PeriodReturn.primary_key())
    )


def periods_to_date(bars: pl.DataFrame, sessions: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Return the price return of the session and of its week, month, quarter and year to date, with its rank.

    The base is the close of exactly the last calendar session before the running period; without it the return is
    null, with a reason. A rank needs the return of every member. Definitions: docs/methods.md B5.

    Args:
        bars: ``core.Bar``.
        sessions: ``core.Session``.
        members: ``core.UniverseMember``.

    Returns:
        ``core.PeriodToDate``, one row per universe, instrument and session with a bar; returns in per cent.
    """
    closes = bars.select("instrument_id", "session", "close")
    rows = members.select(*MEMBER, size=_size()).join(closes, on="instrument_id").join(_bases(sessions), on="session")
    for prefix in TO_DATE:
        base = closes.rename({"session": f"{prefix}_base", "close": f"{prefix}_close"})
        rows = rows.join(base, on=["instrument_id", f"{prefix}_base"], how="left")
    returns = {
        f"{prefix}_return_pct": (pl.col("close") / pl.col(f"{prefix}_close") - 1) * PERCENT for prefix in TO_DATE
    }
    reasons = {
        f"{prefix}_reason": pl.when(pl.col(f"{prefix}_base").is_null())
        .then(pl.lit(NO_BASE_SESSION))
        .when(pl.col(f"{prefix}_close").is_null())
        .then(pl.lit(MISSING_BASE_CLOSE))
        for prefix in TO_DATE
    }
    ranks = {f"{prefix}_rank": _rank(f"{prefix}_return_pct", "universe_id", "session") for prefix in TO_DATE}
    return (
        rows.with_columns(**returns, **reasons)
        .with_columns(**ranks)
        .select(core.PeriodToDate.column_names())
        .sort(core.PeriodToDate.primary_key())
    )


def _periods(sessions: pl.DataFrame) -> pl.DataFrame:
    """Return every period of the calendar: its kind, first and last session, and the session before it."""
    kinds = [
        sessions.group_by(pl.col(kind).alias("label"))
        .agg(period_start=pl.col("session").min(), period_last_session=pl.col("session").max())
        .sort("period_start")
        .select(
            "period_start",
            "period_last_session",
            period=pl.lit(kind),
            base_session=pl.col("period_last_session").shift(1),
        )
        for kind in PERIODS
    ]
    return pl.concat(kinds)


def _bases(sessions: pl.DataFrame) -> pl.DataFrame:
    """Return for each session the last one before its week, month, quarter and year, and the one before itself."""
    calendar = sessions.sort("session").with_columns(before=pl.col("session").shift(1))
    first = pl.col("before").first()
    return calendar.select(
        "session", *(first.over(label, order_by="session").alias(f"{prefix}_base") for prefix, label in TO_DATE.items())
    )


def _with_benchmark(members: pl.DataFrame) -> pl.DataFrame:
    """Return members with their universe's size and benchmark."""
    benchmarks = members.group_by("universe_id").agg(
        benchmark_id=pl.col("instrument_id").filter("is_benchmark"), size=pl.len()
    )
    for universe, names in benchmarks.select("universe_id", "benchmark_id").iter_rows():
        if len(names) != 1:
            raise ValueError(f"core.universe_member: expected one benchmark of {universe}, was {names}")
    return members.select(MEMBER).join(benchmarks.explode("benchmark_id"), on="universe_id")


def _periods_of_members(closes: pl.DataFrame, periods: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Return the periods of each member, from that of its first bar to that of its universe's latest session."""
    spans = closes.group_by("instrument_id").agg(
        first_session=pl.col("session").min(), last_session=pl.col("session").max()
    )
    latest = pl.col("last_session").max().over("universe_id")
    return (
        members.join(spans, on="instrument_id")
        .with_columns(latest=latest)
        .join(periods, how="cross")
        .filter(pl.col("first_session") <= pl.col("period_last_session"), pl.col("period_start") <= pl.col("latest"))
        .with_columns(
            period_end=pl.min_horizontal("period_last_session", "latest"),
            is_partial=pl.col("period_last_session") > pl.col("latest"),
        )
    )


def _with_return(rows: pl.DataFrame, closes: pl.DataFrame) -> pl.DataFrame:
    """Add the return between the closes of exactly the base and the end session, or the reason for none."""
    at_base = closes.rename({"session": "base_session", "close": "base_close"})
    at_end = closes.rename({"session": "period_end", "close": "end_close"})
    return (
        rows.join(at_base, on=["instrument_id", "base_session"], how="left")
        .join(at_end, on=["instrument_id", "period_end"], how="left")
        .with_columns(
            return_pct=(pl.col("end_close") / pl.col("base_close") - 1) * PERCENT,
            return_reason=pl.when(pl.col("base_session").is_null())
            .then(pl.lit(NO_BASE_SESSION))
            .when(pl.col("base_close").is_null())
            .then(pl.lit(MISSING_BASE_CLOSE))
            .when(pl.col("end_close").is_null())
            .then(pl.lit(MISSING_END_CLOSE)),
        )
    )


def _with_comparison(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the rank within the universe, the excess over the benchmark, and the streaks."""
    key = ["universe_id", "period", "period_start"]
    is_benchmark = pl.col("instrument_id") == pl.col("benchmark_id")
    of_benchmark = pl.col("return_pct").filter(is_benchmark).first().over(key)
    growth = 1 + pl.col("return_pct") / PERCENT
    return rows.with_columns(
        rank=_rank("return_pct", *key),
        excess_pct_points=pl.col("return_pct") - of_benchmark,
        relative_pct=(growth / (1 + of_benchmark / PERCENT) - 1) * PERCENT,
    ).with_columns(
        rank_reason=pl.when(pl.col("rank").is_null()).then(pl.lit("rank_incomplete")),
        positive_streak=_streak("return_pct"),
        outperformance_streak=_streak("excess_pct_points"),
    )


def _streak(value: str) -> pl.Expr:
    """Return the periods in a row with a value of this sign, signed; zero for a zero, null for a null."""
    sequence = [*MEMBER, "period"]
    sign = pl.col(value).sign().cast(pl.Int64)
    run = sign.ne_missing(sign.shift(1)).cum_sum().over(sequence, order_by="period_start")
    return sign * pl.int_range(1, pl.len() + 1).over(*sequence, run, order_by="period_start")


def _size() -> pl.Expr:
    """Return the number of members of each universe."""
    return pl.len().over("universe_id")


def _rank(value: str, *group: str) -> pl.Expr:
    """Return the dense rank, best first, within a group in which every member of the universe has a value."""
    is_complete = pl.col(value).count().over(group) == pl.col("size")
    return pl.when(is_complete).then(pl.col(value).rank("dense", descending=True).over(group)).cast(pl.Int64)
