"""How often levels hold when they are tested, beside placebos: the same levels moved by a random distance.

Belongs here: ``core.level_statistics`` (docs/methods.md, B4): the placebos, the groups and the rates.
Not here: when a level waits, what a test is and how it ends (see ``level_test``).
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
    NO_ROW,
    OPEN,
    SUPPORT,
    Bars,
    Bounds,
    Floats,
    Outcomes,
    Touched,
    Waits,
    away,
    bars_of,
    instrument_rows,
    outcomes,
    tolerance,
    touched,
    waits,
    waits_of,
)

DETECTED, ANY, THREE_PIVOTS = "detected", "any", "three_pivots"
_THREE = 3
_GROUP = ["author", "instrument_id", "kind"]
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
    described = _described(levels, zones)
    ended, placebos = _ended(states, instrument_rows(prices, averages), parameters)
    is_test = pl.col("outcome") != OPEN
    of_group = (
        _members(ended, described)
        .group_by(_GROUP)
        .agg(
            pl.col("wait"),
            pl.col("outcome").filter(is_test),
            first_test_session=pl.col("session").filter(is_test).min(),
            last_test_session=pl.col("session").filter(is_test).max(),
        )
    )
    found = []
    for group in _groups(states, described).join(of_group, on=_GROUP, how="left").iter_rows(named=True):
        outcome = np.array(group.pop("outcome") or [], dtype=np.int8)
        found.append(group | _rates(outcome, placebos[np.array(group.pop("wait") or [], dtype=np.int64)]))
    schema = LevelStatistics.create_empty().schema
    return pl.DataFrame([{name: row[name] for name in schema} for row in found], schema=schema).sort(
        LevelStatistics.primary_key()
    )


def _ended(states: pl.DataFrame, rows: pl.DataFrame, parameters: Parameters) -> tuple[pl.DataFrame, Outcomes]:
    """Return the waits that price began away from the level: the ``outcome`` of each one's test, and of its draws.

    Without a test the outcome is open. Waits that no touch ended have draws too: had only those with a touch, a placebo
    nearer by would lie on the way of a price that went on, and give way too often.
    """
    every, bounds = waits(states, rows)
    found = [every.clear().with_columns(outcome=pl.lit(OPEN, pl.Int8))]
    drawn = [np.zeros((0, parameters.placebo_draws), dtype=np.int8)]
    for (instrument,), own in every.partition_by("instrument_id", as_dict=True, maintain_order=True).items():
        bars = bars_of(rows.filter(pl.col("instrument_id") == instrument))
        waiting = waits_of(own)
        distance, near_by = away(waiting, bounds, bars, parameters)
        is_away = distance > near_by
        waiting = waiting.at(is_away)
        outcome = np.full(len(waiting.armed_row), OPEN, dtype=np.int8)
        outcome[waiting.touch_row != NO_ROW] = outcomes(touched(waiting, bounds), bars, parameters)
        found.append(own.filter(is_away).with_columns(outcome=pl.Series(outcome)))
        drawn.append(_drawn(str(instrument), waiting, bounds, bars, parameters))
    return pl.concat(found).with_row_index("wait"), np.concatenate(drawn)


def _drawn(instrument: str, waiting: Waits, bounds: Bounds, bars: Bars, parameters: Parameters) -> Outcomes:
    """Return the outcome of each draw of each wait; one that was not reached is open, like one not yet decided.

    The factors of an instrument are a row per wait, so that later waits leave those of earlier ones.
    """
    random = np.random.default_rng([parameters.placebo_seed, zlib.crc32(instrument.encode())])
    size = (len(waiting.armed_row), parameters.placebo_draws)
    factors = random.uniform(parameters.placebo_least, parameters.placebo_most, size)
    found = np.full(size, OPEN, dtype=np.int8)
    for start in range(0, len(factors), _WAITS_AT_ONCE):
        part = np.zeros(len(factors), dtype=bool)
        part[start : start + _WAITS_AT_ONCE] = True
        placebo = _reached(waiting.at(part), bounds, bars, factors[part], parameters)
        is_reached = placebo.row != NO_ROW
        of_part = np.full(is_reached.shape, OPEN, dtype=np.int8)
        of_part[is_reached] = outcomes(placebo.at(is_reached), bars, parameters)
        found[part] = of_part
    return found


def _reached(waiting: Waits, bounds: Bounds, bars: Bars, factors: Floats, parameters: Parameters) -> Touched:
    """Return the first row that reaches each placebo and its edges there, a row per wait and a column per draw.

    A placebo is the level moved so that its near edge lies the factor times the distance away from the close of the
    armed row. It has the level's width, tolerance and side, moves as the level does and ends with it. Price must be
    farther away from it than the tolerance, and has to reach it within ``placebo_sessions``.
    """
    distance, near_by = away(waiting, bounds, bars, parameters)
    moved = (1 - factors) * distance[:, None]
    row, near, far = np.full(factors.shape, NO_ROW), np.zeros(factors.shape), np.zeros(factors.shape)
    for wait, (armed, side, place) in enumerate(zip(waiting.armed_row, waiting.side, waiting.place, strict=True)):
        sessions = min(int(waiting.sessions[wait]), parameters.placebo_sessions)
        window = slice(armed + 1, armed + 1 + sessions)
        near_of, far_of = bounds.edges(slice(place, place + sessions), side)
        low = bars.low[window] if side == SUPPORT else -bars.high[window]
        # How far a level has to be moved to be reached. A row without an average true range before it reaches none.
        takes = low - near_of - tolerance(bars.atr[armed : armed + sessions], near_of, far_of, parameters)
        least = np.minimum.accumulate(np.where(np.isnan(takes), np.inf, takes))
        # Both negated, as the search wants an ascending order; what is not reached comes after the last.
        after = np.searchsorted(-least, -moved[wait])
        row[wait] = np.where(after < sessions, armed + 1 + after, NO_ROW)
        last = np.minimum(after, sessions - 1)
        near[wait], far[wait] = near_of[last] + moved[wait], far_of[last] + moved[wait]
    side = np.broadcast_to(waiting.side[:, None], row.shape)
    row[(factors * distance[:, None] <= near_by[:, None]) | (side * near <= 0)] = NO_ROW
    return Touched(row, side, near, far)


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
