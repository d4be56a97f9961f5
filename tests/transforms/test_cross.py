"""Crosses on averages set by hand, and properties that hold for any prices."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipelines.contracts.core import Cross
from pipelines.parameters import Parameters
from pipelines.transforms.cross import crosses
from pipelines.transforms.moving_average import moving_averages
from tests.frames import days, prices
from tests.transforms.average_frames import SEEDS, averages, walk

PARAMETERS = Parameters()


@pytest.mark.parametrize(
    ("sma_50", "events"),
    [
        pytest.param([9, 9, 11, 11], [(2, "golden")], id="above"),
        pytest.param([11, 9, 9], [(1, "death")], id="below"),
        pytest.param([9, 11, 9, 11], [(1, "golden"), (2, "death"), (3, "golden")], id="to and fro"),
        pytest.param([None, 11, 11], [], id="the first side is no event"),
        pytest.param([10, 11], [], id="no side before the first"),
        pytest.param([9, 10, 10, 11], [(3, "golden")], id="equality keeps the side, then above"),
        pytest.param([9, 10, 9], [], id="touched from below"),
        pytest.param([11, 10, 11], [], id="touched from above"),
        pytest.param([9, None, 11], [(2, "golden")], id="null keeps the side, then above"),
        pytest.param([9, None, 9], [], id="null and the same side"),
        pytest.param([9, 10 * (1 + 1e-15), 9], [], id="equal but for floating point"),
        pytest.param([None, None], [], id="no averages"),
    ],
)
def test_an_event_is_a_change_of_side(sma_50: list[float | None], events: list[tuple[int, str]]) -> None:
    size = len(sma_50)
    frame = Cross.validate(crosses(averages([12.0] * size, sma_50=sma_50, sma_200=[10.0] * size)))
    assert frame.select("session", "cross").rows() == [(days(size)[row], cross) for row, cross in events]
    assert frame["sma_50"].to_list() == [sma_50[row] for row, _ in events]


def test_a_halted_series_does_not_cross() -> None:
    """After a rise the price stands still: SMA50 and SMA200 both end on it, and rounding makes no event."""
    closes = [100.1 * 1.003**row for row in range(300)]
    frame = moving_averages(prices([*closes, *[closes[-1]] * 400]), PARAMETERS)
    assert crosses(frame).is_empty()


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, kept=st.floats(0, 1))
def test_no_event_depends_on_a_later_row(seed: int, kept: float) -> None:
    frame = moving_averages(walk(seed, 900, gaps=3), PARAMETERS)
    head = frame.head(round(frame.height * kept))
    known = crosses(frame).filter(pl.col("session").is_in(head["session"].implode()))
    assert_frame_equal(crosses(head), known, check_exact=True)


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_kinds_alternate_and_series_do_not_mix(seed: int) -> None:
    one, other = (moving_averages(walk(seed + n, 900, series_id=name), PARAMETERS) for n, name in enumerate("AB"))
    both = crosses(pl.concat([other, one]).sample(fraction=1, shuffle=True, seed=seed))
    assert_frame_equal(both, pl.concat([crosses(one), crosses(other)]), check_exact=True)
    repeated = pl.col("cross") == pl.col("cross").shift(1).over("series_id", order_by="session")
    assert both.filter(repeated).is_empty()


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_ten_times_the_price_crosses_on_the_same_sessions(seed: int) -> None:
    bars = walk(seed, 900)
    scaled = bars.with_columns(pl.col("close", "high", "low") * 10)
    columns = ["session", "cross"]
    once, tenfold = (crosses(moving_averages(frame, PARAMETERS)).select(columns) for frame in (bars, scaled))
    assert once.rows() == tenfold.rows()
