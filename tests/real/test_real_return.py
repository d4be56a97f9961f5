"""Returns of the real indices against the numbers of methods B5."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from pipelines.contracts import core
from pipelines.transforms.period_return import period_returns, periods_to_date

NOVEMBER = dt.date(2024, 11, 1)
NOVEMBER_29 = dt.date(2024, 11, 29)
EXPECTED = {"DJI": (7.536, 2), "NDX": (5.228, 4), "RUT": (10.838, 1), "SPX": (5.730, 3)}


@pytest.fixture(scope="module")
def real_returns(real_bars: pl.DataFrame, real_sessions: pl.DataFrame, real_members: pl.DataFrame) -> pl.DataFrame:
    return period_returns(real_bars, real_sessions, real_members)


@pytest.fixture(scope="module")
def real_to_date(real_bars: pl.DataFrame, real_sessions: pl.DataFrame, real_members: pl.DataFrame) -> pl.DataFrame:
    return periods_to_date(real_bars, real_sessions, real_members)


def test_november_2024(real_returns: pl.DataFrame, real_sessions: pl.DataFrame):
    november = real_returns.filter(pl.col("period") == "month", pl.col("period_start") == NOVEMBER)
    assert november["base_session"].unique().to_list() == [dt.date(2024, 10, 31)]
    assert november["period_end"].unique().to_list() == [NOVEMBER_29]
    assert not november["is_partial"].any()
    assert real_sessions.filter(pl.col("month") == "2024-11").height == 20
    found = {row["instrument_id"]: (row["return_pct"], row["rank"]) for row in november.iter_rows(named=True)}
    assert found == {name: (pytest.approx(value, abs=5e-4), rank) for name, (value, rank) in EXPECTED.items()}


def test_the_month_to_date_on_its_last_session_is_the_month(real_to_date: pl.DataFrame):
    latest = real_to_date.filter(pl.col("session") == NOVEMBER_29)
    found = {row["instrument_id"]: (row["mtd_return_pct"], row["mtd_rank"]) for row in latest.iter_rows(named=True)}
    assert found == {name: (pytest.approx(value, abs=5e-4), rank) for name, (value, rank) in EXPECTED.items()}


def test_december_2024_is_one_session_old_and_partial(real_returns: pl.DataFrame):
    december = real_returns.filter(pl.col("period") == "month", pl.col("is_partial"))
    assert december.select("period_start", "period_end", "period_last_session", "base_session").unique().rows() == [
        (dt.date(2024, 12, 2), dt.date(2024, 12, 2), dt.date(2024, 12, 31), NOVEMBER_29)
    ]


def test_a_rank_needs_all_four_which_start_with_the_dow_in_1992(real_returns: pl.DataFrame, real_to_date: pl.DataFrame):
    ranked = real_returns.filter(pl.col("period") == "month", pl.col("rank").is_not_null())
    assert ranked["period_start"].min() == dt.date(1992, 2, 3)
    assert real_to_date.filter(pl.col("day_rank").is_not_null())["session"].min() == dt.date(1992, 1, 3)
    assert ranked.group_by("period_start").len()["len"].unique().to_list() == [4]


def test_returns_keep_the_contract_and_months_compound(real_returns: pl.DataFrame, real_to_date: pl.DataFrame):
    assert core.PeriodReturn.is_valid(real_returns)
    assert core.PeriodToDate.is_valid(real_to_date)
    growth = (1 + pl.col("return_pct") / 100).product()
    spx = real_returns.filter(pl.col("instrument_id") == "SPX", pl.col("period_start") >= dt.date(1928, 1, 1))
    by_year = spx.group_by("period", year=pl.col("period_start").dt.year()).agg(growth=growth)
    months, years = (by_year.filter(pl.col("period") == kind).sort("year") for kind in ("month", "year"))
    assert len(years) == 97
    assert (months["growth"] / years["growth"] - 1).abs().max() < 1e-12
