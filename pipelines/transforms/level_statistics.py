"""How often levels hold when they are tested, beside placebos: random zones of like width and distance.

Belongs here: ``core.level_statistics`` (docs/methods.md, B4): the placebos, the groups and the rates.
Not here: what a test is and how it ends (see ``level_test``).
"""

from __future__ import annotations

import zlib

import numpy as np
import polars as pl

from pipelines.contracts.core import LevelStatistics
from pipelines.parameters import Parameters
from pipelines.transforms.level_test import (
    BREAK,
    HOLD,
    OPEN,
    SUPPORT,
    Bars,
    Floats,
    Outcomes,
    Touched,
    Waiting,
    away,
    bars_of,
    instrument_rows,
    outcomes,
    tested,
    tolerance,
    touches,
    waits,
)

DETECTED, ANY, THREE_PIVOTS = "detected", "any", "three_pivots"
_THREE = 3
_GROUP = ["author", "instrument_id", "kind"]
_NO_ROW = -1
_PERCENT = 100.0
_WAITS_AT_ONCE = 1_000
"""Bounds the memory: the draws of so many waits are worked on together."""


def level_statistics(
    states: pl.DataFrame,
    levels: pl.DataFrame,
    zones: pl.DataFrame,
    prices: pl.DataFrame,
    averages: pl.DataFrame,
    parameters: Parameters,
) -> pl.DataFrame:
    """Return how often the levels of each author held, per instrument and kind, and how often placebos did.

    Args:
        states: ``core.LevelState``.
        levels: ``core.Level``, for the authors of published levels.
        zones: ``core.Zone``, for the kinds of detected ones.
        prices: ``core.SeriesPrice`` of the same instruments, in any order.
        averages: ``core.MovingAverage`` of the same rows, for ``atr_14``.
        parameters: The ``level_``, ``outcome_`` and ``placebo_`` thresholds.

    Returns:
        ``core.LevelStatistics``, sorted by author, instrument and kind: a row for every group that has a level, tested
        or not. Rates in per cent.
    """
    described, rows = _described(levels, zones), instrument_rows(prices, averages)
    tests = _members(_tests(states, rows, parameters), described).sort("session")
    of_tests = tests.group_by(_GROUP).agg(
        pl.col("outcome"), first_test_session=pl.col("session").min(), last_test_session=pl.col("session").max()
    )
    waiting, placebos = _placebos(states, rows, parameters)
    of_waits = _members(waiting, described).group_by(_GROUP).agg("wait")
    groups = _groups(states, described).join(of_tests, on=_GROUP, how="left").join(of_waits, on=_GROUP, how="left")
    found = []
    for group in groups.iter_rows(named=True):
        outcome = np.array(group.pop("outcome") or [], dtype=np.int8)
        found.append(group | _rates(outcome, placebos[np.array(group.pop("wait") or [], dtype=np.int64)]))
    schema = LevelStatistics.create_empty().schema
    return pl.DataFrame([{name: row[name] for name in schema} for row in found], schema=schema).sort(
        LevelStatistics.primary_key()
    )


