"""Averages, phases, spells and crosses of series, and relative regimes."""

from __future__ import annotations

import dataframely as dy
import polars as pl

from pipelines.contracts import vocabulary as v
from pipelines.contracts.core.trend_column import Averages, Phases, SeriesSession
from pipelines.contracts.table import Table


class MovingAverage(SeriesSession, Averages, Table):
    """Averages, their slopes, the average true range and the distance of the close, per series and session."""


class TrendState(SeriesSession, Phases, Table):
    """Phase of the 50-session (medium) and 200-session (major) average, and both in words, per series and session."""


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
