"""The columns that trends of series and of stocks share, to be joined with a key: no tables by themselves."""

from __future__ import annotations

import dataframely as dy
import polars as pl

from pipelines.contracts import vocabulary as v


class SeriesSession(dy.Schema):
    """Key: a series and a session."""

    series_id = v.series_id(primary_key=True)
    session = v.session(primary_key=True)


class StockSession(dy.Schema):
    """Key: a stock and a session."""

    instrument_id = v.instrument_id(primary_key=True)
    session = v.session(primary_key=True)


class Averages(dy.Schema):
    """Averages of the close with what is made of them."""

    close = v.close(min_exclusive=0)
    sma_20 = v.sma_20(nullable=True)
    sma_50 = v.sma_50(nullable=True)
    sma_200 = v.sma_200(nullable=True)
    ema_50 = v.ema_50(nullable=True)
    ema_200 = v.ema_200(nullable=True)
    ema_50_is_stable = v.ema_50_is_stable()
    ema_200_is_stable = v.ema_200_is_stable()
    atr_14 = v.atr_14(nullable=True)
    slope_50_bp_per_day = v.slope_50_bp_per_day(nullable=True)
    slope_200_bp_per_day = v.slope_200_bp_per_day(nullable=True)
    distance_sma_20_pct = v.distance_sma_20_pct(nullable=True)
    distance_sma_50_pct = v.distance_sma_50_pct(nullable=True)
    distance_sma_200_pct = v.distance_sma_200_pct(nullable=True)
    distance_ema_50_pct = v.distance_ema_50_pct(nullable=True)
    distance_ema_200_pct = v.distance_ema_200_pct(nullable=True)
    distance_sma_20_atr = v.distance_sma_20_atr(nullable=True)
    distance_sma_50_atr = v.distance_sma_50_atr(nullable=True)
    distance_sma_200_atr = v.distance_sma_200_atr(nullable=True)
    distance_ema_50_atr = v.distance_ema_50_atr(nullable=True)
    distance_ema_200_atr = v.distance_ema_200_atr(nullable=True)
    missing_in_window_20 = v.missing_in_window_20(nullable=True)
    missing_in_window_50 = v.missing_in_window_50(nullable=True)
    missing_in_window_200 = v.missing_in_window_200(nullable=True)
    reason_20 = v.reason_20(nullable=True)
    reason_50 = v.reason_50(nullable=True)
    reason_200 = v.reason_200(nullable=True)
    atr_reason = v.atr_reason(nullable=True)

    @dy.rule()
    def a_null_average_has_a_reason(cls) -> pl.Expr:
        """Each average is either given or explained, never both or neither."""
        return (
            (cls.sma_20.col.is_null() == cls.reason_20.col.is_not_null())
            & (cls.sma_50.col.is_null() == cls.reason_50.col.is_not_null())
            & (cls.sma_200.col.is_null() == cls.reason_200.col.is_not_null())
            & (cls.atr_14.col.is_null() == cls.atr_reason.col.is_not_null())
        )


class Phases(dy.Schema):
    """Phases of two averages with what is made of them."""

    medium_label = v.medium_label(nullable=True)
    medium_phase = v.medium_phase(nullable=True)
    medium_since = v.medium_since(nullable=True)
    medium_age_sessions = v.medium_age_sessions(nullable=True)
    medium_is_supported = v.medium_is_supported(nullable=True)
    medium_reason = v.medium_reason(nullable=True)
    major_label = v.major_label(nullable=True)
    major_phase = v.major_phase(nullable=True)
    major_since = v.major_since(nullable=True)
    major_age_sessions = v.major_age_sessions(nullable=True)
    major_is_supported = v.major_is_supported(nullable=True)
    major_reason = v.major_reason(nullable=True)
    statement = v.statement(nullable=True)
    is_multi_week_decline = v.is_multi_week_decline(nullable=True)
    swing_high = v.swing_high(nullable=True)
    swing_high_session = v.swing_high_session(nullable=True)

    @dy.rule()
    def a_null_phase_has_a_reason(cls) -> pl.Expr:
        """A phase or label that cannot be given says why."""
        medium_gap = cls.medium_phase.col.is_null() | cls.medium_label.col.is_null()
        major_gap = cls.major_phase.col.is_null() | cls.major_label.col.is_null()
        return (medium_gap == cls.medium_reason.col.is_not_null()) & (major_gap == cls.major_reason.col.is_not_null())
