"""Rows of many series one under the other: windows, the last row of a kind, running highs, seeded recursions.

Belongs here: what has to look across rows, as NumPy over flat arrays. No value of one series ever reaches another: what
would is masked by the number of the row within its series. Null is NaN in numbers. A window's value depends on the rows
of the window alone, never on where a run began, so a run that starts in the middle finds the very same digits.
Not here: frames, names of columns, what any of it means (see ``moving_average``, ``trend``).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.integer]
Flags = npt.NDArray[np.bool_]
NOWHERE = -1
"""Row of what has not been."""


class Layout(NamedTuple):
    """Which rows belong to which series.

    ``starts`` is the place of each series' first row, ``row`` the number of each row within its series from 0, and
    ``of`` the number of its series.
    """

    starts: Integers
    row: Integers
    of: Integers

    @classmethod
    def of_lengths(cls, lengths: npt.ArrayLike) -> Layout:
        """Return the layout of series of these lengths, all above zero."""
        counts = np.asarray(lengths, dtype=np.int64)
        ends = np.cumsum(counts)
        starts = ends - counts
        size = int(ends[-1]) if len(ends) else 0
        of = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
        return cls(starts, np.arange(size, dtype=np.int32) - np.repeat(starts.astype(np.int32), counts), of)

    @property
    def size(self) -> int:
        """Return the number of rows."""
        return len(self.row)


def earlier(values: npt.NDArray, rows: int) -> npt.NDArray:
    """Return the values of so many rows before; the first ones are zero, and across series they are others'."""
    shifted = np.zeros_like(values)
    if rows < len(values):
        shifted[rows:] = values[: len(values) - rows]
    return shifted


def window_means(values: Floats, spans: Sequence[int], layout: Layout) -> dict[int, Floats]:
    """Return the plain mean of the last n rows for each n of ``spans``, NaN on the first n - 1 rows of a series.

    Sums of 1, 2, 4, ... rows are doubled, and those that make up n are added: the digits are those of the window
    alone, and their error is smaller than that of a running sum.
    """
    sums: dict[int, Floats] = {}
    covered = dict.fromkeys(spans, 0)
    power, width = values, 1
    while width <= max(spans):
        for span in spans:
            if span & width:
                part = earlier(power, covered[span]) if covered[span] else power
                sums[span] = sums[span] + part if span in sums else part
                covered[span] += width
        power, width = power + earlier(power, width), 2 * width
    means = {}
    for span in spans:
        means[span] = sums[span] / span
        means[span][layout.row < span - 1] = np.nan
    return means


def window_count(flags: Flags, span: int) -> Integers:
    """Return how many of the last ``span`` rows are true; meaningful from row ``span`` - 1 of a series on."""
    counted = np.cumsum(flags, dtype=np.int32)
    return counted - earlier(counted, span)


def last_row_with(flags: Flags, layout: Layout) -> Integers:
    """Return the place of the last row so far, this one included, of the same series that is true, else NOWHERE."""
    places = np.where(flags, np.arange(layout.size, dtype=np.int32), np.int32(NOWHERE))
    np.maximum.accumulate(places, out=places)
    places[places < layout.starts.astype(np.int32)[layout.of]] = NOWHERE
    return places


def running_high(values: Floats, breaks: Integers) -> Floats:
    """Return the highest value since the last of ``breaks``, the places at which the count begins anew."""
    highest = np.empty_like(values)
    for begin, end in pairwise([*breaks.tolist(), len(values)]):
        np.maximum.accumulate(values[begin:end], out=highest[begin:end])
    return highest


class Recursion(NamedTuple):
    """An average that takes the share ``weight`` of each new value.

    Where ``seeds`` is true it starts afresh from the value; ``before`` is where each series stands before its first
    row, NaN where it does not stand yet.
    """

    values: Floats
    seeds: Flags
    weight: float
    before: Floats


def recursive_averages(recursions: Sequence[Recursion], layout: Layout) -> list[Floats]:
    """Return the averages, NaN before a seed and from a NaN to the next seed: one step a row, over all series at once.

    Formula: average = average before + weight x (value - average before).
    """
    series = len(layout.starts)
    height = int(layout.row.max(initial=-1)) + 1
    width = series * len(recursions)
    values = np.full((height, width), np.nan)
    seeds = np.zeros((height, width), dtype=bool)
    for number, recursion in enumerate(recursions):
        column = layout.of + number * series
        values[layout.row, column] = recursion.values
        seeds[layout.row, column] = recursion.seeds
    weights = np.repeat([recursion.weight for recursion in recursions], series)
    average = np.concatenate([recursion.before for recursion in recursions]) if recursions else np.empty(0)
    step = np.empty(width)
    has_seed = np.any(seeds, axis=1).tolist()
    for row in range(height):
        np.subtract(values[row], average, out=step)
        step *= weights
        average += step
        if has_seed[row]:
            np.copyto(average, values[row], where=seeds[row])
        values[row] = average
    return [values[layout.row, layout.of + number * series] for number in range(len(recursions))]
