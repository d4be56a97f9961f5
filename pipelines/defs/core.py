"""Layer core: one asset a table, each a pure function of the tables before it."""

from __future__ import annotations

import dagster as dg
import polars as pl

from pipelines import seeds
from pipelines.contracts import core, raw
from pipelines.defs.tables import derived
from pipelines.defs.workspace import Workspace
from pipelines.report.plot import phases
from pipelines.seeds.level_book import LevelBookError
from pipelines.seeds.level_book_rules import read_level_books
from pipelines.sources.calendar import sessions_between
from pipelines.storage.bucket_content import spans_of
from pipelines.transforms.bar import missing_sessions
from pipelines.transforms.cross import crosses
from pipelines.transforms.level import levels
from pipelines.transforms.level_event import level_events
from pipelines.transforms.level_state import level_states
from pipelines.transforms.level_statistics import level_statistics as hold_statistics
from pipelines.transforms.moving_average import moving_averages
from pipelines.transforms.period_return import period_returns, periods_to_date
from pipelines.transforms.pivot import pivots
from pipelines.transforms.quarantine import accepted_bars
from pipelines.transforms.ratio import ratios
from pipelines.transforms.record import record_highs, record_states
from pipelines.transforms.relative_regime import relative_regimes
from pipelines.transforms.series import series_prices
from pipelines.transforms.session import calendar_end, number_sessions
from pipelines.transforms.trend import trend_states
from pipelines.transforms.trend_spell import trend_spells
from pipelines.transforms.zone import zones

# Seeds and the calendar


@derived(core.Instrument)
def instrument(workspace: Workspace) -> pl.DataFrame:
    """The instrument seed."""
    return seeds.instruments(workspace.settings.is_synthetic)


@derived(core.RatioPair)
def ratio_pair(workspace: Workspace) -> pl.DataFrame:
    """The ratio pair seed."""
    return seeds.ratio_pairs()


@derived(core.UniverseMember)
def universe_member(workspace: Workspace) -> pl.DataFrame:
    """The universe seed."""
    return seeds.universe_members()


@derived(core.Bar, raw.Bar)
def bar(workspace: Workspace, versions: pl.DataFrame) -> pl.DataFrame:
    """The newest good version of each bar that is known."""
    known_at = workspace.settings.knowledge_time()
    bars, _ = accepted_bars(versions, known_at, workspace.parameters)
    if bars.is_empty():
        first = versions.select(pl.col("known_from").min().dt.strftime("%Y-%m-%d %H:%M")).item()
        stored = f"the first is known from {first} UTC on" if first else "nothing was ever stored"
        wanted = f"expected bars known at {known_at:%Y-%m-%d %H:%M} UTC"
        raise dg.Failure(f"core.bar: {wanted}, was none of {len(versions)}; {stored}")
    return bars


@derived(core.Session, core.Bar, scans=[core.StockBar])
def session(workspace: Workspace, bars: pl.DataFrame) -> pl.DataFrame:
    """The calendar from the first bar to the end of the last one's year and of that year's last week."""
    spans = spans_of(workspace.lake, core.StockBar)
    edges = [spans.select(session=edge) for edge in ("first_session", "last_session")]
    # Where the calendar is not trusted to be complete every session with a bar counts.
    is_old = pl.col("session") < workspace.parameters.calendar_checked_from
    old = workspace.lake.scan(core.StockBar).filter(is_old).select(pl.col("session").unique()).collect()
    every = pl.concat([bars.select("session"), *edges, old])
    if every.is_empty():
        return core.Session.create_empty()
    first, last = every.select(first=pl.col("session").min(), last=pl.col("session").max()).row(0)
    until = max(last, workspace.settings.knowledge_time().date()) if workspace.settings.is_live else last
    return number_sessions(sessions_between(first, calendar_end(until)), every, workspace.parameters, until)


