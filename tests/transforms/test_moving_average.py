"""Averages against TA-Lib and outside reference rows, and properties that hold for any prices."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipelines.contracts.core import MovingAverage
from pipelines.parameters import Parameters
from pipelines.transforms.moving_average import ATR_SPAN, SMA_SPANS, moving_averages
from pipelines.transforms.scan.flat import Layout, Recursion, recursive_averages, window_means
from tests.frames import days, prices
from tests.transforms.average_frames import SEEDS, walk

KEY = MovingAverage.primary_key()
PARAMETERS = Parameters()


def values(frame: pl.DataFrame, column: str) -> np.ndarray:
    """The column with NaN for null, as TA-Lib has it."""
    return frame[column].cast(pl.Float64).fill_null(float("nan")).to_numpy()


def seeded_average(given_values: list[float | None], span: int, alpha: float) -> list[float | None]:
    """The recursion of one series that starts from the plain mean of its first values; nulls may lead them."""
    numbers = np.array(given_values, dtype=float)
    layout, seeds = Layout.of_lengths([len(numbers)]), np.cumsum(~np.isnan(numbers)) == span
    seeded = np.where(seeds, window_means(numbers, (span,), layout)[span], numbers)
    (found,) = recursive_averages([Recursion(seeded, seeds, alpha, np.array([np.nan]))], layout)
    return [None if np.isnan(value) else value for value in found.tolist()]


@pytest.mark.parametrize(
    ("column", "function", "inputs", "span"),
    [
        ("sma_20", talib.SMA, ["close"], 20),
        ("sma_50", talib.SMA, ["close"], 50),
        ("sma_200", talib.SMA, ["close"], 200),
        ("ema_50", talib.EMA, ["close"], 50),
        ("ema_200", talib.EMA, ["close"], 200),
        ("atr_14", talib.ATR, ["high", "low", "close"], 14),
    ],
)
def test_agrees_with_talib(column: str, function: object, inputs: list[str], span: int) -> None:
    bars = walk(seed=1, size=2000)
    expected = function(*(values(bars, name) for name in inputs), timeperiod=span)
    np.testing.assert_allclose(values(moving_averages(bars, PARAMETERS), column), expected, rtol=1e-11)


@pytest.fixture(scope="module")
def quotes(real_data: Path) -> pl.DataFrame:
    """The 502 bars that the reference rows were computed from."""
    bars = pl.read_csv(real_data / "reference/indicators/quotes_default.csv", try_parse_dates=True)
    columns = {name: bars[name].to_list() for name in ("close", "high", "low")}
    return prices(columns["close"], highs=columns["high"], lows=columns["low"], sessions=bars["date"].to_list())


@pytest.mark.parametrize(("indicator", "column"), [("sma", "sma_20"), ("ema", "ema_20"), ("atr", "atr_14")])
def test_agrees_with_reference_rows(real_data: Path, quotes: pl.DataFrame, indicator: str, column: str) -> None:
    rows = json.loads((real_data / f"reference/indicators/{indicator}.standard.json").read_text())
    expected = np.array([row[indicator] for row in rows], dtype=float)
    ema_20 = seeded_average(quotes["close"].to_list(), 20, 2 / 21)
    ours = moving_averages(quotes, PARAMETERS).with_columns(pl.Series("ema_20", ema_20))
    np.testing.assert_allclose(values(ours, column), expected, rtol=1e-11)


@pytest.mark.parametrize(
    ("given_values", "span", "alpha", "expected"),
    [
        ([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 3, 0.5, [None, None, 1, 2, 3, 4, 5, 6, 7, 8]),
        ([4, 8, 0, 12], 2, 0.25, [None, 6, 4.5, 6.375]),
        ([None, None, 4, 8, 0], 2, 0.5, [None, None, None, 6, 3]),
        ([4, 8], 3, 0.5, [None, None]),
        ([7], 1, 0.5, [7]),
    ],
)
def test_seeded_average_starts_from_the_plain_mean(
    given_values: list[float | None], span: int, alpha: float, expected: list[float | None]
) -> None:
    assert seeded_average(given_values, span, alpha) == expected


def test_a_pair_has_averages_but_no_true_range() -> None:
    frame = MovingAverage.validate(moving_averages(prices([2.0] * 60, series_id="A/B"), PARAMETERS))
    assert frame["sma_50"].drop_nulls().to_list() == [2.0] * 11
    assert frame["atr_reason"].unique().to_list() == ["no_intraday_range"]
    assert frame["distance_sma_50_atr"].null_count() == 60


@pytest.mark.parametrize("missing", ["highs", "lows"])
def test_a_high_or_a_low_alone_is_no_range(missing: str) -> None:
    ranges: dict[str, list[float | None]] = {"highs": [101.0] * 20, "lows": [99.0] * 20}
    ranges[missing] = [None] * 20
    frame = MovingAverage.validate(moving_averages(prices([100.0] * 20, **ranges), PARAMETERS))
    assert frame["atr_reason"].unique().to_list() == ["no_intraday_range"]
    assert frame["atr_14"].null_count() == 20


def test_a_standstill_has_no_distance_in_ranges() -> None:
    frame = MovingAverage.validate(moving_averages(prices([100.0] * 60), PARAMETERS))
    last = frame.row(-1, named=True)
    assert (last["atr_14"], last["distance_sma_50_pct"], last["distance_sma_50_atr"]) == (0.0, 0.0, None)


def test_no_prices_give_no_averages() -> None:
    assert MovingAverage.validate(moving_averages(walk(1, 5).clear(), PARAMETERS)).is_empty()


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, size=st.integers(1, 300), kept=st.floats(0, 1))
def test_no_row_uses_a_later_one(seed: int, size: int, kept: float) -> None:
    bars = walk(seed, max(size, 2), gaps=3, rangeless=3)
    head = round(bars.height * kept)
    whole = MovingAverage.validate(moving_averages(bars, PARAMETERS))
    assert_frame_equal(moving_averages(bars.head(head), PARAMETERS), whole.head(head), check_exact=True)


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_ten_times_the_price_changes_points_only(seed: int) -> None:
    bars = walk(seed, 260, gaps=2, rangeless=2)
    points = ["close", *(f"sma_{span}" for span in SMA_SPANS), "ema_50", "ema_200", f"atr_{ATR_SPAN}"]
    scaled = moving_averages(bars.with_columns(pl.col("close", "high", "low") * 10), PARAMETERS)
    expected = moving_averages(bars, PARAMETERS).with_columns(pl.col(points) * 10)
    assert_frame_equal(scaled, expected, rel_tol=1e-9, abs_tol=1e-8)


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_a_mean_moves_by_the_close_that_enters_less_the_one_that_leaves(seed: int) -> None:
    frame = moving_averages(walk(seed, 400), PARAMETERS)
    close = frame["close"]
    for span in SMA_SPANS:
        moved = frame[f"sma_{span}"].diff().drop_nulls()
        expected = ((close - close.shift(span)) / span).drop_nulls()
        np.testing.assert_allclose(moved, expected, atol=1e-10)


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_series_do_not_mix_and_row_order_does_not_matter(seed: int) -> None:
    one, other = walk(seed, 260, series_id="A", gaps=2), walk(seed + 1, 230, series_id="A/B", gaps=2)
    shuffled = pl.concat([one, other]).sample(fraction=1, shuffle=True, seed=seed)
    expected = pl.concat([moving_averages(one, PARAMETERS), moving_averages(other, PARAMETERS)])
    both = moving_averages(shuffled, PARAMETERS)
    assert_frame_equal(both, expected, check_exact=True)
    assert both.select(KEY).rows() == [*(("A", day) for day in days(260)), *(("A/B", day) for day in days(230))]
