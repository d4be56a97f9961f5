"""Trends of stocks: the flat arrays against one expression a column, and days carried on against the whole."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipelines.contracts.core import StockMovingAverage, StockTrendState
from pipelines.parameters import Parameters
from pipelines.transforms.moving_average import moving_averages
from pipelines.transforms.stock_trend import KEPT_COLUMNS, rows_looked_back, stock_prices, stock_trends
from pipelines.transforms.trend import trend_states
from tests.transforms import expression_average, expression_trend
from tests.transforms.average_frames import SEEDS, walk
from tests.transforms.stock_frames import bars, calendar, prices

PARAMETERS = Parameters()
KEY = ["instrument_id", "session"]


def carried_on(rows: pl.DataFrame, cuts: list[int], parameters: Parameters) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Averages and states of rows that come in stretches of sessions, each from the stored rows in front alone."""
    sessions = rows["session"].unique().sort()
    bounds = [sessions[min(cut, len(sessions) - 1)] for cut in sorted(cuts)] + [None]
    averages, states = StockMovingAverage.create_empty(), StockTrendState.create_empty()
    begin = None
    for bound in bounds:
        so_far = rows if bound is None else rows.filter(pl.col("session") < bound)
        new = so_far if begin is None else so_far.filter(pl.col("session") >= begin)
        front = so_far.join(new, on=KEY, how="anti").join(new, on="instrument_id", how="semi")
        front = front.sort(KEY).group_by("instrument_id", maintain_order=True).tail(rows_looked_back(parameters))
        kept = averages.join(states, on=KEY).join(front, on=KEY, how="semi").select(KEPT_COLUMNS)
        if not new.is_empty():
            more = stock_trends(pl.concat([front.select(new.columns), new]).sort(KEY), parameters, kept)
            averages, states = pl.concat([averages, more[0]]), pl.concat([states, more[1]])
        begin = bound
    return averages.sort(KEY), states.sort(KEY)


@settings(max_examples=25, deadline=None)
@given(
    seed=SEEDS,
    cuts=st.lists(st.integers(1, 700), min_size=1, max_size=6, unique=True),
    confirmation=st.integers(1, 3),
)
def test_any_cut_of_history_gives_the_whole(seed: int, cuts: list[int], confirmation: int) -> None:
    rows, parameters = prices(seed, 6, 700), Parameters(phase_confirmation_sessions=confirmation)
    averages, states = stock_trends(rows, parameters)
    more_averages, more_states = carried_on(rows, cuts, parameters)
    assert_frame_equal(more_averages, averages, check_exact=True)
    assert_frame_equal(more_states, states, check_exact=True)


def test_thirty_days_one_after_the_other_give_the_whole() -> None:
    rows = prices(7, 12, 420)
    averages, states = carried_on(rows, list(range(390, 420)), PARAMETERS)
    assert_frame_equal(averages, stock_trends(rows, PARAMETERS)[0], check_exact=True)
    assert_frame_equal(states, stock_trends(rows, PARAMETERS)[1], check_exact=True)


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, confirmation=st.integers(1, 3))
def test_agrees_with_one_expression_a_column(seed: int, confirmation: int) -> None:
    parameters = Parameters(phase_confirmation_sessions=confirmation)
    series = pl.concat(
        [walk(seed, 500, series_id="A", gaps=3, rangeless=4), walk(seed + 1, 330, series_id="A/B", gaps=2)]
    )
    averages = moving_averages(series, parameters)
    expected = expression_average.moving_averages(series, parameters)
    assert_frame_equal(averages, expected, rel_tol=1e-10, abs_tol=1e-9)
    assert_frame_equal(
        trend_states(series, expected, parameters),
        expression_trend.trend_states(series, expected, parameters),
        rel_tol=1e-12,
    )


def test_stocks_have_the_definitions_of_indices() -> None:
    rows = prices(3, 8, 600)
    averages, states = stock_trends(rows, PARAMETERS)
    series = rows.rename({"instrument_id": "series_id"}).with_columns(series_kind=pl.lit("instrument"))
    expected = moving_averages(series, PARAMETERS)
    assert_frame_equal(averages.drop("bar_number").rename({"instrument_id": "series_id"}), expected, check_exact=True)
    assert_frame_equal(
        states.rename({"instrument_id": "series_id"}), trend_states(series, expected, PARAMETERS), check_exact=True
    )
    number = pl.int_range(1, pl.len() + 1).over("instrument_id", order_by="session")
    assert averages["bar_number"].to_list() == averages.select(number).to_series().to_list()
    StockMovingAverage.validate(averages)
    StockTrendState.validate(states)


def test_too_few_rows_in_front_are_refused() -> None:
    rows = prices(3, 1, 600)
    averages, states = stock_trends(rows, PARAMETERS)
    front = rows_looked_back(PARAMETERS) - 1
    kept = averages.join(states, on=KEY).select(KEPT_COLUMNS).tail(front + 1).head(front)
    with pytest.raises(ValueError, match=r"S000: expected 261 stored rows in front of new ones, was 260"):
        stock_trends(rows.tail(front + 1), PARAMETERS, kept)


def test_missing_sessions_and_bars_without_a_range() -> None:
    some = (
        bars(1, 1, 6).sort("session").with_columns(is_close_only=pl.Series([False, True, False, False, False, False]))
    )
    rows = stock_prices(some.filter(pl.Series([True, True, False, False, True, True])), calendar(6))
    assert rows["missing_before"].to_list() == [0, 0, 2, 0]
    assert rows["high"].is_null().to_list() == [False, True, False, False]
    with pytest.raises(ValueError, match=r"core.stock_bar S000 2019-06-08: expected a session of core.session"):
        stock_prices(some, calendar(5))


def test_no_bars_give_no_rows() -> None:
    averages, states = stock_trends(prices(1, 1, 6).clear(), PARAMETERS)
    assert StockMovingAverage.validate(averages).is_empty()
    assert StockTrendState.validate(states).is_empty()
