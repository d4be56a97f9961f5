"""Zones of one instrument, session by session: merging points into zones, and which zone is which over time.

Belongs here: which points count on a row, their merging in blocks of rows, and the loop that keeps identities.
Not here: frames, dates, what a point is (see ``zone``).
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
NO_ROW = NO_ZONE = -1
ROWS_AT_A_TIME = 1024
"""Rows that are merged together: enough to spare work in Python, few enough to need little memory."""


class Points(NamedTuple):
    """Points of one instrument, one item each, in any order; points of one price are summed up in that order."""

    price: Floats
    kind: Integers
    """A single bit."""
    extreme_row: Integers
    """Row that the age of a pivot counts from; ``NO_ROW`` for a point that is no pivot."""
    first_row: Integers
    """First row on which the point counts; the last one follows."""
    last_row: Integers


class Limits(NamedTuple):
    """Thresholds; distances in average true ranges, ages in rows."""

    gap: float
    width: float
    cover: float
    overlap: float
    memory: int
    half_life: float


class Zones(NamedTuple):
    """Every zone of every row with an average true range: row by row, from the lowest up; kinds are bits of kinds."""

    row: Integers
    number: Integers
    """Zones of one number are one zone over time. Numbers follow the order of first appearance."""
    low: Floats
    high: Floats
    centre: Floats
    kinds: Integers
    pivots: Integers
    weight: Floats


def zones(close: Floats, atr: Floats, points: Points, round_kind: int, limits: Limits) -> Zones:
    """Return the zones of every row that has an average true range.

    Args:
        close, atr: One value a row; NaN where there is no average true range.
        points: Pivots and records. Round numbers are added here, as they depend on what else counts on a row.
        round_kind: Bit of a round number.
        limits: Thresholds.
    """
    standing, identity = _Standing(points, round_kind), _Identity(limits)
    parts = [Zones(*(np.zeros(0, dtype=kind) for kind in (int, int, float, float, float, int, int, float)))]
    for begin in range(0, len(close), ROWS_AT_A_TIME):
        found = []
        for row, value in enumerate(close[begin : begin + ROWS_AT_A_TIME].tolist(), start=begin):
            standing.move_to(row)
            if not math.isnan(atr[row]):
                found.append((row, standing.with_round_numbers(value)))
        if found:
            parts.append(identity.numbered(_merged(found, atr, limits), atr))
    return Zones(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def round_numbers(lowest: float, highest: float, close: float) -> Floats:
    """Return the multiples of a tenth of the close's power of ten that enclose a range, above 0."""
    exponent = Decimal(close).adjusted() - 1
    times, over = 10 ** max(exponent, 0), 10 ** max(-exponent, 0)
    first, last = math.floor(lowest * over / times) - 1, math.ceil(highest * over / times) + 1
    # One step farther out on either side, as quotients are rounded; the comparison with the multiples is exact.
    multiples = np.arange(max(first, 1), last + 1) * times / over
    begin = np.searchsorted(multiples, lowest, side="right") - 1
    return multiples[max(begin, 0) : np.searchsorted(multiples, highest) + 1]


class _Standing:
    """Points that count on the present row, sorted by price: price, kind and extreme row of each."""

    def __init__(self, points: Points, round_kind: int) -> None:
        self.points, self.round_kind = points, round_kind
        self.index = np.zeros(0, dtype=np.int64)
        self.arrivals: dict[int, list[int]] = defaultdict(list)
        self.departures = set((points.last_row + 1).tolist())
        for place in np.flatnonzero(points.first_row <= points.last_row).tolist():
            self.arrivals[int(points.first_row[place])].append(place)
        self.key: tuple[float, float, int] | None = None
        self.found: tuple[npt.NDArray, ...] = ()

    def move_to(self, row: int) -> None:
        """Take in what starts to count on a row, and drop what no longer does; rows come one after another."""
        if row in self.departures:
            self.index = self.index[self.points.last_row[self.index] >= row]
            self.key = None
        if row in self.arrivals:
            self.index = np.concatenate([self.index, np.array(self.arrivals.pop(row), dtype=np.int64)])
            self.index = self.index[np.lexsort((self.index, self.points.price[self.index]))]
            self.key = None

    def with_round_numbers(self, close: float) -> tuple[npt.NDArray, ...]:
        """Return the points of the row with the round numbers around them, which change only with them or the close."""
        price = self.points.price[self.index]
        lowest, highest = (min(close, price[0]), max(close, price[-1])) if len(price) else (close, close)
        key = (lowest, highest, Decimal(close).adjusted())
        if key != self.key:
            numbers = round_numbers(float(lowest), float(highest), close)
            price = np.concatenate([price, numbers])
            order = np.argsort(price, kind="stable")
            kind = np.concatenate([self.points.kind[self.index], np.full(len(numbers), self.round_kind)])
            extreme = np.concatenate([self.points.extreme_row[self.index], np.full(len(numbers), NO_ROW)])
            self.key, self.found = key, (price[order], kind[order], extreme[order])
        return self.found


