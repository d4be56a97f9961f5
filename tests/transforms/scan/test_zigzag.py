"""The zigzag on short sequences worked by hand, and what holds for every one of them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.transforms.scan.zigzag import HIGH, LOW, Turns, zigzag

SEEDS = st.integers(0, 2**32 - 1)
NAN = float("nan")
EIGHTH = 0.125

# Highs, lows, points, share; then one (side, extreme_row, confirmed_row) per turn.
CASES = {
    "nothing turns within the distance": (
        [100, 105, 96, 104],
        [100, 105, 96, 104],
        [0] * 4,
        EIGHTH,
        [],
    ),
    "a high, its low and the next high, each on the edge": (
        # 112 asks for 98, 88 for 99, 120 for 105.
        [101, 112, 104, 98, 88, 97, 99, 120, 105],
        [101, 112, 104, 98, 88, 97, 99, 120, 105],
        [0] * 9,
        EIGHTH,
        [(HIGH, 1, 3), (LOW, 4, 6), (HIGH, 7, 8)],
    ),
    "of equal extremes the latest counts": (
        [101, 112, 112, 98],
        [101, 112, 112, 98],
        [0] * 4,
        EIGHTH,
        [(HIGH, 2, 3)],
    ),
    "a bar that moves the extreme sees no reversal from it, and its low is not that of the next leg": (
        # The bar of 120 falls to 100, below the 105 that is asked for; the next one to 104 confirms.
        [100, 110, 120, 118, 120],
        [99, 105, 100, 104, 112],
        [0] * 5,
        EIGHTH,
        [(LOW, 0, 2), (HIGH, 2, 3), (LOW, 3, 4)],
    ),
    "nor does a bar that equals it": (
        [100, 110, 120, 120, 110],
        [99, 105, 100, 104, 105],
        [0] * 5,
        EIGHTH,
        [(LOW, 0, 2), (HIGH, 3, 4)],
    ),
    "a first bar is both extremes, and a bar that would turn both ways turns neither": (
        # 120 asks for 105, 100 for 112.5.
        [120, 113, 113],
        [100, 104, 106],
        [0] * 3,
        EIGHTH,
        [(LOW, 0, 2)],
    ),
    "points start the series": (
        [50, 60, 100, 102, 99],
        [50, 60, 100, 102, 99],
        [NAN, NAN, 3, 3, 3],
        0.0,
        [(HIGH, 3, 4)],
    ),
    "without points no reversal is seen, while extremes run on": (
        # 99 lies three points under 102 unseen; 100 lies two under it, and the low is still the 99.
        [100, 102, 99, 100, 100, 101],
        [100, 102, 99, 100, 100, 101],
        [3, 3, NAN, 3, 2, 2],
        0.0,
        [(HIGH, 1, 4), (LOW, 2, 5)],
    ),
}


def _column(values: list[float]) -> np.ndarray:
    return np.array(values, dtype=float)[:, np.newaxis]


def _of(turns: Turns, series: int) -> list[tuple[int, int, int]]:
    rows = zip(turns.side, turns.series, turns.extreme_row, turns.confirmed_row, strict=True)
    return [(int(side), int(extreme), int(confirmed)) for side, of, extreme, confirmed in rows if of == series]


@pytest.mark.parametrize(("highs", "lows", "points", "share", "expected"), CASES.values(), ids=CASES.keys())
def test_zigzag(highs: list, lows: list, points: list, share: float, expected: list[tuple[int, int, int]]):
    assert _of(zigzag(_column(highs), _column(lows), _column(points), share), 0) == expected


@pytest.mark.parametrize(("highs", "lows", "points", "share", "expected"), CASES.values(), ids=CASES.keys())
def test_zigzag_upside_down(highs: list, lows: list, points: list, share: float, expected: list[tuple[int, int, int]]):
    """Mirrored points (share 0 or on the mirrored price) turn on the same rows on the other side."""
    mirrored = zigzag(-_column(lows), -_column(highs), _column(points), share)
    assert _of(mirrored, 0) == [(1 - side, extreme, confirmed) for side, extreme, confirmed in expected]


def test_series_do_not_touch_each_other_and_a_shorter_one_is_padded():
    values = np.array([[101.0, 80.0], [112.0, 79.0], [98.0, 90.0], [112.0, NAN]])
    turns = zigzag(values, values, np.zeros((4, 2)), EIGHTH)
    assert _of(turns, 0) == [(HIGH, 1, 2), (LOW, 2, 3)]
    assert _of(turns, 1) == [(LOW, 1, 2)]


def test_no_rows_give_no_turns():
    none = np.empty((0, 0))
    assert [array.tolist() for array in zigzag(none, none, none, EIGHTH)] == [[], [], [], []]


def _bars(seed: int, rows: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return highs, lows and points of two walks; some points are missing."""
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.02, (rows, 2)), axis=0))
    reach = np.round(random.exponential(1.0, (2, rows, 2)), 1)
    points = np.where(random.random((rows, 2)) < 0.1, NAN, random.uniform(2, 8, (rows, 2)))
    return np.round(close + reach[0]), np.round(close - reach[1]), points


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, cut=st.integers(1, 199), share=st.sampled_from([0.0, 0.05]))
def test_later_rows_change_no_earlier_turn(seed: int, cut: int, share: float):
    bars = _bars(seed)
    whole, part = zigzag(*bars, share), zigzag(*(array[:cut] for array in bars), share)
    known = whole.confirmed_row < cut
    for of_whole, of_part in zip(whole, part, strict=True):
        np.testing.assert_array_equal(of_whole[known], of_part)


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, power=st.integers(-20, 20))
def test_turns_do_not_depend_on_the_scale(seed: int, power: int):
    bars = _bars(seed)
    for one, scaled in zip(zigzag(*bars, 0.05), zigzag(*(array * 2.0**power for array in bars), 0.05), strict=True):
        np.testing.assert_array_equal(one, scaled)


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, share=st.sampled_from([0.0, 0.05]))
def test_each_turn_is_the_extreme_of_its_leg_and_confirmed_by_the_first_reversal(seed: int, share: float):
    highs, lows, points = _bars(seed)
    turns = zigzag(highs, lows, points, share)
    for series in range(2):
        found = _of(turns, series)
        assert len(found) > 2, "expected turns to look at"
        for (side_before, start, seen), (side, extreme, confirmed) in pairwise(found):
            assert side != side_before
            assert start < extreme < confirmed
            assert seen < confirmed
            sign = 1 if side == HIGH else -1
            ahead, behind = (highs, lows) if side == HIGH else (lows, highs)
            leg = sign * ahead[start + 1 : confirmed + 1, series]
            assert extreme == start + 1 + max(row for row, value in enumerate(leg) if value == leg.max())
            away = sign * (ahead[extreme, series] - behind[:, series])
            is_far = away >= points[:, series] + share * ahead[extreme, series]
            first = max(seen, extreme) + 1
            assert first + int(np.flatnonzero(is_far[first:])[0]) == confirmed
