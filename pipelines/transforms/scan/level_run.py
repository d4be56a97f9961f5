"""The run of the level machine over the rows of one instrument: levels come, are held against bars, and go.

Belongs here: the loop over rows, and what it notes of each change.
Not here: the rules of one step (see ``scan.level``), which levels stand when (see ``level_standing``).
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

import numpy as np

from pipelines.transforms.scan.level import CAUSE, Bar, Flags, Floats, Integers, Memory, Rules, State, step

NO_ROW = -1
_ENDS = {CAUSE["expired"]: State.EXPIRED, CAUSE["superseded"]: State.SUPERSEDED}


class Bars(NamedTuple):
    """Rows of one instrument; NaN where there is no average true range."""

    close: Floats
    high: Floats
    low: Floats
    atr: Floats


class Stands(NamedTuple):
    """One item per stand of a level; ``NO_ROW`` where a row has not come."""

    level: Integers
    first_row: Integers
    start_row: Integers
    end_row: Integers
    end_cause: Integers
    side: Integers


class Bounds(NamedTuple):
    """One item per change of a level's bounds, the first included."""

    level: Integers
    row: Integers
    low: Floats
    high: Floats


class Changes(NamedTuple):
    """One item per level and row on which something changed, row by row."""

    row: Integers
    level: Integers
    first_side: Integers
    """Side at the start of the stand."""
    low: Floats
    high: Floats
    memory: Integers
    """The machine's memory after the row: a row per name of ``Memory.COLUMNS``."""


class Run:
    """One pass over the rows; ``changes`` are noted as it goes."""

    def __init__(self, bars: Bars, stands: Stands, bounds: Bounds, rules: Rules) -> None:
        size = int(stands.level.max()) + 1 if len(stands.level) else 0
        self.bars, self.stands, self.bounds, self.rules = bars, stands, bounds, rules
        self.memory = Memory(size)
        self.low, self.high = np.full(size, np.nan), np.full(size, np.nan)
        self.first_side = np.zeros(size, dtype=np.int64)
        self.standing = np.zeros(0, dtype=np.int64)
        self._parts: list[tuple[np.ndarray, ...]] = []

    def changes(self) -> Changes:
        """Run over all rows and return what changed on them."""
        firsts, starts = _by_row(self.stands.first_row), _by_row(self.stands.start_row)
        ends, moves = _by_row(self.stands.end_row), _by_row(self.bounds.row)
        for row in range(len(self.bars.close)):
            moved = self._move(moves[row]) if row in moves else []
            changed = self._appear(firsts[row], row) if row in firsts else []
            if row in ends:
                self._end(ends[row], row)
            if row in starts:
                changed = [*changed, *self._start(starts[row], row)]
            flags = self._step(row)
            if flags.any() or moved or changed:
                self._note(row, flags, [*moved, *changed])
        if not self._parts:
            none, no_price = np.zeros(0, dtype=np.int64), np.zeros(0)
            return Changes(none, none, none, no_price, no_price, self.memory.values[:, :0])
        return Changes(*(np.concatenate(column, axis=-1) for column in zip(*self._parts, strict=True)))

    def _move(self, places: list[int]) -> list[int]:
        """Take over new bounds; return the levels whose bounds differ from before."""
        level, low, high = (column[places] for column in (self.bounds.level, self.bounds.low, self.bounds.high))
        differ = (self.low[level] != low) | (self.high[level] != high)
        self.low[level], self.high[level] = low, high
        return [int(found) for found in level[differ]]

    def _appear(self, places: list[int], row: int) -> list[int]:
        """Begin stands as pending; return those that stay so for a row or more."""
        level = self.stands.level[places]
        self.first_side[level] = self.stands.side[places]
        self.memory.start(level, self.stands.side[places], self.low[level], self.high[level], row, np.nan)
        self.memory.set("state", level, State.PENDING)
        return [int(found) for found in level[self.stands.start_row[places] != row]]

    def _start(self, places: list[int], row: int) -> list[int]:
        """Let the machine take levels up from the close before."""
        level = self.stands.level[places]
        close = float(self.bars.close[row - 1])
        self.memory.start(level, self.stands.side[places], self.low[level], self.high[level], row, close)
        self.standing = np.union1d(self.standing, level)
        return [int(found) for found in level]

    def _end(self, places: list[int], row: int) -> None:
        for place in places:
            level, cause = self.stands.level[place], int(self.stands.end_cause[place])
            for name, value in (("state", _ENDS[cause]), ("state_row", row), ("cause", cause), ("cause_row", row)):
                self.memory.set(name, level, value)
        self.standing = np.setdiff1d(self.standing, self.stands.level[places])
        self._write(row, self.stands.level[places])

    def _step(self, row: int) -> Flags:
        """Return which of the standing levels have an event or a new date on a row."""
        atr = self.bars.atr[row - 1] if row else np.nan
        if not len(self.standing) or np.isnan(atr):
            return np.zeros(len(self.standing), dtype=bool)
        close, high, low = (float(column[row]) for column in (self.bars.close, self.bars.high, self.bars.low))
        bar = Bar(row, close, high, low, float(atr))
        return step(self.memory, self.standing, self.low[self.standing], self.high[self.standing], bar, self.rules)

    def _note(self, row: int, flags: Flags, others: list[int]) -> None:
        levels = self.standing[flags]
        if others:
            pending = [found for found in others if self.memory.get("state", found) == State.PENDING]
            levels = np.union1d(levels, [*pending, *np.intersect1d(others, self.standing)]).astype(np.int64)
        if len(levels):
            self._write(row, levels)

    def _write(self, row: int, level: Integers) -> None:
        self._parts.append(
            (
                np.full(len(level), row),
                level,
                self.first_side[level],
                self.low[level],
                self.high[level],
                self.memory.values[:, level],
            )
        )


def _by_row(rows: Integers) -> dict[int, list[int]]:
    """Return the places of each row."""
    places: dict[int, list[int]] = defaultdict(list)
    for place, row in enumerate(rows.tolist()):
        if row != NO_ROW:
            places[row].append(place)
    return places
