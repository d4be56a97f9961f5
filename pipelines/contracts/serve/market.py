"""An index at a glance; trends, ratios, returns and records as they are served."""

from __future__ import annotations

from pipelines.contracts import core
from pipelines.contracts import vocabulary as v
from pipelines.contracts.table import Table


class IndexOverview(Table):
    """State of one index at the close of one session: returns, averages, phases, records, regimes, levels."""

    instrument_id = v.instrument_id(primary_key=True)
    session = v.session(primary_key=True)
    name = v.name()
    close = v.close()
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
    mtd_rank = v.mtd_rank(nullable=True)
    qtd_rank = v.qtd_rank(nullable=True)
    ytd_rank = v.ytd_rank(nullable=True)
    sma_20 = v.sma_20(nullable=True)
    sma_50 = v.sma_50(nullable=True)
    sma_200 = v.sma_200(nullable=True)
    atr_14 = v.atr_14(nullable=True)
    reason_20 = v.reason_20(nullable=True)
    reason_50 = v.reason_50(nullable=True)
    reason_200 = v.reason_200(nullable=True)
    atr_reason = v.atr_reason(nullable=True)
    slope_50_bp_per_day = v.slope_50_bp_per_day(nullable=True)
    slope_200_bp_per_day = v.slope_200_bp_per_day(nullable=True)
    distance_sma_50_pct = v.distance_sma_50_pct(nullable=True)
    distance_sma_200_pct = v.distance_sma_200_pct(nullable=True)
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
    record_close = v.record_close(nullable=True)
    record_close_session = v.record_close_session(nullable=True)
    record_close_is_new = v.record_close_is_new()
    record_intraday = v.record_intraday(nullable=True)
    record_intraday_session = v.record_intraday_session(nullable=True)
    record_intraday_reason = v.record_intraday_reason(nullable=True)
    record_intraday_is_new = v.record_intraday_is_new()
    drawdown_pct = v.drawdown_pct(nullable=True)
    intraday_drawdown_pct = v.intraday_drawdown_pct(nullable=True)
    sessions_since_record_close = v.sessions_since(nullable=True)
    history_from = v.history_from()
    is_all_time = v.is_all_time()
    relative_regimes = v.relative_regimes(nullable=True)
    nearest_support_id = v.nearest_support_id(nullable=True)
    nearest_support_low = v.nearest_support_low(nullable=True)
    nearest_support_high = v.nearest_support_high(nullable=True)
    nearest_support_state = v.nearest_support_state(nullable=True)
    nearest_support_kinds = v.nearest_support_kinds(nullable=True)
    nearest_support_distance_pct = v.nearest_support_distance_pct(nullable=True)
    nearest_resistance_id = v.nearest_resistance_id(nullable=True)
    nearest_resistance_low = v.nearest_resistance_low(nullable=True)
    nearest_resistance_high = v.nearest_resistance_high(nullable=True)
    nearest_resistance_state = v.nearest_resistance_state(nullable=True)
    nearest_resistance_kinds = v.nearest_resistance_kinds(nullable=True)
    nearest_resistance_distance_pct = v.nearest_resistance_distance_pct(nullable=True)
    holdings_as_of = v.overview_holdings_date(nullable=True)
    largest_sector = v.largest_sector(nullable=True)
    largest_sector_share = v.largest_sector_share(nullable=True)
    largest_sector_reason = v.largest_sector_reason(nullable=True)
    domestic_share = v.domestic_share(nullable=True)
    domestic_share_reason = v.overview_exposure_reason(nullable=True)
    members_above_50_pct = v.members_above_50_pct(nullable=True)
    members_above_50_reason = v.members_above_reason(nullable=True)
    members_above_200_pct = v.members_above_200_pct(nullable=True)
    members_above_200_reason = v.members_above_reason(nullable=True)
    is_synthetic = v.is_synthetic()


class TrendState(core.TrendState):
    """Averages, phases and the statement of every series (index or ratio pair) and session."""

    series_kind = v.series_kind()
    close = v.close()
    sma_50 = v.sma_50(nullable=True)
    sma_200 = v.sma_200(nullable=True)
    slope_50_bp_per_day = v.slope_50_bp_per_day(nullable=True)
    slope_200_bp_per_day = v.slope_200_bp_per_day(nullable=True)


class TrendSpell(core.TrendSpell):
    """One unbroken stretch of a medium or major phase, with what the price did in it."""


class StockTrend(core.StockTrendState):
    """Averages, phases and the statement of every stock and session, from closes adjusted for splits."""

    bar_number = v.bar_number()
    close = v.close()
    sma_20 = v.sma_20(nullable=True)
    sma_50 = v.sma_50(nullable=True)
    sma_200 = v.sma_200(nullable=True)
    ema_50 = v.ema_50(nullable=True)
    ema_200 = v.ema_200(nullable=True)
    atr_14 = v.atr_14(nullable=True)
    slope_50_bp_per_day = v.slope_50_bp_per_day(nullable=True)
    slope_200_bp_per_day = v.slope_200_bp_per_day(nullable=True)
    reason_20 = v.reason_20(nullable=True)
    reason_50 = v.reason_50(nullable=True)
    reason_200 = v.reason_200(nullable=True)
    atr_reason = v.atr_reason(nullable=True)


class RatioState(Table):
    """State of one ratio pair at one session: value, averages, phases, record and Mansfield relative strength."""

    pair_id = v.pair_id(primary_key=True)
    session = v.session(primary_key=True)
    numerator_id = v.numerator_id()
    denominator_id = v.denominator_id()
    ratio = v.ratio()
    rebased = v.rebased(nullable=True)
    sma_50 = v.sma_50(nullable=True)
    sma_200 = v.sma_200(nullable=True)
    slope_50_bp_per_day = v.slope_50_bp_per_day(nullable=True)
    slope_200_bp_per_day = v.slope_200_bp_per_day(nullable=True)
    distance_sma_50_pct = v.distance_sma_50_pct(nullable=True)
    distance_sma_200_pct = v.distance_sma_200_pct(nullable=True)
    medium_label = v.medium_label(nullable=True)
    medium_phase = v.medium_phase(nullable=True)
    medium_since = v.medium_since(nullable=True)
    major_label = v.major_label(nullable=True)
    major_phase = v.major_phase(nullable=True)
    major_since = v.major_since(nullable=True)
    mansfield_pct = v.mansfield_pct(nullable=True)
    mansfield_slope_bp_per_week = v.mansfield_slope_bp_per_week(nullable=True)
    record = v.record(nullable=True)
    record_session = v.record_session(nullable=True)
    drawdown_pct = v.drawdown_pct(nullable=True)


class RelativeRegime(core.RelativeRegime):
    """Does the numerator outperform the denominator, since when, and how many detectors agree."""


class PeriodReturn(core.PeriodReturn):
    """Price return of a calendar week, month, quarter or year, ranked within a universe."""


class RecordHigh(Table):
    """Event log around record highs of indices and ratio pairs, one row per event."""

    instrument_id = v.series_id(primary_key=True)
    basis = v.basis(primary_key=True)
    session = v.session(primary_key=True)
    event = v.event(primary_key=True)
    value = v.value()
    previous_value = v.previous_value()
    previous_session = v.previous_session(nullable=True)
    gap_pct = v.gap_pct()
    episode_session = v.episode_session(nullable=True)
    is_all_time = v.is_all_time()
