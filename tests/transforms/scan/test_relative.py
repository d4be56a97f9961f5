"""The turning-point filter and the CUSUM on short sequences worked by hand, and their symmetries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.transforms.scan.relative import NO_ROW, cusum, turning_points

SEEDS = st.integers(0, 2**32 - 1)

# One row per value: (direction, extreme_row, confirmed_row), with a filter of 10 % both ways.
NONE_YET = (0, NO_ROW, NO_ROW)
TURNS = {
    "nothing is confirmed within the filter": (
        [100, 105, 95, 104],
        [NONE_YET, NONE_YET, NONE_YET, NONE_YET],
    ),
    "a first peak, its trough, and the next peak": (
        [100, 110, 100, 98, 90, 98, 100, 120, 107],
        # The filter stands at 99 under the peak of 110, at 99 over the trough of 90, at 108 under 120.
        [NONE_YET, NONE_YET, NONE_YET, (-1, 1, 3), (-1, 1, 3), (-1, 1, 3), (1, 4, 6), (1, 4, 6), (-1, 7, 8)],
    ),
    "a first trough": (
        [100, 95, 100, 104, 105],
        # The filter stands at 104.5 over the trough of 95.
        [NONE_YET, NONE_YET, NONE_YET, NONE_YET, (1, 1, 4)],
    ),
    "of equal extremes the first counts": (
        [100, 110, 110, 98],
        [NONE_YET, NONE_YET, NONE_YET, (-1, 1, 3)],
    ),
    "a fall after the confirming row lowers the trough": (
        [100, 89, 80, 87, 89],
        # The filter stands at 88 over the trough of 80.
        [NONE_YET, (-1, 0, 1), (-1, 0, 1), (-1, 0, 1), (1, 2, 4)],
    ),
}

# One row per change: (up, down, direction, onset_row, alarm_row), with k = 0.25 and h = 1.
NAN = float("nan")
SUMS = {
    "sums, an alarm, and the start from zero": (
        [0.75, 0.25, 1.0, 0.5],
        # up 0.5, 0.5, 1.25 > 1: alarm; then 0.25
        [
            (0.5, 0, 0, NO_ROW, NO_ROW),
            (0.5, 0, 0, NO_ROW, NO_ROW),
            (0, 0, 1, 0, 2),
            (0.25, 0, 1, 0, 2),
        ],
    ),
    "the onset follows the last zero": (
        [0.5, -2.0, 0.75, 0.75, 0.5],
        # up 0.25, 0, 0.5, 1.0 (not beyond 1), 1.25; down 0, 1.75: alarm at once, then stays at zero
        [
            (0.25, 0, 0, NO_ROW, NO_ROW),
            (0, 0, -1, 1, 1),
            (0.5, 0, -1, 1, 1),
            (1.0, 0, -1, 1, 1),
            (0, 0, 1, 2, 4),
        ],
    ),
    "a second alarm of one direction moves onset and alarm": (
        [1.5, 0.0, 1.5],
        [(0, 0, 1, 0, 0), (0, 0, 1, 0, 0), (0, 0, 1, 2, 2)],
    ),
    "a rise takes away what the other sum had": (
        [-1.0, 3.0, -0.5],
        # down 0.75, then 0.75 - 3.25 is cut at zero, then 0.25
        [(0, 0.75, 0, NO_ROW, NO_ROW), (0, 0, 1, 1, 1), (0, 0.25, 1, 1, 1)],
    ),
    "null before the first change, held over a gap": (
        [NAN, 0.75, NAN, 0.25],
        [
            (NAN, NAN, 0, NO_ROW, NO_ROW),
            (0.5, 0, 0, NO_ROW, NO_ROW),
            (0.5, 0, 0, NO_ROW, NO_ROW),
            (0.5, 0, 0, NO_ROW, NO_ROW),
        ],
    ),
}


def _column(values: list[float]) -> np.ndarray:
    return np.array(values, dtype=float)[:, np.newaxis]


@pytest.mark.parametrize(("values", "expected"), TURNS.values(), ids=TURNS.keys())
def test_turning_points(values: list[float], expected: list[tuple[int, int, int]]):
    states = turning_points(_column(values), 0.1)
    assert [tuple(int(state[row, 0]) for state in states) for row in range(len(values))] == expected


@pytest.mark.parametrize(("changes", "expected"), SUMS.values(), ids=SUMS.keys())
def test_cusum(changes: list[float], expected: list[tuple[float, ...]]):
    states = cusum(_column(changes), drift=0.25, threshold=1.0)
    np.testing.assert_array_equal(np.column_stack([state[:, 0] for state in states]), np.array(expected))


def test_series_do_not_touch_each_other_and_a_shorter_one_is_padded():
    values = np.array([[100.0, 100.0], [110.0, 95.0], [99.0, 105.0], [109.0, np.nan]])
    states = turning_points(values, 0.1)
    assert states.direction.tolist() == [[0, 0], [0, 0], [-1, 1], [1, 1]]
    assert states.extreme_row.tolist() == [[-1, -1], [-1, -1], [1, 1], [2, 1]]


def test_no_rows_give_no_states():
    assert turning_points(np.empty((0, 0)), 0.1).direction.shape == (0, 0)
    assert cusum(np.empty((0, 0)), 0.25, 8.0).up.shape == (0, 0)


def _walk(seed: int, rows: int = 200) -> np.ndarray:
    return 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.03, (rows, 2)), axis=0))


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, cut=st.integers(1, 199))
def test_later_rows_change_no_earlier_state(seed: int, cut: int):
    values = _walk(seed)
    for machine in (lambda array: turning_points(array, 0.1), lambda array: cusum(array / 100 - 1, 0.25, 1.0)):
        for whole, part in zip(machine(values), machine(values[:cut]), strict=True):
            np.testing.assert_array_equal(whole[:cut], part)


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, power=st.integers(-20, 20))
def test_turning_points_do_not_depend_on_the_scale(seed: int, power: int):
    values = _walk(seed)
    for whole, scaled in zip(turning_points(values, 0.1), turning_points(values * 2.0**power, 0.1), strict=True):
        np.testing.assert_array_equal(whole, scaled)


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS)
def test_the_extreme_lies_the_filter_away_from_its_confirmation(seed: int):
    values = _walk(seed)
    states = turning_points(values, 0.1)
    for series in range(2):
        for row in np.flatnonzero(states.confirmed_row[:, series] == np.arange(len(values))):
            extreme, direction = states.extreme_row[row, series], states.direction[row, series]
            moved = direction * (values[row, series] / values[extreme, series] - 1)
            assert moved >= 0.1 - 1e-12
            between = values[extreme : row + 1, series]
            assert values[extreme, series] == (between.min() if direction > 0 else between.max())


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS)
def test_cusum_mirrors(seed: int):
    changes = np.random.default_rng(seed).normal(0, 1, (200, 2))
    one, other = cusum(changes, 0.25, 3.0), cusum(-changes, 0.25, 3.0)
    assert np.abs(one.direction).max() == 1, "expected at least one alarm to compare"
    np.testing.assert_array_equal(one.up, other.down)
    np.testing.assert_array_equal(one.direction, -other.direction)
    np.testing.assert_array_equal(one.onset_row, other.onset_row)
    np.testing.assert_array_equal(one.alarm_row, other.alarm_row)
