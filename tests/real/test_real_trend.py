"""Averages, phases and crosses of the Russell 2000 and the S&P 500 against published dates and values.

Expected values stand in docs/methods.md (B1) and come from outside this code.
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import polars as pl
import pytest

from pipelines.contracts.core import Cross, MovingAverage, TrendSpell, TrendState
from pipelines.parameters import Parameters
from pipelines.transforms.cross import crosses
from pipelines.transforms.moving_average import moving_averages
from pipelines.transforms.trend import trend_states
from pipelines.transforms.trend_spell import trend_spells

PARAMETERS = Parameters()


class Trend(NamedTuple):
    """Every trend table of the two indices."""

    averages: pl.DataFrame
    states: pl.DataFrame
    spells: pl.DataFrame
    crosses: pl.DataFrame


def trend_of(prices: pl.DataFrame) -> Trend:
    averages = MovingAverage.validate(moving_averages(prices, PARAMETERS))
    states = TrendState.validate(trend_states(prices, averages, PARAMETERS))
    spells = TrendSpell.validate(trend_spells(states, averages))
    return Trend(averages, states, spells, Cross.validate(crosses(averages)))


@pytest.fixture(scope="module")
def trend(real_prices: pl.DataFrame) -> Trend:
    return trend_of(real_prices.filter(pl.col("series_id").is_in(["RUT", "SPX"])))


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("session", "sma_50", "sma_200"),
    [("2024-11-29", 2277.07, 2131.96), ("2024-12-02", 2281.19, 2133.83)],
)
def test_averages_of_the_russell(trend: Trend, session: str, sma_50: float, sma_200: float) -> None:
    row = trend.averages.row(
        by_predicate=(pl.col("series_id") == "RUT") & (pl.col("session") == day(session)), named=True
    )
    assert (round(row["sma_50"], 2), round(row["sma_200"], 2)) == (sma_50, sma_200)


@pytest.mark.parametrize(
    ("series_id", "horizon", "since", "onsets"),
    [
        ("RUT", "medium", "2023-12-13", [("up", "2023-12-13"), ("down", "2024-06-18"), ("up", "2024-07-11")]),
        ("RUT", "major", "2023-07-12", [("up", "2023-07-12"), ("down", "2023-10-25"), ("up", "2023-12-27")]),
        ("SPX", "medium", "2023-12-05", [("up", "2023-12-05")]),
        ("SPX", "major", "2023-04-13", [("up", "2023-04-13")]),
    ],
)
def test_spells(trend: Trend, series_id: str, horizon: str, since: str, onsets: list[tuple[str, str]]) -> None:
    spells = trend.spells.filter(pl.col("onset_session") >= day(since), series_id=series_id, horizon=horizon)
    assert spells.select("phase", "onset_session").rows() == [(phase, day(onset)) for phase, onset in onsets]
    assert spells["end_session"].null_count() == 1


def test_the_russell_turned_down_at_the_end_of_2021(trend: Trend) -> None:
    spell = trend.spells.filter(series_id="RUT", horizon="major", onset_session=day("2021-12-27"))
    assert spell["phase"].to_list() == ["down"]


@pytest.mark.parametrize(
    ("series_id", "events"),
    [
        (
            "RUT",
            [
                ("death", "2022-01-19"),
                ("golden", "2023-01-25"),
                ("death", "2023-04-21"),
                ("golden", "2023-07-11"),
                ("death", "2023-10-13"),
                ("golden", "2024-01-02"),
            ],
        ),
        ("SPX", [("death", "2022-03-14"), ("golden", "2023-02-02")]),
    ],
)
def test_crosses_since_2022(trend: Trend, series_id: str, events: list[tuple[str, str]]) -> None:
    found = trend.crosses.filter(pl.col("session") >= day("2022-01-01"), series_id=series_id)
    assert found.select("cross", "session").rows() == [(cross, day(session)) for cross, session in events]


def test_the_statement_of_december_2024(trend: Trend) -> None:
    """Both indices stand in the first row of the statement table; the Russell's swing high is its intraday record."""
    last = trend.states.filter(session=day("2024-12-02"))
    assert last["statement"].to_list() == ["major and medium-term uptrend intact"] * 2
    russell = last.row(by_predicate=pl.col("series_id") == "RUT", named=True)
    assert (russell["swing_high"], russell["swing_high_session"]) == (2466.49, day("2024-11-25"))


def test_close_only_years_have_no_true_range(trend: Trend) -> None:
    """The last close-only bar of the S&P 500 is that of 1983-06-30: fourteen true ranges later an ATR is given."""
    spx = trend.averages.filter(pl.col("session") >= day("1983-06-30"), series_id="SPX").sort("session")
    assert spx["atr_reason"].head(15).to_list() == ["no_intraday_range"] + ["warm_up"] * 13 + [None]
    assert spx["atr_reason"].tail(-14).null_count() == spx.height - 14


@pytest.mark.parametrize(
    ("horizon", "count", "up_to_ten_sessions", "median_age"), [("medium", 197, 5, 56), ("major", 48, 0, 277)]
)
def test_spells_are_as_long_as_those_of_another_vendor(
    real_prices: pl.DataFrame, horizon: str, count: int, up_to_ten_sessions: int, median_age: int
) -> None:
    """Spells of the S&P 500 from 1950 to 2022, which were counted on another file that ends early in 2022."""
    years = pl.col("session").dt.year().is_between(1950, 2022)
    spells = trend_of(real_prices.filter(years, series_id="SPX")).spells.filter(horizon=horizon)
    assert spells.height == pytest.approx(count, rel=0.05)
    assert (spells["age_sessions"] <= 10).sum() == up_to_ten_sessions
    assert spells["age_sessions"].median() == median_age
