"""Breadth of made-up stocks: seconds, peak memory and growth by stocks, by sessions and by indices.

Each case runs in a process of its own, so that its peak is its own. Random walks drawn with a fixed seed; only the cost
is of interest here.
"""

from __future__ import annotations

import datetime as dt
import resource
import subprocess
import sys
import time

import numpy as np
import polars as pl

from pipelines.contracts import core
from pipelines.contracts.vocabulary import SECTORS
from pipelines.parameters import Parameters
from pipelines.transforms.breadth import breadth

RUNS = 3
CASES = ((500, 1_250, 1), (500, 2_500, 1), (1_500, 2_500, 1), (1_500, 2_500, 3))
"""Stocks, sessions and indices; all stocks are members of each index, in spells of about a quarter."""
FIRST = dt.date(2015, 1, 1)


def frame(table: type, columns: dict[str, object]) -> pl.DataFrame:
    """Return columns as a table, its other columns null; not validated, as it would take longer than breadth."""
    made = pl.DataFrame(columns)
    schema = {name: column.dtype for name, column in table.columns().items()}
    absent = [pl.lit(None, dtype).alias(name) for name, dtype in schema.items() if name not in columns]
    return made.with_columns(absent).select(pl.col(name).cast(dtype) for name, dtype in schema.items())


def bars_of(symbols: list[str], days: pl.Series) -> pl.DataFrame:
    """Return a random walk for each stock."""
    random = np.random.default_rng(1)
    close = 50.0 * np.exp(np.cumsum(random.normal(0.0, 0.02, (len(symbols), len(days))), axis=1)).ravel()
    reach = np.abs(random.normal(0.0, 0.01, (2, close.size)))
    return frame(
        core.StockBar,
        {
            "instrument_id": pl.Series(symbols).gather(np.repeat(np.arange(len(symbols)), len(days))),
            "session": days.gather(np.tile(np.arange(len(days)), len(symbols))),
            "open": close,
            "high": close * (1 + reach[0]),
            "low": close * (1 - reach[1]),
            "close": close,
        },
    )


def spells_of(symbols: list[str], days: pl.Series, indices: int) -> pl.DataFrame:
    """Return a spell of about a quarter after the other for each stock, in each of the indices."""
    starts = days.gather_every(63)
    own = pl.DataFrame({"symbol": symbols, "sector": [SECTORS[at % len(SECTORS)] for at in range(len(symbols))]})
    stretches = pl.DataFrame({"effective_from": starts, "effective_to": starts.shift(-1)})
    rows = own.join(stretches, how="cross").join(
        pl.DataFrame({"index_id": [f"INDEX {at}" for at in range(indices)]}), how="cross"
    )
    weighted = rows.with_columns(weight_share=1.0 / len(symbols), membership_quality=pl.lit("pit_official"))
    return frame(core.MemberSpell, weighted.to_dict())


def measure(stocks: int, sessions: int, indices: int) -> None:
    """Print one line of the table: the best of several runs, as the machine may be busy with others."""
    days = pl.date_range(FIRST, FIRST + dt.timedelta(days=sessions - 1), eager=True)
    symbols = [f"S{at:05d}" for at in range(stocks)]
    bars, spells = bars_of(symbols, days), spells_of(symbols, days, indices)
    calendar = frame(core.Session, {"session": days})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds = []
    for _ in range(RUNS):
        began = time.perf_counter()
        rows = breadth(bars, spells, calendar, Parameters()).height
        seconds.append(time.perf_counter() - began)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cells = [f"{count:,}" for count in (stocks, sessions, indices, bars.height, spells.height, rows)]
    cells += [f"{min(seconds):.1f}", f"{min(seconds) / bars.height * 1e6:.2f}", f"{before:.0f}", f"{peak:.0f}"]
    print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Measure and print Markdown."""
    print("| stocks | sessions | indices | bars | spells | rows out | best s | µs a bar | MB before | peak MB |")
    print("|---|---|---|---|---|---|---|---|---|---|", flush=True)
    for case in CASES:
        subprocess.run([sys.executable, __file__, *map(str, case)], check=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(*map(int, sys.argv[1:]))
    else:
        main()
