"""Calendar, instruments, bars, ratios, averages, trends, returns and records."""

from __future__ import annotations

import dataframely as dy
import polars as pl

from pipelines.contracts import vocabulary as v
from pipelines.contracts.table import Table


class Session(Table):
    """The exchange calendar: one row per session, from the first bar to the last week of the last one's year."""

    session = v.session(primary_key=True)
    session_number = v.session_number()
    opens_at = v.opens_at()
    closes_at = v.closes_at()
    is_early_close = v.is_early_close()
    week = v.week()
    month = v.month()
    quarter = v.quarter()
    year = v.year()


class Instrument(Table):
    """The instruments of the warehouse, from a curated seed."""

    instrument_id = v.instrument_id(primary_key=True)
    name = v.name()
    asset_class = v.asset_class()
    currency = v.currency(regex="^[A-Z]{3}$")
    vendor_symbol = v.vendor_symbol(unique=True)
    aliases = v.aliases()
    tick_size = v.tick_size()
    intraday_from = v.intraday_from(nullable=True)
    record_seed_close = v.record_seed_close(nullable=True)
    record_seed_session = v.record_seed_session(nullable=True)
    record_seed_first_session = v.record_seed_first_session(nullable=True)
    source = v.source()
    as_of = v.as_of()
    is_synthetic = v.is_synthetic()


class RatioPair(Table):
    """The ratio pairs that are followed, from a curated seed."""

    pair_id = v.pair_id(primary_key=True)
    numerator_id = v.numerator_id()
    denominator_id = v.denominator_id()
    base_date = v.base_date()
    source = v.source()
    as_of = v.as_of()

    @dy.rule()
    def pair_id_is_numerator_over_denominator(cls) -> pl.Expr:
        """The id spells out the pair."""
        return cls.pair_id.col == pl.concat_str(cls.numerator_id.col, cls.denominator_id.col, separator="/")


class UniverseMember(Table):
    """Which instruments are ranked together, from a curated seed."""

    universe_id = v.universe_id(primary_key=True)
    instrument_id = v.instrument_id(primary_key=True)
    is_benchmark = v.is_benchmark()
    source = v.source()
    as_of = v.as_of()


class Bar(Table):
    """One accepted daily bar: the newest version known at the warehouse's knowledge time."""

    instrument_id = v.instrument_id(primary_key=True)
    session = v.session(primary_key=True)
    open = v.open(min_exclusive=0)
    high = v.high(min_exclusive=0)
    low = v.low(min_exclusive=0)
    close = v.close(min_exclusive=0)
    volume = v.volume(nullable=True)
    is_close_only = v.is_close_only()
    source = v.source()
    known_from = v.known_from()
    versions = v.versions()

    @dy.rule()
    def high_is_highest(cls) -> pl.Expr:
        """No price of the session lies above its high."""
        return cls.high.col >= pl.max_horizontal(cls.open.col, cls.low.col, cls.close.col)

    @dy.rule()
    def low_is_lowest(cls) -> pl.Expr:
        """No price of the session lies below its low."""
        return cls.low.col <= pl.min_horizontal(cls.open.col, cls.close.col)


class MissingSession(Table):
    """A calendar session on which an instrument should have a bar and has none."""

    instrument_id = v.instrument_id(primary_key=True)
    session = v.session(primary_key=True)


class Ratio(Table):
    """Ratio of two closes, on sessions on which both have an accepted bar."""

    pair_id = v.pair_id(primary_key=True)
    session = v.session(primary_key=True)
    ratio = v.ratio(min_exclusive=0)
    numerator_close = v.numerator_close(min_exclusive=0)
    denominator_close = v.denominator_close(min_exclusive=0)
    rebased = v.rebased(nullable=True)
    mansfield_pct = v.mansfield_pct(nullable=True)
    mansfield_slope_bp_per_week = v.mansfield_slope_bp_per_week(nullable=True)


class SeriesPrice(Table):
    """One value a session of every series, instruments and ratio pairs alike; a pair has closes only."""

    series_id = v.series_id(primary_key=True)
    session = v.session(primary_key=True)
    series_kind = v.series_kind()
    close = v.close(min_exclusive=0)
    high = v.range_high(nullable=True)
    low = v.range_low(nullable=True)
    missing_before = v.missing_before()


class MovingAverage(Table):
    """Averages, their slopes, the average true range and the distance of the close, per series and session."""

    series_id = v.series_id(primary_key=True)
    session = v.session(primary_key=True)
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


class TrendState(Table):
    """Phase of the 50-session (medium) and 200-session (major) average, and both in words, per series and session."""

    series_id = v.series_id(primary_key=True)
    session = v.session(primary_key=True)
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


class TrendSpell(Table):
    """One unbroken stretch of a phase; the spells of a series and horizon tile time."""

    series_id = v.series_id(primary_key=True)
    horizon = v.horizon(primary_key=True)
    spell_number = v.spell_number(primary_key=True)
    phase = v.phase()
    onset_session = v.onset_session()
    confirmed_session = v.confirmed_session()
    end_session = v.end_session(nullable=True)
    age_sessions = v.age_sessions()
    entry_close = v.entry_close()
    entry_average = v.entry_average(nullable=True)
    run_up_pct = v.run_up_pct()
    drawdown_pct = v.spell_drawdown_pct()


class Cross(Table):
    """A golden or death cross of the 50- and 200-session SMA."""

    series_id = v.series_id(primary_key=True)
    session = v.session(primary_key=True)
    cross = v.cross()
    close = v.close()
    sma_50 = v.sma_50()
    sma_200 = v.sma_200()


class RelativeRegime(Table):
    """Three causal detectors of relative performance and their verdict, per ratio pair and session."""

    pair_id = v.pair_id(primary_key=True)
    session = v.session(primary_key=True)
    verdict = v.verdict()
    since = v.since(nullable=True)
    since_quarter = v.since_quarter(nullable=True)
    confirmed_session = v.confirmed_session(nullable=True)
    confidence = v.confidence(nullable=True)
    regime_statement = v.regime_statement()
    quarter_excess_pct_points = v.quarter_excess_pct_points(nullable=True)
    quarter_streak = v.quarter_streak(nullable=True)
    quarter_streak_start = v.quarter_streak_start(nullable=True)
    turning_direction = v.turning_direction(nullable=True)
    turning_extreme_session = v.turning_extreme_session(nullable=True)
    turning_confirmed_session = v.turning_confirmed_session(nullable=True)
    cusum_direction = v.cusum_direction(nullable=True)
    cusum_onset_session = v.cusum_onset_session(nullable=True)
    cusum_alarm_session = v.cusum_alarm_session(nullable=True)
    cusum_up = v.cusum_up(nullable=True)
    cusum_down = v.cusum_down(nullable=True)

    @dy.rule()
    def a_verdict_has_its_dates(cls) -> pl.Expr:
        """since, confirmed_session and confidence stand with a verdict and are null without one."""
        given = cls.verdict.col != "none"
        columns = (cls.since, cls.confirmed_session, cls.confidence)
        return pl.all_horizontal(column.col.is_not_null() == given for column in columns)


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
