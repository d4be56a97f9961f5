"""The zigzag: the path-dependent machine of the pivots, which alternates between confirmed highs and lows.

Belongs here: one NumPy loop over rows, vectorised over series. Arrays have a row per observation of a series, oldest
first, and a column per series; a shorter series is padded at its end with NaN.
Not here: frames, dates, the distance that counts as a reversal, and fractals, which need no memory (see ``pivot``).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
NO_ROW = -1
HIGH, LOW = 0, 1


class Turns(NamedTuple):
    """Every confirmed turning point, in order of confirmation: four arrays with one item a turn."""

    side: Integers
    """``HIGH`` or ``LOW``."""
    series: Integers
    """Column of the series."""
    extreme_row: Integers
    """Row of the extreme."""
    confirmed_row: Integers
    """Row on which the reversal was seen, always a later one."""


def zigzag(highs: Floats, lows: Floats, points: Floats, share: float) -> Turns:
    """Return the turning points of each series: a running extreme and the first reversal far enough from it.

    Far enough is ``points`` of the row plus ``share`` of the extreme. A series starts with its first row that has
    points; on a later row without, no reversal is seen, while extremes run on. Until the first turn both extremes
    run. A row that moves an extreme, or equals it, sees no reversal from it, as its own high and low have no order; a
    row that would turn both ways turns neither. Of equal extremes the latest counts. After a turn the other extreme is
    that of the rows since, so extremes follow one another in time and alternate.
    """
    # Lows are negated, so that either side looks for a maximum.
    sides = np.stack([highs, -lows])
    shape = (2, highs.shape[1])
    best, best_row = np.full(shape, np.nan), np.full(shape, NO_ROW)
    is_sought, has_started = np.ones(shape, dtype=bool), np.zeros(shape[1], dtype=bool)
    found: list[tuple[int, int, int, int]] = []
    for row in range(len(highs)):
        now = sides[:, row]
        has_started |= ~np.isnan(points[row])
        extends = is_sought & has_started & (now == np.fmax(best, now))
        best, best_row = np.where(extends, now, best), np.where(extends, row, best_row)
        is_far = best + now[::-1] >= points[row] + share * np.abs(best)
        turns = is_sought & ~extends & is_far
        for side, series in np.argwhere(turns & ~turns[::-1]):
            found.append((side, series, best_row[side, series], row))
            since = sides[1 - side, best_row[side, series] + 1 : row + 1, series]
            best[1 - side, series] = since.max()
            best_row[1 - side, series] = row - since[::-1].argmax()
            is_sought[:, series] = np.arange(2) != side
    return Turns(*np.array(found, dtype=np.int64).reshape(-1, len(Turns._fields)).T)
