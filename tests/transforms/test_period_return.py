"""Period returns: errors, and what holds of every universe."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipelines.contracts import core
from pipelines.transforms.period_return import period_returns, periods_to_date
from tests.market import calendar, random_bars, universe, weekdays

SEEDS = st.integers(0, 2**32 - 1)
CALENDAR = calendar(weekdays(dt.date(2019, 11, 1), dt.date(2021, 12, 31)))
DAYS = weekdays(dt.date(2019, 12, 2), dt.date(2021, 5, 12))
MEMBERS = universe(["A", "B", "C"], benchmark="B")
KEY = ["universe_id", "instrument_id", "period", "period_start"]


@pytest.mark.parametrize("benchmarks", [[], ["A", "B"]])
def test_a_universe_has_one_benchmark(benchmarks: list[str]):
    members = MEMBERS.with_columns(is_benchmark=pl.col("instrument_id").is_in(benchmarks))
    with pytest.raises(ValueError, match=r"core\.universe_member: expected one benchmark of U, was \["):
        period_returns(random_bars(0, DAYS, ["A", "B", "C"]), CALENDAR, members)


def test_without_bars_there_are_no_rows():
    none = core.Bar.create_empty()
    for transform, table in ((period_returns, core.PeriodReturn), (periods_to_date, core.PeriodToDate)):
        out = transform(none, CALENDAR, MEMBERS)
        assert out.is_empty()
        assert table.is_valid(out)


def test_a_member_without_any_bar_leaves_the_others_unranked():
    frame = random_bars(0, DAYS, ["A", "B"])
    assert period_returns(frame, CALENDAR, MEMBERS)["rank"].null_count() == len(
        period_returns(frame, CALENDAR, MEMBERS)
    )
    assert periods_to_date(frame, CALENDAR, MEMBERS)["day_rank"].drop_nulls().is_empty()


def test_universes_are_ranked_apart():
    members = pl.concat([MEMBERS, universe(["B", "C"], benchmark="C", universe_id="V")])
    frame = random_bars(3, DAYS, ["A", "B", "C"])
    for transform in (period_returns, periods_to_date):
        both = transform(frame, CALENDAR, members)
        for part in ("U", "V"):
            alone = transform(frame, CALENDAR, members.filter(pl.col("universe_id") == part))
            assert_frame_equal(both.filter(pl.col("universe_id") == part), alone)


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_months_compound_to_the_year(seed: int):
    out = period_returns(random_bars(seed, DAYS, ["A", "B", "C"]), CALENDAR, MEMBERS)
    within = out.filter(pl.col("period_start").dt.year() >= 2020)
    growth = within.group_by("instrument_id", "period", year=pl.col("period_start").dt.year()).agg(
        growth=(1 + pl.col("return_pct") / 100).product()
    )
    of = {kind: growth.filter(pl.col("period") == kind).sort("instrument_id", "year") for kind in ("month", "year")}
    assert len(of["year"]) == 6
    np.testing.assert_allclose(of["month"]["growth"], of["year"]["growth"], rtol=1e-12)


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_a_running_period_equals_its_return_to_date(seed: int):
    frame = random_bars(seed, DAYS, ["A", "B", "C"], missing_share=0.05)
    returns = period_returns(frame, CALENDAR, MEMBERS).filter("is_partial")
    latest = periods_to_date(frame, CALENDAR, MEMBERS).filter(pl.col("session") == frame["session"].max())
    for prefix, kind in {"wtd": "week", "mtd": "month", "qtd": "quarter", "ytd": "year"}.items():
        running = returns.filter(pl.col("period") == kind).select("instrument_id", "return_pct", "rank")
        to_date = latest.select("instrument_id", return_pct=f"{prefix}_return_pct", rank=f"{prefix}_rank")
        assert_frame_equal(running.join(latest, on="instrument_id", how="semi"), to_date)


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS, cut=st.integers(10, len(DAYS)))
def test_later_bars_change_no_completed_period_and_no_return_to_date(seed: int, cut: int):
    frame = random_bars(seed, DAYS, ["A", "B", "C"], missing_share=0.02)
    known = frame.filter(pl.col("session") <= DAYS[cut - 1])
    part, whole = period_returns(known, CALENDAR, MEMBERS), period_returns(frame, CALENDAR, MEMBERS)
    completed = part.filter(~pl.col("is_partial"))
    assert_frame_equal(completed, whole.join(completed, on=KEY, how="semi"), check_exact=True)
    assert_frame_equal(
        periods_to_date(known, CALENDAR, MEMBERS),
        periods_to_date(frame, CALENDAR, MEMBERS).filter(pl.col("session") <= DAYS[cut - 1]),
        check_exact=True,
    )


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS, power=st.integers(-10, 10))
def test_neither_order_nor_scale_matters(seed: int, power: int):
    frame = random_bars(seed, DAYS, ["A", "B", "C"], missing_share=0.02)
    prices = pl.col("open", "high", "low", "close") * 2.0**power
    other = frame.with_columns(prices).sample(fraction=1, shuffle=True, seed=1)
    for transform in (period_returns, periods_to_date):
        assert_frame_equal(
            transform(other, CALENDAR.reverse(), MEMBERS.reverse()),
            transform(frame, CALENDAR, MEMBERS),
            check_exact=True,
        )


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_rows_tile_time_and_keep_the_contract(seed: int):
    out = period_returns(random_bars(seed, DAYS, ["A", "B", "C"], missing_share=0.05), CALENDAR, MEMBERS)
    assert core.PeriodReturn.is_valid(out)
    before = pl.col("period_last_session").shift(1).over(KEY[:3], order_by="period_start")
    assert out.filter(before != pl.col("base_session")).is_empty()
    assert out.filter(pl.col("is_partial")).group_by("instrument_id", "period").len()["len"].max() == 1
