"""The state machine of levels: one step takes every level that stands on a row from the state before to the next.

Belongs here: the memory of the machine, its rules in their order, the break dates. One step is NumPy over the levels of
a row, so a row costs the same however long the history is, and a run can go on from the memory of an earlier one.
Not here: frames, dates, which level stands when, what the break of one level means for others (see ``level_standing``,
``level_state``, ``level_chain``).
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipelines.contracts.vocabulary import LEVEL_CAUSES

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
NEVER = -(2**40)
"""Row of what has not happened: far before any row, so that the distance to it is beyond every limit."""


class State(IntEnum):
    """States of a level; the machine runs the first six. ``BROKEN`` is called cleared while it is a resistance."""

    INTACT = 0
    ROLE_REVERSED = 1
    RECLAIMED = 2
    TESTING = 3
    BROKEN_PROVISIONAL = 4
    BROKEN = 5
    PENDING = 6
    EXPIRED = 7
    SUPERSEDED = 8


# The step compares states by the hundred thousand, and an enumeration is slow to look up.
_RECLAIMED, _TESTING, _PROVISIONAL, _BROKEN = (
    int(state) for state in (State.RECLAIMED, State.TESTING, State.BROKEN_PROVISIONAL, State.BROKEN)
)
CAUSE = {name: number for number, name in enumerate(LEVEL_CAUSES)}
NO_CAUSE = -1
SUPPORT, RESISTANCE = 1, -1
_OUTCOMES = (
    ("reclaimed", State.RECLAIMED),
    ("role_reversed", State.ROLE_REVERSED),
    ("atr", State.BROKEN),
    ("two_closes", State.BROKEN),
    ("first_close", State.BROKEN_PROVISIONAL),
    ("failed_break", State.TESTING),
    ("retest_held", State.INTACT),
    ("pierced", State.TESTING),
    ("test_lapsed", State.INTACT),
    ("touched", State.TESTING),
    ("restored", State.INTACT),
)
"""The rules in their order, and what each makes of a level; the first that is met applies."""
_CAUSE_OF_RULE = np.array([*(CAUSE[name] for name, _ in _OUTCOMES), NO_CAUSE])
_STATE_OF_RULE = np.array([*(state for _, state in _OUTCOMES), NO_CAUSE])


class Rules(NamedTuple):
    """Thresholds: distances in average true ranges, one in per cent, limits in rows."""

    tolerance: float
    tolerance_pct: float
    break_distance: float
    hold: float
    test: int
    reversal: int
    reclaim: int


class Bar(NamedTuple):
    """One row: close, high, low and the average true range of the row before, NaN where there is none."""

    row: int
    close: float
    high: float
    low: float
    atr: float


class Memory:
    """What the machine remembers of each level between rows, one item per level."""

    COLUMNS = (
        "state",
        "side",
        "is_turned",
        "state_row",
        "touch_row",
        "retest_row",
        "back_row",
        "against_row",
        "below_row",
        "test_count",
        "cause",
        "cause_row",
        "first_intraday",
        "first_close",
        "confirmed_two_closes",
        "confirmed_atr",
        "dates_breaks",
    )
    DATES = ("first_intraday", "first_close", "confirmed_two_closes", "confirmed_atr")

    def __init__(self, size: int) -> None:
        self.values = np.full((len(self.COLUMNS), size), NEVER, dtype=np.int64)

    def get(self, name: str, level: int) -> int:
        """Return what is remembered of one level under a name of ``COLUMNS``."""
        return int(self.values[self.COLUMNS.index(name), level])

    def set(self, name: str, levels: Integers, value: int) -> None:
        """Change what is remembered of levels under a name of ``COLUMNS``."""
        self.values[self.COLUMNS.index(name), levels] = value

    def start(self, levels: Integers, sides: Integers, lows: Floats, highs: Floats, row: int, close: float) -> None:
        """Take levels up before their first row: intact, or broken where the close before lies beyond them."""
        if not len(levels):
            return
        is_broken = np.where(sides == SUPPORT, close < lows, close > highs)
        fresh = np.full((len(self.COLUMNS), len(levels)), NEVER, dtype=np.int64)
        begin = dict(zip(self.COLUMNS, fresh, strict=True))
        begin["state"][:] = np.where(is_broken, State.BROKEN, State.INTACT)
        begin["side"][:] = sides
        begin["is_turned"][:] = 0
        begin["state_row"][:] = row
        begin["test_count"][:] = 0
        begin["cause"][:] = NO_CAUSE
        begin["dates_breaks"][:] = ~is_broken
        self.values[:, levels] = fresh


def step(memory: Memory, levels: Integers, lows: Floats, highs: Floats, bar: Bar, rules: Rules) -> Flags:
    """Move levels on by one row that has an average true range before it.

    Prices are taken times the side, so that a resistance is the mirror image of a support; in what follows lower is
    beyond the level and higher is the good side. The rules stand in docs/methods.md, B4.

    Args:
        memory: What the row before left; updated in place.
        levels: Places in the memory of the levels that stand on this row.
        lows: Lower edges they are held against.
        highs: Upper edges.
        bar: The row.
        rules: Thresholds.

    Returns:
        Which of ``levels`` have an event or a new break date.
    """
    before = memory.values[:, levels]
    now = dict(zip(Memory.COLUMNS, before, strict=True))
    side, row = now["side"], bar.row
    is_support = side == SUPPORT
    lo, hi = np.where(is_support, lows, -highs), np.where(is_support, highs, -lows)
    close = side * bar.close
    low, high = np.where(is_support, bar.low, -bar.high), np.where(is_support, bar.high, -bar.low)
    tolerance = np.maximum(rules.tolerance * bar.atr, rules.tolerance_pct / 100.0 * (lows + highs) / 2)
    state = now["state"].copy()
    is_waiting, is_testing = state <= _RECLAIMED, state == _TESTING
    is_provisional, is_broken = state == _PROVISIONAL, state == _BROKEN
    is_open = is_waiting | is_testing

    is_below, is_above = close < lo, close > hi
    is_far = close <= lo - rules.break_distance * bar.atr
    is_held = close >= hi + rules.hold * bar.atr
    is_reached = low <= hi + tolerance
    is_back = is_broken & is_above
    is_against = (now["is_turned"] == 1) & is_below
    reclaimed = is_back & (row - now["back_row"] <= rules.reclaim)
    reclaimed_against = is_against & (row - now["against_row"] <= rules.reclaim)
    now["back_row"][is_back] = row
    now["against_row"][is_against] = row
    now["retest_row"][is_broken & is_below & (high >= lo - tolerance)] = row
    reversed_role = is_broken & (close <= lo - rules.hold * bar.atr) & (row - now["retest_row"] <= rules.reversal)
    touches = is_waiting & is_reached & ~(reclaimed | reclaimed_against | reversed_role)
    now["touch_row"][touches] = row
    now["test_count"][touches] += 1
    age = row - now["touch_row"]

    rules_met = np.empty((len(_OUTCOMES) + 1, len(levels)), dtype=bool)
    for place, met in enumerate(
        (
            reclaimed_against | reclaimed,
            reversed_role,
            is_open & is_far,
            is_provisional & is_below,
            is_open & is_below,
            is_provisional,
            is_held & (touches | (is_testing & (age <= rules.test))),
            is_open & (low < lo - tolerance),
            is_testing & (age >= rules.test),
            touches,
            state == _RECLAIMED,
            True,
        )
    ):
        rules_met[place] = met
    # The first rule that is met; the last one, which always is, leaves the state as it is.
    first = rules_met.argmax(axis=0)
    cause = _CAUSE_OF_RULE[first]
    after = np.where(cause == NO_CAUSE, state, _STATE_OF_RULE[first])

    has_event = cause != NO_CAUSE
    now["cause"][has_event] = cause[has_event]
    now["cause_row"][has_event] = row
    now["state_row"][after != state] = row
    now["state"][:] = after
    has_date = _date_breaks(now, row, low < lo, is_below, is_far)
    _forget(now, row, after, state, reclaimed | reclaimed_against, reversed_role)
    turns = reversed_role | reclaimed_against
    now["side"][turns] *= -1
    now["is_turned"][turns] = 1 - now["is_turned"][turns]
    memory.values[:, levels] = before
    return has_event | has_date


def _date_breaks(now: dict[str, Integers], row: int, trades: Flags, closes: Flags, is_far: Flags) -> Flags:
    """Date the first break by each convention, and remember the close beyond the level; return where one was dated."""
    dates = now["dates_breaks"] == 1
    twice = closes & (now["below_row"] == row - 1)
    dated = np.zeros(len(dates), dtype=bool)
    for name, happened in zip(Memory.DATES, (trades, closes, twice, is_far), strict=True):
        first = dates & happened & (now[name] == NEVER)
        now[name][first] = row
        dated |= first
    now["below_row"][closes & dates] = row
    return dated


def _forget(
    now: dict[str, Integers], row: int, after: Integers, state: Integers, reclaimed: Flags, reversed_role: Flags
) -> None:
    """Empty what belongs to a side or a break that is over."""
    breaks = (after == _BROKEN) & (state != _BROKEN)
    for name in ("back_row", "retest_row"):
        now[name][breaks | reclaimed | reversed_role] = NEVER
    is_over = reclaimed | reversed_role
    if is_over.any():
        for name in ("against_row", "below_row", *Memory.DATES):
            now[name][is_over] = NEVER
        now["dates_breaks"][is_over] = 1
