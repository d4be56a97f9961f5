"""Returns of periods, and record highs."""

from __future__ import annotations

import dataframely as dy
import polars as pl

from pipelines.contracts import vocabulary as v
from pipelines.contracts.table import Table


class PeriodReturn(Table):
    """Price return of a calendar week, month, quarter or year, ranked within a universe."""

    universe_id = v.universe_id(primary_key=True)
    instrument_id = v.instrument_id(primary_key=True)
    period = v.period(primary_key=True)
    period_start = v.period_start(primary_key=True)
    period_end = v.period_end()
    period_last_session = v.period_last_session()
    base_session = v.base_session(nullable=True)
    return_pct = v.return_pct(nullable=True)
    return_reason = v.return_reason(nullable=True)
    rank = v.rank(nullable=True)
    rank_reason = v.rank_reason(nullable=True)
    benchmark_id = v.benchmark_id()
    excess_pct_points = v.excess_pct_points(nullable=True)
    relative_pct = v.relative_pct(nullable=True)
    positive_streak = v.positive_streak(nullable=True)
    outperformance_streak = v.outperformance_streak(nullable=True)
    is_partial = v.is_partial()

    @dy.rule()
    def a_null_return_has_a_reason(cls) -> pl.Expr:
        """A return and a rank are either given or explained."""
        return (cls.return_pct.col.is_null() == cls.return_reason.col.is_not_null()) & (
            cls.rank.col.is_null() == cls.rank_reason.col.is_not_null()
        )


class PeriodToDate(Table):
    """Price return of the session and of its week, month, quarter and year to date, ranked within a universe."""

    universe_id = v.universe_id(primary_key=True)
    instrument_id = v.instrument_id(primary_key=True)
    session = v.session(primary_key=True)
    day_return_pct = v.day_return_pct(nullable=True)
    day_reason = v.day_reason(nullable=True)
    wtd_return_pct = v.wtd_return_pct(nullable=True)
    wtd_reason = v.wtd_reason(nullable=True)
    mtd_return_pct = v.mtd_return_pct(nullable=True)
    mtd_reason = v.mtd_reason(nullable=True)
    qtd_return_pct = v.qtd_return_pct(nullable=True)
    qtd_reason = v.qtd_reason(nullable=True)
    ytd_return_pct = v.ytd_return_pct(nullable=True)
    ytd_reason = v.ytd_reason(nullable=True)
    day_rank = v.day_rank(nullable=True)
    wtd_rank = v.wtd_rank(nullable=True)
    mtd_rank = v.mtd_rank(nullable=True)
    qtd_rank = v.qtd_rank(nullable=True)
    ytd_rank = v.ytd_rank(nullable=True)

    @dy.rule()
    def a_null_return_has_a_reason(cls) -> pl.Expr:
        """Each return is either given or explained."""
        pairs = (
            (cls.day_return_pct, cls.day_reason),
            (cls.wtd_return_pct, cls.wtd_reason),
            (cls.mtd_return_pct, cls.mtd_reason),
            (cls.qtd_return_pct, cls.qtd_reason),
            (cls.ytd_return_pct, cls.ytd_reason),
        )
        return pl.all_horizontal(value.col.is_null() == reason.col.is_not_null() for value, reason in pairs)


class RecordState(Table):
    """Standing of a series against its record high, per basis and session, that session included."""

    series_id = v.series_id(primary_key=True)
    basis = v.basis(primary_key=True)
    session = v.session(primary_key=True)
    record = v.record(nullable=True)
    record_session = v.record_session(nullable=True)
    drawdown_pct = v.drawdown_pct(nullable=True)
    sessions_since = v.sessions_since(nullable=True)
    sessions_between = v.sessions_between(nullable=True)
    is_new_record = v.is_new_record()
    history_from = v.history_from()
    is_all_time = v.is_all_time()
    proximity = v.proximity(nullable=True)
    proximity_pct = v.proximity_pct(nullable=True)
    record_reason = v.record_reason(nullable=True)

    @dy.rule()
    def a_null_record_has_a_reason(cls) -> pl.Expr:
        """A record is either given or explained."""
        return cls.record.col.is_null() == cls.record_reason.col.is_not_null()


class RecordHigh(Table):
    """Events around the record high: new, fresh and marginal records, approaches and retests."""

    series_id = v.series_id(primary_key=True)
    basis = v.basis(primary_key=True)
    session = v.session(primary_key=True)
    event = v.event(primary_key=True)
    value = v.value()
    previous_value = v.previous_value()
    previous_session = v.previous_session(nullable=True)
    gap_pct = v.gap_pct()
    episode_session = v.episode_session(nullable=True)
    is_all_time = v.is_all_time()
