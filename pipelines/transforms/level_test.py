"""Tests of levels: when price came back to one it had been away from, and how that ended.

Belongs here: which touches are tests, from the changes of ``core.level_state``; the rule that decides a test, be it of
a level or of a placebo (docs/methods.md, B4).
Not here: rates, groups and placebos (see ``level_statistics``), the states of levels (see ``level_state``).

Prices that go with a side are taken times the side, so that a resistance is the mirror image of a support: ``near`` is
the edge that price comes to, ``far`` the one beyond it, and lower is beyond the level.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.parameters import Parameters

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Outcomes = npt.NDArray[np.int8]

OPEN, UNDECIDED, HOLD, BREAK = -1, 0, 1, 2
"""Outcomes of a test; one that is open is not counted yet."""
SUPPORT, RESISTANCE = 1, -1
_SIDES = {"support": SUPPORT, "resistance": RESISTANCE}
_ENDS = ("expired", "superseded")
_WAITING = ("intact", "role_reversed", "reclaimed")
_PLACE = ("instrument_id", "level_id", "side", "low", "high")
_PERCENT = 100.0


class Bars(NamedTuple):
    """Rows of one instrument, oldest first; NaN where there is no average true range."""

    close: Floats
    high: Floats
    low: Floats
    atr: Floats


class Touched(NamedTuple):
    """Levels, each on the row that touches it; prices times the side."""

    row: Integers
    side: Integers
    near: Floats
    far: Floats

    def at(self, places: Flags) -> Touched:
        """Return some of them."""
        return Touched(self.row[places], self.side[places], self.near[places], self.far[places])


class Waiting(NamedTuple):
    """Levels of one instrument that begin to wait for a test, each on the row from which price sets out."""

    armed_row: Integers
    side: Integers
    distance: Floats
    """From the close of that row to the near edge, above zero."""
    width: Floats

    def at(self, places: slice | Flags) -> Waiting:
        """Return some of them."""
        return Waiting(self.armed_row[places], self.side[places], self.distance[places], self.width[places])


def instrument_rows(prices: pl.DataFrame, averages: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of instruments, numbered from 0, with their average true range; C stands in for H and L."""
    close = pl.col("close")
    return (
        prices.filter(pl.col("series_kind") == "instrument")
        .join(averages.select("series_id", "session", "atr_14"), on=["series_id", "session"], how="left")
        .sort("series_id", "session")
        .select(
            "session",
            "close",
            pl.col("high").fill_null(close),
            pl.col("low").fill_null(close),
            pl.col("atr_14").cast(pl.Float64),
            instrument_id="series_id",
            row=pl.int_range(pl.len()).over("series_id"),
            session_before=pl.col("session").shift(1).over("series_id"),
        )
    )


