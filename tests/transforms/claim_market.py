"""A made-up market of three indices, and what its bars say of themselves, worked out without our code."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from pipelines.contracts import core
from pipelines.contracts.table import Table
from pipelines.parameters import Parameters
from pipelines.transforms.claim.view import STANDS_FROM
from pipelines.transforms.level import levels
from pipelines.transforms.level_state import level_states
from pipelines.transforms.moving_average import moving_averages
from pipelines.transforms.period_return import period_returns, periods_to_date
from pipelines.transforms.ratio import ratios
from pipelines.transforms.record import record_highs, record_states
from pipelines.transforms.relative_regime import relative_regimes
from pipelines.transforms.series import series_prices
from pipelines.transforms.trend import trend_states
from tests.market import bar_frame, calendar, instrument, pairs, universe, weekdays
from tests.transforms.claim_frames import KNOWN, rows
from tests.transforms.level_frames import book

FIRST, LAST = dt.date(2023, 1, 2), dt.date(2024, 12, 13)
SESSIONS = weekdays(FIRST, LAST)
CALENDAR = calendar(weekdays(FIRST, dt.date(2024, 12, 31)))
INSTRUMENTS = ("NDX", "RUT", "SPX")
_HOLDINGS = [dt.date(2023, 9, 29), dt.date(2024, 3, 28), dt.date(2024, 9, 30)]
Bars = Mapping[str, Mapping[dt.date, tuple[float, float]]]
"""High and close by instrument and session."""


@functools.lru_cache(maxsize=8)
def bars(seed: int) -> pl.DataFrame:
    """Return ``core.Bar`` of random walks with a range."""
    random = np.random.default_rng(seed)
    frames = []
    for instrument_id in INSTRUMENTS:
        close = np.round(2000 * np.exp(np.cumsum(random.normal(0.0005, 0.012, len(SESSIONS)))), 2)
        high, low = (np.round(close * (1 + sign * random.uniform(0, 0.01, len(close))), 2) for sign in (1, -1))
        frames.append(
            pl.DataFrame({"session": SESSIONS, "open": close, "high": high, "low": low, "close": close}).with_columns(
                instrument_id=pl.lit(instrument_id), volume=pl.lit(1.0)
            )
        )
    return bar_frame(pl.concat(frames))


@functools.lru_cache(maxsize=64)
def derived(seed: int, last: dt.date = LAST) -> dict[type[Table], pl.DataFrame]:
    """Return the tables that claims are checked on, made of the bars up to a session."""
    known, parameters = bars(seed).filter(pl.col("session") <= last), Parameters()
    ratio = ratios(known, pairs("RUT/NDX", base_date=FIRST), CALENDAR, parameters)
    prices = series_prices(known, ratio, CALENDAR)
    averages = moving_averages(prices, parameters)
    seeds = pl.concat([instrument(name) for name in INSTRUMENTS])
    published = levels(_book(seed), CALENDAR, prices, KNOWN, parameters)
    members = universe(["NDX", "RUT"], "NDX", "two")
    return {
        **{table: rows(table) for table in STANDS_FROM},
        core.Session: CALENDAR,
        core.Instrument: seeds,
        core.UniverseMember: members,
        core.SeriesPrice: prices,
        core.MovingAverage: averages,
        core.TrendState: trend_states(prices, averages, parameters),
        core.RelativeRegime: relative_regimes(ratio, CALENDAR, parameters),
        core.PeriodReturn: period_returns(known, CALENDAR, members),
        core.PeriodToDate: periods_to_date(known, CALENDAR, members),
        core.RecordState: record_states(prices, averages, seeds, parameters),
        core.RecordHigh: record_highs(prices, averages, seeds, parameters),
        core.Level: published,
        core.LevelState: level_states(prices, averages, published, core.Zone.create_empty(), parameters),
        core.SectorWeight: rows(core.SectorWeight, *_sectors(last)),
        core.RevenueExposure: rows(core.RevenueExposure, *_exposures(last)),
    }


def _book(seed: int) -> pl.DataFrame:
    price = bars(seed).filter(instrument_id="RUT")["close"][200]
    published = dt.datetime.combine(SESSIONS[200], dt.time(14), dt.UTC)
    return book(
        {"level_id": "key", "set_id": "s", "low": price * 0.97, "high": price * 0.98, "published_at": published},
        {
            **{"level_id": "next", "set_id": "s", "role": "next_support", "low": price * 0.9, "high": price * 0.9},
            **{"order_in_chain": 1, "published_at": published},
        },
    )


def _sectors(last: dt.date) -> list[dict[str, Any]]:
    ranked = ("Energy", "Financials", "Energy")
    return [
        {"index_id": "SPX", "as_of": as_of, "sector": sector, "weight_share": 1.0, "rank": 1}
        for as_of, sector in zip(_HOLDINGS, ranked, strict=True)
        if as_of <= last
    ]


def _exposures(last: dt.date) -> list[dict[str, Any]]:
    key = {"index_id": "SPX", "sector": "ALL", "aggregation": "median", "basis": "reported"}
    return [
        {**key, "as_of": as_of, "domestic_share": share, "coverage_weight_share": 0.7}
        for as_of, share in zip(_HOLDINGS, (0.6, 0.7, 0.8), strict=True)
        if as_of <= last
    ]


def plain(seed: int, last: dt.date) -> Bars:
    """Return highs and closes up to a session as plain dictionaries, in the order of the sessions."""
    known = bars(seed).filter(pl.col("session") <= last).sort("session")
    return {
        name: {row["session"]: (row["high"], row["close"]) for row in known.filter(instrument_id=name).to_dicts()}
        for name in INSTRUMENTS
    }


def month_return(of: Mapping[dt.date, tuple[float, float]], last: dt.date) -> float:
    """Return the return of a session's month to date, in per cent."""
    before = [close for day, (_, close) in of.items() if (day.year, day.month) < (last.year, last.month)]
    return (of[last][1] / before[-1] - 1) * 100


def record(of: Mapping[dt.date, tuple[float, float]], price: int) -> tuple[float, dt.date, list[dt.date]]:
    """Return the highest high (0) or close (1), its session, and every session that set a record."""
    best, since, events = 0.0, FIRST, []
    for day, prices in of.items():
        if prices[price] > best + 0.005:
            events += [day] if best else []
            since = day
        best = max(best, prices[price])
    return best, since, events


def row(data: Mapping[type[Table], pl.DataFrame], table: type[Table], **key: Any) -> dict[str, Any]:
    """Return the one row of a table with this key."""
    (found,) = data[table].filter(*(pl.col(name) == value for name, value in key.items())).iter_rows(named=True)
    return found
