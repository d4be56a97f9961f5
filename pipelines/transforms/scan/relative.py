"""Path-dependent machines of relative performance: the turning-point filter and the CUSUM.

Belongs here: one NumPy loop over rows each, vectorised over series. Arrays have a row per observation of a series,
oldest first, and a column per series; a shorter series is padded at its end with NaN.
Not here: frames, dates, and what is made of the two (see ``relative_regime``).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
NO_ROW = -1


class TurningPoints(NamedTuple):
    """State of the filter after each row, row by series; 0 and ``NO_ROW`` until the first confirmation."""

    direction: Integers
    """+1 up, -1 down."""
    extreme_row: Integers
    """Row of the trough (up) or peak (down) that the direction starts from."""
    confirmed_row: Integers
    """Row on which the direction was confirmed."""


class Cusum(NamedTuple):
    """State of the CUSUM after each row, row by series; 0 and ``NO_ROW`` until the first alarm."""

    up: Floats
    """Upward sum, NaN before the first change that can be standardised."""
    down: Floats
    """Downward sum, as a positive number."""
    direction: Integers
    """+1 up, -1 down: direction of the last alarm."""
    onset_row: Integers
    """First row after the alarming sum last stood at zero."""
    alarm_row: Integers
    """Row of the last alarm."""


def turning_points(values: Floats, reversal_share: float) -> TurningPoints:
    """Date the ups and downs of each series by reversals from its running extreme.

    While up, or undecided, the highest value is tracked and a peak confirmed once a value lies ``reversal_share``
    below it; while down, or undecided, a trough likewise above the lowest. Of equal extremes the first counts.
    After Lunde and Timmermann (2004), with one filter both ways.
    """
    rows, series = values.shape
    high, low = np.full(series, -np.inf), np.full(series, np.inf)
    high_row, low_row = np.full(series, NO_ROW), np.full(series, NO_ROW)
    direction, extreme, confirmed = np.zeros(series, dtype=np.int64), high_row.copy(), high_row.copy()
    states = TurningPoints(*(np.empty((rows, series), dtype=np.int64) for _ in TurningPoints._fields))
    for row, value in enumerate(values):
        high_row, high = np.where(value > high, row, high_row), np.fmax(high, value)
        low_row, low = np.where(value < low, row, low_row), np.fmin(low, value)
        peak = (direction >= 0) & (value <= high * (1 - reversal_share))
        trough = (direction <= 0) & (value >= low * (1 + reversal_share))
        direction = np.select([peak, trough], [-1, 1], direction)
        extreme = np.select([peak, trough], [high_row, low_row], extreme)
        confirmed = np.where(peak | trough, row, confirmed)
        # The other extreme of a confirmed turn is searched from the confirming row on.
        low, low_row = np.where(peak, value, low), np.where(peak, row, low_row)
        high, high_row = np.where(trough, value, high), np.where(trough, row, high_row)
        for state, now in zip(states, (direction, extreme, confirmed), strict=True):
            state[row] = now
    return states


def cusum(changes: Floats, drift: float, threshold: float) -> Cusum:
    """Run Page's two-sided CUSUM over standardised changes.

    Each sum grows by the change in its direction less ``drift`` and never falls below zero; beyond ``threshold``
    it raises an alarm and both sums start again from zero. A NaN change leaves the sums as they stand.
    """
    rows, series = changes.shape
    up, down = np.full(series, np.nan), np.full(series, np.nan)
    up_onset, down_onset = np.full(series, NO_ROW), np.full(series, NO_ROW)
    direction, onset, alarm = np.zeros(series, dtype=np.int64), up_onset.copy(), up_onset.copy()
    states = Cusum(*(np.empty((rows, series), dtype=kind) for kind in (float, float, int, int, int)))
    for row, change in enumerate(changes):
        up, up_onset = _grown(up, up_onset, change - drift, row)
        down, down_onset = _grown(down, down_onset, -change - drift, row)
        rise, fall = up > threshold, down > threshold
        direction = np.select([rise, fall], [1, -1], direction)
        onset = np.select([rise, fall], [up_onset, down_onset], onset)
        alarm = np.where(rise | fall, row, alarm)
        up, down = np.where(rise | fall, 0.0, up), np.where(rise | fall, 0.0, down)
        for state, now in zip(states, (up, down, direction, onset, alarm), strict=True):
            state[row] = now
    return states


def _grown(total: Floats, onset: Integers, step: Floats, row: int) -> tuple[Floats, Integers]:
    """Return one sum after a step, and the row since which it stands above zero."""
    is_given = ~np.isnan(step)
    before = np.nan_to_num(total)
    after = np.where(is_given, np.maximum(before + step, 0.0), total)
    return after, np.where(is_given & (before == 0.0), row, onset)
