"""Relative regimes: what holds of every pair."""

from __future__ import annotations

import datetime as dt

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipelines.contracts import core
from pipelines.parameters import Parameters
from pipelines.transforms.ratio import ratios
from pipelines.transforms.relative_regime import relative_regimes
from tests.market import calendar, pairs, random_bars, weekdays

SEEDS = st.integers(0, 2**32 - 1)
DAYS = weekdays(dt.date(2020, 1, 1), dt.date(2020, 12, 31))
CALENDAR = calendar(DAYS)
# Small windows, so that a year of sessions sees alarms and turns.
SHORT = Parameters(cusum_volatility_sessions=20, cusum_threshold=4.0)


def _ratios(seed: int, *pair_ids: str) -> pl.DataFrame:
    return ratios(random_bars(seed, DAYS, ["A", "B", "C"], missing_share=0.05), pairs(*pair_ids), CALENDAR, SHORT)


def test_no_ratios_give_no_regimes():
    out = relative_regimes(core.Ratio.create_empty(), CALENDAR, Parameters())
    assert out.is_empty()
    assert core.RelativeRegime.is_valid(out)


def test_a_ratio_that_never_moves_has_no_regime():
    frame = _ratios(1, "A/B").with_columns(ratio=2.0, numerator_close=2.0, denominator_close=1.0)
    out = relative_regimes(frame, CALENDAR, SHORT)
    assert out["verdict"].unique().to_list() == ["none"]
    assert out["cusum_up"].null_count() == len(out), "expected no CUSUM without any volatility to measure by"
    assert out["quarter_streak"].drop_nulls().unique().to_list() == [0]


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_one_valid_row_per_ratio_row_in_any_order_of_rows(seed: int):
    frame = _ratios(seed, "A/B", "C/B")
    out = relative_regimes(frame, CALENDAR, SHORT)
    assert core.RelativeRegime.is_valid(out)
    assert_frame_equal(out.select("pair_id", "session"), frame.select("pair_id", "session"))
    shuffled = relative_regimes(frame.sample(fraction=1, shuffle=True, seed=1), CALENDAR.reverse(), SHORT)
    assert_frame_equal(shuffled, out, check_exact=True)


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS, cut=st.integers(0, len(DAYS) - 1))
def test_later_ratios_change_no_earlier_state(seed: int, cut: int):
    frame, until = _ratios(seed, "A/B", "C/B"), pl.col("session") <= DAYS[cut]
    part = relative_regimes(frame.filter(until), CALENDAR, SHORT)
    assert_frame_equal(part, relative_regimes(frame, CALENDAR, SHORT).filter(until), check_exact=True)


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_a_pair_stands_alone(seed: int):
    frame = _ratios(seed, "A/B", "C/B")
    alone = relative_regimes(frame.filter(pl.col("pair_id") == "C/B"), CALENDAR, SHORT)
    together = relative_regimes(frame, CALENDAR, SHORT).filter(pl.col("pair_id") == "C/B")
    assert_frame_equal(alone, together, check_exact=True)


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_quarters_and_cusum_mirror_when_the_pair_is_turned_round(seed: int):
    frame = _ratios(seed, "A/B", "B/A")
    one, other = relative_regimes(frame, CALENDAR, SHORT).partition_by("pair_id")
    opposite = pl.col("cusum_direction").replace_strict({"up": "down", "down": "up"}, return_dtype=pl.String)
    mirrored = other.with_columns(
        pair_id=pl.lit("A/B"),
        quarter_excess_pct_points=-pl.col("quarter_excess_pct_points"),
        cusum_direction=opposite,
        cusum_up="cusum_down",
        cusum_down="cusum_up",
    )
    columns = [name for name in one.columns if name.startswith(("quarter", "cusum"))]
    assert one["cusum_alarm_session"].n_unique() > 1, "expected at least one alarm to compare"
    assert_frame_equal(one.select(columns), mirrored.select(columns), abs_tol=1e-6)


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_a_verdict_follows_its_detectors(seed: int):
    rows = relative_regimes(_ratios(seed, "A/B", "C/B"), CALENDAR, SHORT)
    tie = SHORT.quarter_tie_pct_points
    for row in rows.iter_rows(named=True):
        excess = row["quarter_excess_pct_points"]
        quarter = None if excess is None or abs(excess) < tie else "up" if excess > 0 else "down"
        agreeing = [quarter, row["cusum_direction"]].count(row["turning_direction"]) if row["turning_direction"] else 0
        word = {"up": "outperforming", "down": "underperforming"}.get(row["turning_direction"])
        assert row["verdict"] == (word if agreeing else "none")
        assert row["confidence"] == (1 + agreeing if agreeing else None)
        assert row["since"] == (row["turning_extreme_session"] if agreeing else None)
        assert row["confirmed_session"] is None or row["since"] < row["confirmed_session"] <= row["session"]
