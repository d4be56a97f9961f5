"""Random prices with the zones they lead to and random published levels, for the tests of states and events."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import polars as pl

from pipelines.contracts.core import Level
from pipelines.contracts.vocabulary import LEVEL_BIASES, LEVEL_ROLES
from pipelines.parameters import Parameters
from pipelines.transforms.moving_average import moving_averages
from pipelines.transforms.pivot import pivots
from pipelines.transforms.record import record_states
from pipelines.transforms.zone import zones
from tests.market import instrument
from tests.transforms.average_frames import walk
from tests.transforms.level_machine_frames import NO_LEVELS, Made, made
from tests.transforms.level_state_frames import DAY, level

SIZE = 140
# Short ages, memories and windows, so that few rows see zones and levels come and go.
PARAMETERS = Parameters(
    pivot_span_sessions=2,
    zone_age_sessions=40,
    zone_memory_sessions=8,
    level_test_sessions=4,
    level_reversal_sessions=6,
    level_reclaim_sessions=8,
)
ENDED = ("expired", "superseded")


class Walk(NamedTuple):
    """What states of levels are made from, and what they are."""

    bars: pl.DataFrame
    averages: pl.DataFrame
    levels: pl.DataFrame
    zones: pl.DataFrame
    made: Made


def bars_of(seed: int, size: int = SIZE, series_id: str = "A") -> pl.DataFrame:
    return walk(seed, size, gaps=2, rangeless=2, series_id=series_id)


def evaluated(bars: pl.DataFrame, levels: pl.DataFrame, without_atr: frozenset[int] = frozenset()) -> Walk:
    """Run everything from bars of A and B on; the average true range is missing on the given rows."""
    is_missing = pl.col("session").is_in([DAY[row] for row in without_atr])
    averages = moving_averages(bars, PARAMETERS).with_columns(
        pl.when(~is_missing).then("atr_14"),
        atr_reason=pl.when(is_missing).then(pl.lit("warm_up")).otherwise("atr_reason"),
    )
    facts = pl.concat([instrument("A"), instrument("B")])
    found = pivots(bars, averages, PARAMETERS)
    detected = zones(bars, averages, found, record_states(bars, averages, facts, PARAMETERS), PARAMETERS)
    return Walk(bars, averages, levels, detected, made(bars, averages, levels, detected, PARAMETERS))


@cache
def random_walk(seed: int) -> Walk:
    """Return one walk of instrument A with levels; a few rows have no average true range."""
    bars = bars_of(seed)
    without_atr = np.random.default_rng(seed).integers(20, SIZE, 4)
    return evaluated(bars, random_levels(seed, bars), frozenset(without_atr.tolist()))


def random_levels(seed: int, bars: pl.DataFrame, sets: int = 7) -> pl.DataFrame:
    """Return sets of published levels around the prices of each instrument, with any validity and any end."""
    random, rows = np.random.default_rng(seed), []
    kind = level("L", "author").row(0, named=True)
    for series in bars["series_id"].unique().sort():
        closes = bars.filter(series_id=series).sort("session")["close"].to_numpy()
        for number in range(sets):
            of_set = {"set_id": f"{series}-{number}", "bias": random.choice(LEVEL_BIASES), "instrument_id": series}
            for place in range(random.integers(1, 7)):
                low = random.choice(closes) * random.uniform(0.98, 1.02)
                high = low + random.choice([0.0, random.uniform(0, 2)])
                valid_from = int(random.integers(len(closes)))
                pending_from = max(0, valid_from - int(random.choice([0, 0, 3, 20])))
                last, superseded = random.integers(valid_from, len(closes) + 20, 2).tolist()
                fields = {
                    "level_id": f"{series}-{number}-{place}",
                    "role": random.choice(LEVEL_ROLES),
                    "pending_from": DAY[pending_from],
                    "valid_from": DAY[valid_from] if random.random() < 0.95 else None,
                    "valid_to": DAY[last] if random.random() < 0.25 else None,
                    "superseded_from": DAY[superseded] if random.random() < 0.25 else None,
                    **dict.fromkeys(("low", "evaluated_low"), low),
                    **dict.fromkeys(("high", "evaluated_high"), high),
                }
                rows.append({**kind, **of_set, **fields})
    return Level.validate(pl.DataFrame(rows, schema=NO_LEVELS.schema))


def every_session(of: Walk) -> pl.DataFrame:
    """Return the states as of every session, with the session and its ``row``."""
    rows = of.bars.select("session", instrument_id="series_id").sort("instrument_id", "session")
    rows = rows.with_columns(row=pl.int_range(pl.len()).over("instrument_id"))
    until = pl.col("valid_to").is_null() | (pl.col("session") <= pl.col("valid_to"))
    return (
        of.made.states.join(rows, on="instrument_id")
        .filter(pl.col("valid_from") <= pl.col("session"), until)
        .sort("level_id", "session")
    )
