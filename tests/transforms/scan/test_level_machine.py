"""The step of the level machine against a plain loop, and what holds for any walk. Single rules: tests/golden."""

from __future__ import annotations

import copy
from itertools import product
from typing import NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.contracts.vocabulary import LEVEL_CAUSES
from pipelines.parameters import Parameters
from pipelines.transforms.level_state import rules_of
from pipelines.transforms.scan.level import CAUSE, NEVER, Bar, Memory, State, step
from pipelines.transforms.scan.level_run import NO_ROW, Bars, Bounds, Changes, Run, Stands
from tests.transforms.scan.plain_level import DATES, PlainBar, PlainLevel

SEEDS = st.integers(0, 2**32 - 1)
DEFAULT = Parameters()
# Short windows, so that few rows see them end.
SHORT = Parameters(level_test_sessions=4, level_reversal_sessions=3, level_reclaim_sessions=5)
WINDOWS = {"default": DEFAULT, "short": SHORT}
SIZE, LEVELS = 240, 16
SHOWN = ("state", "side", "state_row", "test_count", "cause", "cause_row", *DATES)


class Walk(NamedTuple):
    """Bars, and levels that come, move and go."""

    bars: Bars
    stands: Stands
    bounds: Bounds


def walk(seed: int, size: int = SIZE, count: int = LEVELS) -> Walk:
    """Return prices on a grid of quarters, so that edges are met exactly, and levels where prices are.

    The range is 2, 4 or 8, so that a quarter of it is more than a tenth of a per cent of any price.
    """
    random = np.random.default_rng(seed)
    position, closes = 0.0, []
    for shock in random.normal(0, random.choice([1.0, 2.0, 4.0]), size):
        position = 0.97 * position + shock
        closes.append(100 + round(position * 4) / 4)
    close = np.array(closes)
    reach = random.integers(0, 12, (2, size)) / 4
    atr = np.repeat(random.choice([2.0, 4.0, 8.0], size // 30 + 1), 30)[:size]
    atr[random.random(size) < 0.04] = np.nan
    low = close[random.integers(0, size, count)] + random.integers(-8, 9, count) / 4
    width = random.integers(0, 9, count) / 4
    first = random.integers(1, size // 3, count)
    start = first + random.choice([0, 0, 5], count)
    end = np.where(random.random(count) < 0.3, random.integers(start, size), NO_ROW)
    cause = np.where(end == NO_ROW, -1, random.choice([CAUSE["expired"], CAUSE["superseded"]], count))
    start = np.where((end != NO_ROW) & (start >= end), NO_ROW, start)
    stands = Stands(np.arange(count), first, start, end, cause, random.choice([1, -1], count))
    # Some levels move once, as zones do.
    movers = np.flatnonzero(random.random(count) < 0.3)
    moved = random.integers(first[movers], size)
    shift = random.integers(-8, 9, len(movers)) / 4
    bounds = Bounds(
        np.concatenate([np.arange(count), movers]),
        np.concatenate([first, moved]),
        np.concatenate([low, low[movers] + shift]),
        np.concatenate([low + width, low[movers] + width[movers] + shift]),
    )
    return Walk(Bars(close, close + reach[0], close - reach[1], atr), stands, bounds)


def run(of: Walk, parameters: Parameters) -> Changes:
    return Run(of.bars, of.stands, of.bounds, rules_of(parameters)).changes()


def shown(memory: Memory | np.ndarray, place: int) -> tuple[object, ...]:
    """Return what the table shows of one item of a memory."""
    values = memory.values if isinstance(memory, Memory) else memory
    found = {name: int(values[Memory.COLUMNS.index(name), place]) for name in SHOWN}
    names = {"state": State(found["state"]).name.lower(), "cause": dict(enumerate(LEVEL_CAUSES)).get(found["cause"])}
    return tuple(names.get(name, None if value == NEVER else value) for name, value in found.items())


def by_row(changes: Changes, size: int) -> dict[int, dict[int, tuple[object, ...]]]:
    """Return what is shown of every level as of every row, from its first change on."""
    places = enumerate(zip(changes.row.tolist(), changes.level.tolist(), strict=True))
    noted = {place: shown(changes.memory, at) for at, place in places}
    found: dict[int, dict[int, tuple[object, ...]]] = {}
    for level in sorted({level for _, level in noted}):
        now, found[level] = None, {}
        for row in range(size):
            now = noted.get((row, level), now)
            if now is not None:
                found[level][row] = now
    return found


def plain_run(of: Walk, parameters: Parameters) -> dict[int, dict[int, tuple[object, ...]]]:
    """Return the same from the plain loop."""
    bars = of.bars
    found: dict[int, dict[int, tuple[object, ...]]] = {}
    for level, first, start, end, cause, side in zip(*of.stands, strict=True):
        plain = PlainLevel(int(side), int(first), parameters)
        moves = {int(row): place for place, row in enumerate(of.bounds.row) if of.bounds.level[place] == level}
        found[int(level)] = {}
        for row in range(int(first), len(bars.close)):
            if row in moves:
                low, high = float(of.bounds.low[moves[row]]), float(of.bounds.high[moves[row]])
            if row == end:
                plain.end(row, LEVEL_CAUSES[cause])
            if row == start:
                plain.begin(row, low, high, float(bars.close[row - 1]))
            if plain.state not in ("pending", "expired", "superseded"):
                plain.step(row, low, high, bar_of(bars, row))
            found[int(level)][row] = plain.facts()
    return found


def bar_of(bars: Bars, row: int) -> PlainBar:
    close, high, low = (float(column[row]) for column in (bars.close, bars.high, bars.low))
    return PlainBar(close, high, low, None if np.isnan(bars.atr[row - 1]) else float(bars.atr[row - 1]))


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS, windows=st.sampled_from(list(WINDOWS)))
def test_states_are_those_of_a_plain_loop(seed: int, windows: str):
    of = walk(seed)
    assert by_row(run(of, WINDOWS[windows]), SIZE) == plain_run(of, WINDOWS[windows])


def test_the_walks_see_every_state_and_every_cause():
    seen = [(facts[0], facts[1], facts[4]) for seed in range(8) for facts in visited(seed)]
    states = {state.name.lower() for state in State}
    assert {(state, side) for state, side, _ in seen} == {(state, side) for state in states for side in (1, -1)}
    assert {(cause, side) for _, side, cause in seen} == {
        (cause, side) for cause in (*LEVEL_CAUSES, None) for side in (1, -1)
    }


def visited(seed: int) -> set[tuple[object, ...]]:
    found = by_row(run(walk(seed), SHORT), SIZE)
    return {facts for rows in found.values() for facts in rows.values()}


AGES = (NEVER, 1, 2, 3, 4, 5, 6, 9, 10, 11, 19, 20, 21)
"""How many rows ago something was, around the ends of the windows."""
MACHINE = [State.INTACT, State.ROLE_REVERSED, State.RECLAIMED, State.TESTING, State.BROKEN_PROVISIONAL, State.BROKEN]


LOOKED_BACK_AT = ("touch_row", "retest_row", "below_row", "back_row", "against_row")


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS, windows=st.sampled_from(list(WINDOWS)))
def test_any_state_meets_any_bar_with_one_transition(seed: int, windows: str):
    """Every state on either side, turned or not, with any memory, meets one bar as in the plain loop."""
    random, row, close = np.random.default_rng(seed), 50, 100.0
    given_states = [given for given in product(MACHINE, (1, -1), (False, True)) for _ in range(4)]
    levels, sides = np.arange(len(given_states)), np.array([side for _, side, _ in given_states])
    low = close + random.integers(-16, 17, len(levels)) / 4
    high = low + random.integers(0, 9, len(levels)) / 4
    bar = PlainBar(close, close + int(random.integers(12)) / 4, close - int(random.integers(12)) / 4, 4.0)
    memory, plains = Memory(len(levels)), []
    memory.start(levels, sides, low, high, 9, close)
    for level, (state, side, is_turned) in enumerate(given_states):
        plain = PlainLevel(side, 9, WINDOWS[windows])
        plain.state, plain.own_side = state.name.lower(), -side if is_turned else side
        rows = [NEVER if age == NEVER else row - int(age) for age in random.choice(AGES, len(LOOKED_BACK_AT))]
        plain.touch_row, plain.retest_row, plain.below_row = rows[:3]
        plain.closes_back, plain.closes_against = ([] if at == NEVER else [at] for at in rows[3:])
        values = {
            "state": state,
            "is_turned": is_turned,
            "dates_breaks": 1,
            **dict(zip(LOOKED_BACK_AT, rows, strict=True)),
        }
        for name, value in values.items():
            memory.set(name, levels[level : level + 1], int(value))
        plains.append(plain)
    before = [shown(memory, level) for level in range(len(levels))]
    flags = step(memory, levels, low, high, Bar(row, close, bar.high, bar.low, 4.0), rules_of(WINDOWS[windows]))
    for level, plain in enumerate(plains):
        plain.step(row, float(low[level]), float(high[level]), bar)
        assert shown(memory, level) == plain.facts()
        assert flags[level] == (shown(memory, level) != before[level]), "expected a flag where something changed"


def test_a_step_moves_only_the_levels_it_is_given():
    memory = Memory(3)
    every, two = np.arange(3), np.array([0, 2])
    low = high = np.full(3, 100.0)
    memory.start(every, np.array([1, 1, -1]), low, high, 1, 100.0)
    untouched = memory.values[:, 1].copy()
    flags = step(memory, two, low[two], high[two], Bar(1, 100.0, 101.0, 99.0, 4.0), rules_of(DEFAULT))
    assert flags.tolist() == [True, True]
    assert (memory.values[:, 1] == untouched).all()


def prices_times(of: Walk, factor: float) -> Walk:
    """Return a walk with every price times a factor; below zero highs and lows and the sides change places."""
    close, high, low = (column * factor for column in of.bars[:3])
    edges = [column * factor for column in of.bounds[2:]]
    if factor < 0:
        high, low, edges = low, high, edges[::-1]
    side = of.stands.side * int(np.sign(factor))
    return Walk(
        Bars(close, high, low, of.bars.atr * abs(factor)), of.stands._replace(side=side), Bounds(*of.bounds[:2], *edges)
    )


@settings(max_examples=12, deadline=None)
@given(seed=SEEDS)
def test_in_a_mirror_supports_are_resistances(seed: int):
    of = walk(seed)
    one, other = run(of, SHORT), run(prices_times(of, -1), SHORT)
    side = Memory.COLUMNS.index("side")
    other.memory[side] *= -1
    for ours, theirs in ((one.row, other.row), (one.level, other.level), (one.memory, other.memory)):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(one.first_side, -other.first_side)


@settings(max_examples=12, deadline=None)
@given(seed=SEEDS)
def test_ten_times_the_prices_make_the_same_states(seed: int):
    of = walk(seed)
    one, ten = run(of, SHORT), run(prices_times(of, 10), SHORT)
    for ours, theirs in ((one.row, ten.row), (one.level, ten.level), (one.memory, ten.memory), (one.low * 10, ten.low)):
        np.testing.assert_array_equal(ours, theirs)


@settings(max_examples=12, deadline=None)
@given(seed=SEEDS, at=st.integers(1, SIZE - 1))
def test_a_copy_of_the_memory_goes_on_as_if_there_had_been_one_run(seed: int, at: int):
    of = walk(seed)
    levels, low, high = of.stands.level, of.bounds.low[:LEVELS], of.bounds.high[:LEVELS]
    rules = rules_of(SHORT)

    def go(memory: Memory, rows: range) -> list[tuple[object, ...]]:
        for row in rows:
            if not np.isnan(of.bars.atr[row - 1]):
                step(memory, levels, low, high, Bar(row, *bar_of(of.bars, row)[:3], of.bars.atr[row - 1]), rules)
        return [shown(memory, level) for level in levels]

    memory = Memory(LEVELS)
    memory.start(levels, of.stands.side, low, high, 1, float(of.bars.close[0]))
    until = go(memory, range(1, at))
    kept = copy.deepcopy(memory)
    whole = go(memory, range(at, SIZE))
    assert [shown(kept, level) for level in levels] == until, "expected the copy to stay what it was"
    assert go(kept, range(at, SIZE)) == whole


def test_without_levels_there_are_no_changes():
    none, no_price = np.zeros(0, dtype=np.int64), np.zeros(0)
    changes = run(Walk(walk(1).bars, Stands(*[none] * 6), Bounds(none, none, no_price, no_price)), DEFAULT)
    assert [len(column) for column in changes[:5]] == [0] * 5
    assert changes.memory.shape == (len(Memory.COLUMNS), 0)