def bars_of(rows: pl.DataFrame) -> Bars:
    """Return rows of one instrument as arrays."""
    names = ("close", "high", "low", "atr_14")
    return Bars(*(rows[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in names))


def touches(states: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Return every touch of a level that was waiting for one.

    Args:
        states: ``core.LevelState``.
        rows: What ``instrument_rows`` returns, of the same instruments.

    Returns:
        One row per touch, sorted by instrument, session and level: ``row``, ``armed_row`` (the last event before it in
        the stand, or the row before the stand where there is none), ``side`` (1 or -1) and the bounds ``low``, ``high``
        that the bar was held against. A touch without an armed row is left out.
    """
    return (
        _changes(states, rows)
        .with_columns(
            armed_row=pl.coalesce(pl.col("event_row").shift(1), pl.col("row").first() - 1).over("stand"),
            side=pl.col("side").shift(1).fill_null(pl.col("side")).over("stand"),
            touched_before=pl.col("test_count").shift(1).fill_null(0).over("stand"),
        )
        .filter(pl.col("test_count") > pl.col("touched_before"), pl.col("armed_row") >= 0)
        .join(rows.select("instrument_id", "row", "session_before"), on=["instrument_id", "row"])
        .select(*_PLACE, "row", "armed_row", as_of="session_before", session="valid_from")
        .sort("instrument_id", "row", "level_id")
    )


def waits(states: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Return every session from which a level begins to wait for a touch, whether one came or not.

    Args:
        states: ``core.LevelState``.
        rows: What ``instrument_rows`` returns, of the same instruments.

    Returns:
        One row per wait, sorted by instrument, ``armed_row`` and level: the row before a stand, or one with an event
        that leaves the level waiting, with ``side`` and bounds after it.
    """
    is_start = pl.col("row") == pl.col("row").first().over("stand")
    is_waiting = pl.col("state").is_in(_WAITING)
    changes = _changes(states, rows).with_columns(is_start=is_start)
    starts = changes.filter("is_start", pl.col("state").is_in(_ENDS).not_(), pl.col("row") > 0)
    events = changes.filter(is_waiting, pl.col("event_row") == pl.col("row"))
    of_row = rows.select("instrument_id", armed_row="row", as_of="session")
    return (
        pl.concat([starts.with_columns(armed_row=pl.col("row") - 1), events.with_columns(armed_row="row")])
        .join(of_row, on=["instrument_id", "armed_row"])
        .select(*_PLACE, "armed_row", "as_of")
        .sort("instrument_id", "armed_row", "level_id")
    )


def _changes(states: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Return states with row numbers, a number per ``stand``, and the side as a sign."""
    row_of = rows.select("instrument_id", "session", "row")
    changes = states.sort("level_id", "valid_from")
    for session, row in {"valid_from": "row", "valid_to": "last_row", "last_event_session": "event_row"}.items():
        numbered = row_of.rename({"session": session, "row": row})
        changes = changes.join(numbered, on=["instrument_id", session], how="left", maintain_order="left")
    goes_on = (pl.col("row") == pl.col("last_row").shift(1) + 1) & pl.col("state").shift(1).is_in(_ENDS).not_()
    return changes.with_columns(
        goes_on.over("level_id").fill_null(value=False).not_().cum_sum().alias("stand"),
        side=pl.col("side").replace_strict(_SIDES, return_dtype=pl.Int64),
        low=pl.col("evaluated_low"),
        high=pl.col("evaluated_high"),
    )


def tested(touched: pl.DataFrame, bars: Bars, parameters: Parameters) -> tuple[Flags, Touched]:
    """Return the touches of one instrument that are tests: price had been farther away than the tolerance.

    Args:
        touched: Rows of one instrument of what ``touches`` returns.
        bars: Its bars.
        parameters: The tolerance.

    Returns:
        Which rows are tests, and those.
    """
    row, armed_row, side = (touched[name].to_numpy() for name in ("row", "armed_row", "side"))
    near, far = _edges(touched)
    is_test = side * bars.close[armed_row] - near > tolerance(bars.atr[row - 1], near, far, parameters)
    return is_test, Touched(row, side, near, far).at(is_test)


def away(waiting: pl.DataFrame, bars: Bars, parameters: Parameters) -> tuple[Flags, Waiting]:
    """Return the waits of one instrument that price begins farther away than the tolerance.

    Args:
        waiting: Rows of one instrument of what ``waits`` returns.
        bars: Its bars.
        parameters: The tolerance.

    Returns:
        Which rows are such, and those. Without an average true range on the armed row, none is.
    """
    armed_row, side = waiting["armed_row"].to_numpy(), waiting["side"].to_numpy()
    near, far = _edges(waiting)
    distance = side * bars.close[armed_row] - near
    is_away = distance > tolerance(bars.atr[armed_row], near, far, parameters)
    return is_away, Waiting(armed_row, side, distance, near - far).at(is_away)


def _edges(levels: pl.DataFrame) -> tuple[Floats, Floats]:
    """Return near and far edges, times the side."""
    side, low, high = (levels[name].to_numpy() for name in ("side", "low", "high"))
    return np.where(side == SUPPORT, high, -low), np.where(side == SUPPORT, low, -high)


def tolerance(atr: Floats, near: Floats, far: Floats, parameters: Parameters) -> Floats:
    """Return the distance within which a level counts as reached, NaN without an average true range."""
    least = parameters.level_tolerance_pct / _PERCENT * np.abs(near + far) / 2
    return np.maximum(parameters.level_tolerance_atr * atr, least)


def outcomes(touched: Touched, bars: Bars, parameters: Parameters) -> Outcomes:
    """Return how each test ended, from the closes of the touching row and the ``level_test_sessions`` rows after it.

    A close ``level_hold_atr`` above the near edge is a hold, one more than ``outcome_break_atr`` below the far edge a
    break, whichever comes first; distances in average true ranges of the row before the touch. A test with neither is
    open until all its rows are there, then undecided. Without an average true range it stays open.
    """
    atr = bars.atr[touched.row - 1]
    hold_from = touched.near + parameters.level_hold_atr * atr
    break_below = touched.far - parameters.outcome_break_atr * atr
    found = np.full(len(touched.row), OPEN, dtype=np.int8)
    left = np.flatnonzero(~np.isnan(atr))
    for offset in range(parameters.level_test_sessions + 1):
        left = left[touched.row[left] + offset < len(bars.close)]
        close = touched.side[left] * bars.close[touched.row[left] + offset]
        found[left[close >= hold_from[left]]] = HOLD
        found[left[close < break_below[left]]] = BREAK
        left = left[found[left] == OPEN]
    found[left] = UNDECIDED
    return found
