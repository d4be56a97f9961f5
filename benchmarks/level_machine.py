"""The state machine of levels: cost by levels and by history, of one more session, and against a plain loop.

Run with ``make bench``. Bars and levels are made up and drawn with a fixed seed; only the cost is of interest here.
"""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable

import numpy as np

from pipelines.parameters import Parameters
from pipelines.transforms.level_state import rules_of
from pipelines.transforms.scan.level import RESISTANCE, SUPPORT, Bar, Memory, step
from pipelines.transforms.scan.level_run import NO_ROW, Bars, Bounds, Run, Stands

RUNS = 5
LEVELS, SESSIONS = 500, 9_000
RULES = rules_of(Parameters())


def walk(sessions: int) -> Bars:
    """Return a random walk of bars around 2,000 with a constant average true range."""
    random = np.random.default_rng(1)
    close = 2000.0 + 20.0 * np.cumsum(random.normal(size=sessions)) * 0.3
    reach = np.abs(random.normal(size=(2, sessions))) * 10.0
    return Bars(close, close + reach[0], close - reach[1], np.full(sessions, 25.0))


def levels_of(bars: Bars, count: int) -> tuple[Stands, Bounds]:
    """Return levels that stand from the second row on, spread over the prices of the walk."""
    low = np.linspace(bars.close.min(), bars.close.max(), count)
    side = np.where(low <= bars.close[0], SUPPORT, RESISTANCE)
    number, second = np.arange(count), np.ones(count, dtype=np.int64)
    never = np.full(count, NO_ROW)
    return Stands(number, second, second, never, never, side), Bounds(number, second, low, low + 10.0)


def median(work: Callable[[], object]) -> float:
    """Return the median seconds of several runs."""
    seconds = []
    for _ in range(RUNS):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def run(bars: Bars, count: int) -> Run:
    """Run the machine over all bars."""
    found = Run(bars, *levels_of(bars, count), RULES)
    found.changes()
    return found


def main() -> None:
    """Measure and print Markdown."""
    bars = walk(SESSIONS)
    print("| levels | sessions | median s | µs a session | ns a level and session |")
    print("|---|---|---|---|---|")
    for count, sessions in (
        (LEVELS, SESSIONS // 4),
        (LEVELS, SESSIONS // 2),
        (LEVELS, SESSIONS),
        (35, SESSIONS),
        (5000, SESSIONS // 4),
    ):
        part = Bars(*(column[:sessions] for column in bars))
        seconds = median(lambda part=part, count=count: run(part, count))
        each = seconds / sessions
        print(f"| {count:,} | {sessions:,} | {seconds:.2f} | {each * 1e6:.0f} | {each / count * 1e9:.0f} |", flush=True)
    print("\n| one more session, from the memory of | µs |\n|---|---|")
    for sessions in (SESSIONS // 4, SESSIONS // 2, SESSIONS - 1):
        done = run(Bars(*(column[:sessions] for column in bars)), LEVELS)
        bar = Bar(sessions, *(float(column[sessions]) for column in bars[:3]), 25.0)
        kept = done.memory.values.copy()

        def once(done: Run = done, bar: Bar = bar, kept: np.ndarray = kept) -> None:
            memory = Memory(LEVELS)
            memory.values = kept.copy()
            for _ in range(100):
                step(memory, done.standing, done.low[done.standing], done.high[done.standing], bar, RULES)

        print(f"| {sessions:,} sessions | {median(once) / 100 * 1e6:.0f} |")
    print(f"\nPeak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB.")
    _against_one_by_one(bars)


def _against_one_by_one(bars: Bars) -> None:
    """Print what the same rules cost when each level is stepped on its own."""
    few = 20
    part = Bars(*(column[: SESSIONS // 9] for column in bars))
    together = median(lambda: run(part, LEVELS)) / LEVELS
    apart = median(lambda: run(part, few)) / few
    single = median(lambda: run(part, 1))
    print(f"A level costs {single / together:.0f} times as much alone, {apart / together:.1f} times among {few}.")


if __name__ == "__main__":
    main()
