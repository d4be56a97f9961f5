"""Random prices, and frames of averages set by hand, for the tests of averages and trends."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from hypothesis import strategies as st

from pipelines.contracts.core import MovingAverage
from tests.frames import days, prices

SEEDS = st.integers(min_value=0, max_value=2**32 - 1)
Values = Sequence[float | None]


def walk(seed: int, size: int, *, series_id: str = "A", gaps: int = 0, rangeless: int = 0) -> pl.DataFrame:
    """Return prices of a random walk with some missing sessions and some rows without high and low."""
    random = np.random.default_rng(seed)
    closes = 100 * np.exp(np.cumsum(random.normal(0, 0.02, size)))
    widths = closes * random.uniform(0.001, 0.02, size)
    missing = np.zeros(size, dtype=int)
    missing[random.integers(1, size, gaps)] = 1
    without = set(random.integers(0, size, rangeless).tolist())
    return prices(
        closes.tolist(),
        highs=[None if row in without else high for row, high in enumerate((closes + widths).tolist())],
        lows=[None if row in without else low for row, low in enumerate((closes - widths).tolist())],
        missing_before=missing.tolist(),
        series_id=series_id,
    )


def averages(
    closes: Sequence[float],
    *,
    sma_50: Values | None = None,
    sma_200: Values | None = None,
    slope_50: Values | None = None,
    slope_200: Values | None = None,
    atr_14: Values | None = None,
    series_id: str = "A",
) -> pl.DataFrame:
    """Return a ``core.MovingAverage`` frame of one series that holds the given columns; all others are null."""
    given = {
        "sma_50": sma_50,
        "sma_200": sma_200,
        "slope_50_bp_per_day": slope_50,
        "slope_200_bp_per_day": slope_200,
        "atr_14": atr_14,
    }
    size = len(closes)
    dtypes = {name: column.dtype for name, column in MovingAverage.columns().items()}
    columns = {name: given.get(name) or [None] * size for name in dtypes}
    columns |= {"series_id": [series_id] * size, "session": days(size), "close": [float(close) for close in closes]}
    columns |= {f"ema_{span}_is_stable": [False] * size for span in (50, 200)}
    reasons = {"reason_20": "sma_20", "reason_50": "sma_50", "reason_200": "sma_200", "atr_reason": "atr_14"}
    columns |= {
        reason: ["warm_up" if value is None else None for value in columns[explained]]
        for reason, explained in reasons.items()
    }
    return MovingAverage.validate(pl.DataFrame(columns, schema=dtypes, strict=False))
