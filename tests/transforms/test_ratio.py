"""Ratios: which sessions have one, the base, and what holds of every pair."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipelines.contracts import core
from pipelines.parameters import Parameters
from pipelines.transforms.ratio import ratios
from tests.market import bars, calendar, pairs, random_bars, weekdays

SEEDS = st.integers(0, 2**32 - 1)
DAYS = weekdays(dt.date(2020, 1, 1), dt.date(2020, 8, 31))
CALENDAR = calendar(weekdays(dt.date(2020, 1, 1), dt.date(2020, 12, 31)))
SHORT = Parameters(mansfield_weeks=5, mansfield_slope_weeks=2)
BASE = dt.date(2020, 3, 1)


def test_a_session_that_one_side_lacks_has_no_row():
    first, second, third = DAYS[:3]
    frame = bars({"A": {first: 10, second: 11, third: 12}, "B": {first: 5, third: 4}})
    out = ratios(frame, pairs("A/B"), CALENDAR, Parameters())
    assert out.select("session", "ratio", "numerator_close", "denominator_close").rows() == [
        (first, 2.0, 10.0, 5.0),
        (third, 3.0, 12.0, 4.0),
    ]
    assert core.Ratio.is_valid(out)


def test_a_pair_without_bars_has_no_rows():
    frame = bars({"A": {DAYS[0]: 10}})
    assert ratios(frame, pairs("A/B", "B/A"), CALENDAR, Parameters()).is_empty()
    assert core.Ratio.is_valid(ratios(frame.clear(), pairs("A/B"), CALENDAR, Parameters()))


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_a_ratio_times_its_inverse_is_one(seed: int):
    frame = random_bars(seed, DAYS, ["A", "B"], missing_share=0.1)
    out = ratios(frame, pairs("A/B", "B/A"), CALENDAR, SHORT).partition_by("pair_id")
    assert out[0]["session"].to_list() == out[1]["session"].to_list()
    np.testing.assert_allclose(out[0]["ratio"] * out[1]["ratio"], 1.0, rtol=1e-12)


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, cut=st.integers(1, len(DAYS)), base=st.sampled_from([BASE, DAYS[40], dt.date(2021, 6, 1)]))
def test_later_bars_change_no_earlier_row(seed: int, cut: int, base: dt.date):
    frame = random_bars(seed, DAYS, ["A", "B"], missing_share=0.1)
    until = pl.col("session") <= DAYS[cut - 1]
    pair = pairs("A/B", base_date=base)
    whole = ratios(frame, pair, CALENDAR, SHORT)
    assert_frame_equal(ratios(frame.filter(until), pair, CALENDAR, SHORT), whole.filter(until))


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_the_order_of_rows_is_irrelevant(seed: int):
    frame = random_bars(seed, DAYS, ["A", "B", "C"], missing_share=0.1)
    followed = pairs("A/B", "C/B", base_date=BASE)
    shuffled = ratios(
        frame.sample(fraction=1, shuffle=True, seed=1),
        followed.reverse(),
        CALENDAR.sample(fraction=1, shuffle=True, seed=2),
        SHORT,
    )
    whole = ratios(frame, followed, CALENDAR, SHORT)
    assert_frame_equal(shuffled, whole, check_exact=True)
    assert_frame_equal(whole, whole.sort("pair_id", "session"))


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS, factor=st.sampled_from([0.01, 10.0, 1e6]))
def test_relative_strength_does_not_depend_on_the_scale(seed: int, factor: float):
    frame = random_bars(seed, DAYS, ["A", "B"])
    of_numerator = pl.col("instrument_id") == "A"
    scaled = frame.with_columns(
        pl.when(of_numerator).then(pl.col(price) * factor).otherwise(price).alias(price)
        for price in ("open", "high", "low", "close")
    )
    columns = ["rebased", "mansfield_pct", "mansfield_slope_bp_per_week"]
    followed = pairs("A/B", base_date=BASE)
    assert_frame_equal(
        ratios(scaled, followed, CALENDAR, SHORT).select(columns),
        ratios(frame, followed, CALENDAR, SHORT).select(columns),
        abs_tol=1e-6,
    )