def begins(prices: Floats, sizes: Integers, gaps: Floats, widths: Floats) -> npt.NDArray[np.bool_]:
    """Return which points begin a zone: those too far from the point before or from the lowest of its zone.

    Args:
        prices: Sorted prices of the first row, then those of the second, and so on.
        sizes, gaps, widths: Number of points (at least 1), largest gap and largest width of each row.
    """
    is_given = np.arange(sizes.max()) < sizes[:, None]
    padded = np.full(is_given.shape, np.nan)
    padded[is_given] = prices
    by_place = np.ascontiguousarray(padded.T)
    is_first = np.ones(by_place.shape, dtype=bool)
    is_first[1:] = np.diff(by_place, axis=0) > gaps
    lowest = by_place[0]
    for place in range(1, len(by_place)):
        is_first[place] |= by_place[place] - lowest > widths
        lowest = np.where(is_first[place], by_place[place], lowest)
    return is_first.T[is_given]


def _merged(found: list[tuple[int, tuple[npt.NDArray, ...]]], atr: Floats, limits: Limits) -> Zones:
    """Return the zones of some rows from their points, all numbered 0."""
    rows = np.array([row for row, _ in found])
    price, kind, extreme = (np.concatenate(column) for column in zip(*(points for _, points in found), strict=True))
    sizes = np.array([len(points[0]) for _, points in found])
    start = np.flatnonzero(begins(price, sizes, limits.gap * atr[rows], limits.width * atr[rows]))
    end = np.append(start[1:], len(price))
    row, is_pivot, half = np.repeat(rows, sizes), extreme != NO_ROW, end - start - 1
    weight = np.where(is_pivot, 0.5 ** ((row - extreme) / limits.half_life), 0.0)
    return Zones(
        row=row[start],
        number=np.zeros(len(start), dtype=np.int64),
        low=price[start],
        high=price[end - 1],
        centre=(price[start + half // 2] + price[start + (half + 1) // 2]) / 2,
        kinds=np.bitwise_or.reduceat(kind, start),
        pivots=np.add.reduceat(is_pivot.astype(np.int64), start),
        weight=np.add.reduceat(weight, start),
    )


class _Identity:
    """Which zone of a row is which zone of the rows before."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.bands: list[tuple[float, float]] = []
        self.numbers: list[int] = []
        self.vanished: dict[int, tuple[float, float, int]] = {}
        self.new = itertools.count()

    def numbered(self, merged: Zones, atr: Floats) -> Zones:
        """Return the zones of rows that follow on the last ones with their numbers."""
        bands = list(zip(merged.low.tolist(), merged.high.tolist(), strict=True))
        first = np.flatnonzero(np.diff(merged.row, prepend=NO_ROW)).tolist()
        numbers: list[int] = []
        for begin, end in itertools.pairwise([*first, len(bands)]):
            row = int(merged.row[begin])
            numbers += self._follow(row, bands[begin:end], self.limits.cover * float(atr[row]))
        return merged._replace(number=np.array(numbers, dtype=np.int64))

    def _follow(self, row: int, bands: list[tuple[float, float]], margin: float) -> list[int]:
        """Return the numbers of the zones of a row."""
        if bands != self.bands:
            numbers = self._continued(bands, margin)
            kept, memory = set(numbers), self.limits.memory
            gone = zip(self.bands, self.numbers, strict=True)
            self.vanished |= {number: (*band, row) for band, number in gone if number not in kept}
            if NO_ZONE in kept:
                self.vanished = {number: it for number, it in self.vanished.items() if row - it[2] <= memory}
                for place in [at for at, number in enumerate(numbers) if number == NO_ZONE]:
                    numbers[place] = self._returned(*bands[place], margin)
            self.bands, self.numbers = bands, numbers
        return self.numbers

    def _continued(self, bands: list[tuple[float, float]], margin: float) -> list[int]:
        """Return the numbers of zones that continue one of the row before: the one that each overlaps most."""
        before = dict(zip(self.bands, self.numbers, strict=True))
        # Zones of a row share no price, so one that stayed as it was overlaps itself most, and no other overlaps it so.
        numbers = [before.get(band, NO_ZONE) for band in bands]
        lows, highs = [low for low, _ in self.bands], [high for _, high in self.bands]
        claims: dict[int, tuple[float, int]] = {}
        for place, (low, high) in enumerate(bands):
            if numbers[place] == NO_ZONE and lows:
                # Those that it touches and the next one on either side.
                near = range(max(bisect_left(highs, low) - 1, 0), min(bisect_right(lows, high) + 1, len(lows)))
                shared, old = max((min(high, highs[at]) - max(low, lows[at]), -at) for at in near)
                matches = self._matches(shared, min(high - low, highs[-old] - lows[-old]), margin)
                if matches and (-old not in claims or shared > claims[-old][0]):
                    claims[-old] = (shared, place)
        taken = set(numbers)
        for old, (_, place) in claims.items():
            if self.numbers[old] not in taken:
                numbers[place] = self.numbers[old]
        return numbers

    def _matches(self, shared: float, narrower: float, margin: float) -> bool:
        """Return whether two bands overlap enough, both widened by the margin on either side."""
        return shared + 2 * margin >= self.limits.overlap * (narrower + 2 * margin)

    def _returned(self, low: float, high: float, margin: float) -> int:
        """Return the number of the vanished zone that a band takes up again, or a new one."""
        bottom, top = low - 2 * margin, high + 2 * margin
        candidates = []
        for number, (lowest, highest, row) in self.vanished.items():
            if lowest <= top and highest >= bottom:
                shared = min(high, highest) - max(low, lowest)
                if self._matches(shared, min(high - low, highest - lowest), margin):
                    candidates.append((shared, row, -number))
        if not candidates:
            return next(self.new)
        # More overlap, then the one that vanished later, then the older number.
        found = -max(candidates)[2]
        del self.vanished[found]
        return found