def _tests(states: pl.DataFrame, rows: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Return the tests that are no longer open, with their ``outcome``."""
    touched = touches(states, rows)
    found = [touched.clear().with_columns(outcome=pl.lit(OPEN, pl.Int8))]
    for (instrument,), own in touched.partition_by("instrument_id", as_dict=True, maintain_order=True).items():
        bars = bars_of(rows.filter(pl.col("instrument_id") == instrument))
        is_test, of_instrument = tested(own, bars, parameters)
        found.append(own.filter(is_test).with_columns(outcome=pl.Series(outcomes(of_instrument, bars, parameters))))
    return pl.concat(found).filter(pl.col("outcome") != OPEN)


def _placebos(states: pl.DataFrame, rows: pl.DataFrame, parameters: Parameters) -> tuple[pl.DataFrame, Outcomes]:
    """Return the waits that price began away from the level, and the outcomes of the draws of each.

    Levels that were never reached are among them: had only those that were reached a placebo, one nearer by would lie
    on the way of a price that went on, and give way too often.
    """
    every = waits(states, rows)
    found, drawn = [every.clear()], [np.zeros((0, parameters.placebo_draws), dtype=np.int8)]
    for (instrument,), own in every.partition_by("instrument_id", as_dict=True, maintain_order=True).items():
        bars = bars_of(rows.filter(pl.col("instrument_id") == instrument))
        is_away, waiting = away(own, bars, parameters)
        factors = _factors(str(instrument), len(waiting.armed_row), parameters)
        found.append(own.filter(is_away))
        drawn.append(_drawn(waiting, bars, factors, parameters))
    return pl.concat(found).with_row_index("wait"), np.concatenate(drawn)


def _factors(instrument: str, size: int, parameters: Parameters) -> Floats:
    """Return the random factors of an instrument: a row per wait, so that later waits leave those of earlier ones."""
    random = np.random.default_rng([parameters.placebo_seed, zlib.crc32(instrument.encode())])
    return random.uniform(parameters.placebo_least, parameters.placebo_most, (size, parameters.placebo_draws))


def _drawn(waiting: Waiting, bars: Bars, factors: Floats, parameters: Parameters) -> Outcomes:
    """Return the outcome of each draw of each wait; one that was not reached is open, like one not yet decided."""
    found = np.full(factors.shape, OPEN, dtype=np.int8)
    for start in range(0, len(factors), _WAITS_AT_ONCE):
        part = slice(start, start + _WAITS_AT_ONCE)
        some = waiting.at(part)
        placebo = _reached(some, bars, factors[part], parameters)
        is_reached = placebo.row != _NO_ROW
        found[part][is_reached] = outcomes(placebo.at(is_reached), bars, parameters)
    return found


def _reached(waiting: Waiting, bars: Bars, factors: Floats, parameters: Parameters) -> Touched:
    """Return the placebo zones and the first row that reaches each, a row per wait and a column per draw.

    A placebo has the width and the side of the level. Its near edge lies the factor times the distance away from the
    close of the armed row. Price has to reach it within ``placebo_sessions``, by the tolerance of the armed row.
    """
    side, armed_row = waiting.side[:, None], waiting.armed_row[:, None]
    near = side * bars.close[armed_row] - factors * waiting.distance[:, None]
    far = near - waiting.width[:, None]
    reach = near + tolerance(bars.atr[armed_row], near, far, parameters)
    row = np.full(factors.shape, _NO_ROW)
    for place, armed in enumerate(waiting.armed_row):
        window = slice(armed + 1, armed + 1 + parameters.placebo_sessions)
        is_support = waiting.side[place] == SUPPORT
        lowest = np.minimum.accumulate(bars.low[window] if is_support else -bars.high[window])
        # Both negated, as the search wants an ascending order; what is not reached comes after the last.
        after = np.searchsorted(-lowest, -reach[place])
        row[place] = np.where(after < len(lowest), armed + 1 + after, _NO_ROW)
    row[side * near <= 0] = _NO_ROW
    return Touched(row, np.broadcast_to(side, row.shape), near, far)


def _described(levels: pl.DataFrame, zones: pl.DataFrame) -> pl.DataFrame:
    """Return the ``author`` and the list of ``kind`` of every level; of detected ones ``since`` each change."""
    three = pl.when(pl.col("n_pivots") >= _THREE).then(pl.lit([THREE_PIVOTS])).otherwise(pl.lit([], pl.List(pl.String)))
    published = levels.select(
        "level_id", "author", kind=pl.concat_list("role", pl.lit(ANY)), since=pl.lit(None, pl.Date)
    )
    detected = zones.select(
        level_id="zone_id",
        author=pl.lit(DETECTED),
        kind=pl.concat_list(pl.col("kinds").str.split(", "), three, pl.lit(ANY)),
        since="valid_from",
    )
    return pl.concat([published, detected])


def _groups(states: pl.DataFrame, described: pl.DataFrame) -> pl.DataFrame:
    """Return every group that has a level."""
    standing = states.select("instrument_id", "level_id").unique()
    return standing.join(described, on="level_id").explode("kind").select(_GROUP).unique()


def _members(places: pl.DataFrame, described: pl.DataFrame) -> pl.DataFrame:
    """Return a row per place and group it counts in; a detected level counts by its zone as known on ``as_of``."""
    published = places.join(described.filter(pl.col("since").is_null()), on="level_id")
    detected = places.sort("as_of").join_asof(
        described.drop_nulls("since").sort("since"),
        left_on="as_of",
        right_on="since",
        by="level_id",
        check_sortedness=False,
    )
    return pl.concat([published.drop("since"), detected.drop("since").drop_nulls("author")]).explode("kind")


def _rates(outcome: Outcomes, placebos: Outcomes) -> dict[str, float | int | str | None]:
    """Return the counts and rates of one group.

    Args:
        outcome: How its tests ended.
        placebos: How the draws of its waits ended: a row per wait, a column per draw.
    """
    tests, holds = len(outcome), int((outcome == HOLD).sum())
    rate = _PERCENT * holds / tests if tests else None
    of_draw = (placebos != OPEN).sum(axis=0)
    draws = _PERCENT * (placebos == HOLD).sum(axis=0)[of_draw > 0] / of_draw[of_draw > 0]
    # A standard deviation takes two.
    mean, deviation = (float(draws.mean()), float(draws.std(ddof=1))) if len(draws) > 1 else (None, None)
    return {
        "tests": tests,
        "holds": holds,
        "breaks": int((outcome == BREAK).sum()),
        "hold_rate_pct": rate,
        "placebo_hold_rate_pct": mean,
        "placebo_sd_pct_points": deviation,
        "hold_excess_pct_points": None if rate is None or mean is None else rate - mean,
        "reason": "no_tests" if rate is None else "no_placebo" if mean is None else None,
    }
