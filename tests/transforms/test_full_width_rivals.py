"""What the benchmark measures the trend tables against finds the same values, so that it does the same work."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from benchmarks.full_width_market import bars_of, calendar
from benchmarks.full_width_rivals import by_pandas, by_talib
from pipelines.parameters import Parameters
from pipelines.transforms.stock_trend import stock_prices, stock_trends


@pytest.mark.parametrize("derive", [by_talib, by_pandas])
def test_a_rival_finds_the_same(derive: Callable[..., dict[str, np.ndarray]]) -> None:
    days = calendar(900)
    prices = stock_prices(bars_of(["S"], days["session"], seed=4), days)
    averages, states = stock_trends(prices, Parameters())
    arrays = [prices[name].to_numpy(writable=True) for name in ("close", "high", "low", "missing_before")]
    found = derive(prices["session"].to_numpy(writable=True), *arrays)
    ours = pl.concat([averages.drop("bar_number"), states.drop("instrument_id", "session")], how="horizontal")
    assert set(found) | {"instrument_id", "session", "close"} == set(ours.columns)
    for name, values in found.items():
        # Only where ours is given: the rival says false or zero where we say that nothing can be said.
        expected, is_given = ours[name], ours[name].is_not_null()
        if expected.dtype.is_float():
            np.testing.assert_allclose(values[is_given.to_numpy()], expected.drop_nulls(), rtol=1e-8, atol=1e-9)
        else:
            assert (
                pl.Series(values[is_given.to_numpy()]).cast(expected.dtype).to_list() == expected.drop_nulls().to_list()
            )
            assert is_given.any() or "reason" not in name
