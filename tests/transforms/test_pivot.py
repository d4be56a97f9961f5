"""What holds for the pivots of any prices; the rules one by one stand in tests/golden."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipelines.contracts import core
from pipelines.contracts.vocabulary import PIVOT_METHODS
from pipelines.parameters import Parameters
from pipelines.transforms.moving_average import moving_averages
from pipelines.transforms.pivot import pivots
from tests.frames import days
from tests.transforms.average_frames import SEEDS, walk

PARAMETERS = Parameters()
SIZE = 240


def _pivots(bars: pl.DataFrame) -> pl.DataFrame:
    return pivots(bars, moving_averages(bars, PARAMETERS), PARAMETERS)


def _bars(seed: int, size: int = SIZE) -> pl.DataFrame:
    return walk(seed, size, gaps=3, rangeless=2)


def test_no_prices_give_no_pivots():
    out = pivots(core.SeriesPrice.create_empty(), core.MovingAverage.create_empty(), PARAMETERS)
    assert out.is_empty()
    assert core.Pivot.is_valid(out)


def test_one_row_gives_no_pivots():
    assert _pivots(_bars(1, 2).head(1)).is_empty()


def test_a_span_below_one_is_refused():
    with pytest.raises(ValueError, match="greater than or equal to 1"):
        Parameters(pivot_span_sessions=0)


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, kept=st.integers(0, SIZE))
def test_cut_at_a_session_exactly_the_rows_confirmed_by_then_are_left(seed: int, kept: int):
    bars = pl.concat([_bars(seed), walk(seed + 1, SIZE, series_id="A/B")])
    last = days(SIZE + 1)[kept]
    whole = core.Pivot.validate(_pivots(bars))
    part = _pivots(bars.filter(pl.col("session") < last))
    assert_frame_equal(part, whole.filter(pl.col("confirmed_session") < last), check_exact=True)


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, power=st.integers(-8, 8))
def test_the_unit_of_the_price_changes_nothing_but_the_price(seed: int, power: int):
    bars = _bars(seed)
    scaled = _pivots(bars.with_columns(pl.col("close", "high", "low") * 2.0**power))
    expected = _pivots(bars)
    assert set(expected["method"]) == set(PIVOT_METHODS), "expected every method to find something"
    assert_frame_equal(scaled, expected.with_columns(pl.col("price") * 2.0**power), check_exact=True)


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_highs_and_lows_of_a_zigzag_alternate_and_are_confirmed_in_order(seed: int):
    out = _pivots(_bars(seed)).sort("extreme_session")
    for method in ("zigzag_atr", "zigzag_pct"):
        found = out.filter(pl.col("method") == method)
        assert len(found) > 1, "expected turns to compare"
        assert (found["kind"] != found["kind"].shift(1)).drop_nulls().all()
        assert found["extreme_session"].is_unique().all()
        assert found["confirmed_session"].is_sorted()
        assert found["confirmed_session"].is_unique().all()
        rises = pl.when(pl.col("kind") == "high").then(pl.col("price").diff() > 0).otherwise(pl.col("price").diff() < 0)
        assert found.select(rises.alias("is_leg"))["is_leg"].drop_nulls().all()


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_fractals_are_those_of_a_plain_loop(seed: int):
    bars = _bars(seed).with_columns(pl.col("close", "high", "low").round(0))
    high = bars.select(pl.coalesce("high", "close").alias("high"))["high"].to_list()
    span = PARAMETERS.pivot_span_sessions
    rows = [
        row
        for row in range(span, SIZE - span)
        if high[row] >= max(high[row - span : row]) and high[row] > max(high[row + 1 : row + span + 1])
    ]
    found = _pivots(bars).filter(pl.col("method") == "fractal", pl.col("kind") == "high")
    assert found["extreme_session"].to_list() == [days(SIZE)[row] for row in rows]
    assert found["confirmed_session"].to_list() == [days(SIZE)[row + span] for row in rows]


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_series_do_not_mix_and_row_order_does_not_matter(seed: int):
    one, other = _bars(seed), walk(seed + 1, 150, series_id="A/B")
    expected = pl.concat([_pivots(one), _pivots(other)])
    shuffled = pl.concat([one, other]).sample(fraction=1, shuffle=True, seed=1)
    assert_frame_equal(_pivots(shuffled), expected, check_exact=True)