@derived(core.MissingSession, core.Bar, core.Session)
def missing_session(workspace: Workspace, bars: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    """The gaps of each instrument against the calendar."""
    live_at = workspace.settings.knowledge_time() if workspace.settings.is_live else None
    return missing_sessions(bars, sessions, workspace.parameters, live_at)


# Series


@derived(core.Ratio, core.Bar, core.RatioPair, core.Session)
def ratio(workspace: Workspace, bars: pl.DataFrame, pairs: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    """The ratio of each pair."""
    return ratios(bars, pairs, sessions, workspace.parameters)


@derived(core.SeriesPrice, core.Bar, core.Ratio, core.Session)
def series_price(
    workspace: Workspace, bars: pl.DataFrame, ratio_rows: pl.DataFrame, sessions: pl.DataFrame
) -> pl.DataFrame:
    """Instruments and pairs as one kind of series."""
    return series_prices(bars, ratio_rows, sessions)


# Averages and trend


@derived(core.MovingAverage, core.SeriesPrice)
def moving_average(workspace: Workspace, prices: pl.DataFrame) -> pl.DataFrame:
    """Averages, slopes, ranges and distances."""
    return moving_averages(prices, workspace.parameters)


@derived(core.TrendState, core.SeriesPrice, core.MovingAverage, plot=phases)
def trend_state(workspace: Workspace, prices: pl.DataFrame, averages: pl.DataFrame) -> pl.DataFrame:
    """Phases and the composite statement."""
    return trend_states(prices, averages, workspace.parameters)


@derived(core.TrendSpell, core.TrendState, core.MovingAverage)
def trend_spell(workspace: Workspace, states: pl.DataFrame, averages: pl.DataFrame) -> pl.DataFrame:
    """Stretches of one phase."""
    return trend_spells(states, averages)


@derived(core.Cross, core.MovingAverage)
def cross(workspace: Workspace, averages: pl.DataFrame) -> pl.DataFrame:
    """Golden and death crosses."""
    return crosses(averages)


# Relative performance, returns, records


@derived(core.RelativeRegime, core.Ratio, core.Session)
def relative_regime(workspace: Workspace, ratio_rows: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    """Three detectors and their verdict."""
    return relative_regimes(ratio_rows, sessions, workspace.parameters)


@derived(core.PeriodReturn, core.Bar, core.Session, core.UniverseMember)
def period_return(
    workspace: Workspace, bars: pl.DataFrame, sessions: pl.DataFrame, members: pl.DataFrame
) -> pl.DataFrame:
    """Returns of calendar periods."""
    return period_returns(bars, sessions, members)


@derived(core.PeriodToDate, core.Bar, core.Session, core.UniverseMember)
def period_to_date(
    workspace: Workspace, bars: pl.DataFrame, sessions: pl.DataFrame, members: pl.DataFrame
) -> pl.DataFrame:
    """Returns of the running periods at every session."""
    return periods_to_date(bars, sessions, members)


@derived(core.RecordState, core.SeriesPrice, core.MovingAverage, core.Instrument)
def record_state(
    workspace: Workspace, prices: pl.DataFrame, averages: pl.DataFrame, instruments: pl.DataFrame
) -> pl.DataFrame:
    """Standing against the record high."""
    return record_states(prices, averages, instruments, workspace.parameters)


@derived(core.RecordHigh, core.SeriesPrice, core.MovingAverage, core.Instrument)
def record_high(
    workspace: Workspace, prices: pl.DataFrame, averages: pl.DataFrame, instruments: pl.DataFrame
) -> pl.DataFrame:
    """Events around the record high."""
    return record_highs(prices, averages, instruments, workspace.parameters)


# Levels


@derived(core.Pivot, core.SeriesPrice, core.MovingAverage)
def pivot(workspace: Workspace, prices: pl.DataFrame, averages: pl.DataFrame) -> pl.DataFrame:
    """Confirmed swing highs and lows."""
    return pivots(prices, averages, workspace.parameters)


@derived(core.Zone, core.SeriesPrice, core.MovingAverage, core.Pivot, core.RecordState)
def zone(
    workspace: Workspace,
    prices: pl.DataFrame,
    averages: pl.DataFrame,
    pivot_rows: pl.DataFrame,
    records: pl.DataFrame,
) -> pl.DataFrame:
    """Zones as of each session."""
    return zones(prices, averages, pivot_rows, records, workspace.parameters)


@derived(core.Level, core.Session, core.SeriesPrice, core.Instrument, adds_facts=True)
def level(
    workspace: Workspace, sessions: pl.DataFrame, prices: pl.DataFrame, instruments: pl.DataFrame
) -> pl.DataFrame:
    """The house's level book and the user's own."""
    settings = workspace.settings
    try:
        book = read_level_books(instruments["instrument_id"], settings.level_book)
    except LevelBookError as error:
        raise dg.Failure(str(error)) from error
    return levels(book, sessions, prices, settings.knowledge_time(), workspace.parameters)


@derived(core.LevelState, core.SeriesPrice, core.MovingAverage, core.Level, core.Zone)
def level_state(
    workspace: Workspace,
    prices: pl.DataFrame,
    averages: pl.DataFrame,
    published: pl.DataFrame,
    detected: pl.DataFrame,
) -> pl.DataFrame:
    """The state machine of every level."""
    return level_states(prices, averages, published, detected, workspace.parameters)


@derived(core.LevelEvent, core.LevelState, core.SeriesPrice, core.MovingAverage)
def level_event(
    workspace: Workspace, states: pl.DataFrame, prices: pl.DataFrame, averages: pl.DataFrame
) -> pl.DataFrame:
    """What happened to each level."""
    return level_events(states, prices, averages, workspace.parameters)


@derived(core.LevelStatistics, core.LevelState, core.Level, core.Zone, core.SeriesPrice, core.MovingAverage)
def level_statistics(
    workspace: Workspace,
    states: pl.DataFrame,
    published: pl.DataFrame,
    detected: pl.DataFrame,
    prices: pl.DataFrame,
    averages: pl.DataFrame,
) -> pl.DataFrame:
    """How often levels held, beside a placebo."""
    return hold_statistics(states, published, detected, prices, averages, workspace.parameters)
