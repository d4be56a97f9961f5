"""Layer serve: the public contract, what people and BI tools query. One SELECT in ``sql/serve`` fills each.

A table that shows a core table as it is, or with columns beside it, inherits that table's declaration.
"""

from __future__ import annotations

from pipelines.contracts import core, raw
from pipelines.contracts import vocabulary as v
from pipelines.contracts.table import Table, tables_in


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


class Level(core.Level):
    """The level books: every published level as known when the warehouse was built, revisions included."""


class LevelState(Table):
    """State of every level, published and detected, at the close of every session on which it stood.

    A view: one session of one instrument is asked for quickly, all of history is not stored.
    """

    level_id = v.level_id(primary_key=True)
    session = v.session(primary_key=True)
    instrument_id = v.instrument_id()
    origin = v.origin()
    set_id = v.set_id(nullable=True)
    author = v.author(nullable=True)
    role = v.role()
    side = v.side()
    low = v.level_low()
    high = v.level_high()
    evaluated_low = v.evaluated_low()
    evaluated_high = v.evaluated_high()
    basis_flag = v.basis_flag(nullable=True)
    kinds = v.zone_kinds(nullable=True)
    n_pivots = v.n_pivots(nullable=True)
    close = v.close()
    distance_pct = v.distance_pct()
    distance_atr = v.distance_atr(nullable=True)
    state = v.level_state()
    state_since = v.state_since()
    test_count = v.test_count()
    last_event = v.last_event(nullable=True)
    last_event_session = v.last_event_session(nullable=True)
    next_exposed = v.next_exposed(nullable=True)
    is_exposed = v.is_exposed(nullable=True)
    thesis_state = v.thesis_state(nullable=True)
    first_intraday = v.first_intraday(nullable=True)
    first_close = v.first_close(nullable=True)
    confirmed_two_closes = v.confirmed_two_closes(nullable=True)
    confirmed_atr = v.confirmed_atr(nullable=True)
    is_synthetic = v.is_synthetic()


class LevelEvent(core.LevelEvent):
    """What happened to each level, with the numbers that did it; later sessions only add rows."""


class LevelStatistics(core.LevelStatistics):
    """How often levels held when they were tested, beside the same levels moved at random."""


class Membership(core.Membership):
    """Members of each index as of the date of its fund's holdings, with recomputed weights, sectors and companies."""

    is_synthetic = v.is_synthetic()


class ExcludedHolding(core.ExcludedHolding):
    """Lines of holdings files that are no members, and why: cash, futures, rights, unlisted stock."""


class SectorWeight(core.SectorWeight):
    """Weight and rank of each sector in an index as of the date of holdings, and the change since the date before."""

    known_from = v.known_from()
    is_synthetic = v.is_synthetic()


class RevenueExposure(core.RevenueExposure):
    """How much of its revenue an index or sector earns at home, added up in three ways, with its coverage."""

    known_from = v.known_from()
    is_synthetic = v.is_synthetic()


class CompanyRevenue(core.CompanyRevenue):
    """What each member company's last annual report says of home and foreign revenue, as of a holdings date."""

    is_synthetic = v.is_synthetic()


class Breadth(core.Breadth):
    """How many members take part: averages, advances, highs and lows, returns, by index and sector."""

    is_synthetic = v.is_synthetic()


class CompanyAttribute(core.CompanyAttribute):
    """Sector, industry and size of a security in the words of a vendor's own scheme; never mapped to GICS."""


class DataHealth(Table):
    """How complete the bars of each instrument are, what was kept out, and what was kept and is odd."""

    instrument_id = v.instrument_id(primary_key=True)
    asset_class = v.asset_class(primary_key=True)
    source = v.source()
    is_synthetic = v.is_synthetic()
    first_session = v.first_session(nullable=True)
    last_session = v.last_session(nullable=True)
    bars = v.bars()
    expected_sessions = v.expected_sessions()
    missing_sessions = v.missing_sessions()
    first_missing_session = v.first_missing_session(nullable=True)
    last_missing_session = v.last_missing_session(nullable=True)
    rejected_rows = v.rejected_rows()
    rejected_by_rule = v.rejected_by_rule(nullable=True)
    warned_bars = v.warned_bars()
    warned_by_rule = v.warned_by_rule(nullable=True)


class MissingSession(core.MissingSession):
    """A calendar session on which an instrument should have a bar and has none."""


class RejectedRow(raw.RejectedRow):
    """A row that a source handed over and a row rule kept out, as received."""


class Session(core.Session):
    """The exchange calendar as a dimension: one row per session."""


class Instrument(core.Instrument):
    """The instruments as a dimension."""


class WarehouseBuild(Table):
    """What one is looking at: the build this file comes from, one row per table."""

    table_name = v.table_name(primary_key=True)
    row_count = v.row_count(nullable=True)
    content_hash = v.content_hash()
    generation = v.generation()
    built_at = v.built_at()
    source = v.source()
    is_synthetic = v.is_synthetic()
    last_session = v.last_session(nullable=True)
    known_at = v.known_at()
    data_snapshot = v.data_snapshot(nullable=True)
    parameter_set_id = v.parameter_set_id()
    code_version = v.code_version()


TABLES = tables_in(dict(globals()), __name__)
