"""Tests of levels: when price came to one it had been away from, and how that ended.

Belongs here: when a level waits for a touch, from the changes of ``core.level_state``; the rule that decides a test, be
it of a level or of a placebo (docs/methods.md, B4).
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
NO_ROW = -1
SUPPORT, RESISTANCE = 1, -1
_SIDES = {"support": SUPPORT, "resistance": RESISTANCE}
_ENDS = ("expired", "superseded")
_WAITING = ("intact", "role_reversed", "reclaimed")
_PERCENT = 100.0


class Bars(NamedTuple):
    """Rows of one instrument, oldest first; NaN where there is no average true range."""

    close: Floats
    high: Floats
    low: Floats
    atr: Floats


class Bounds(NamedTuple):
    """Bounds of levels on every row they stand, one stand after the other."""

    low: Floats
    high: Floats

    def edges(self, places: Integers | slice, side: Integers | int) -> tuple[Floats, Floats]:
        """Return near and far edges at some places, times the side."""
        low, high = self.low[places], self.high[places]
        is_support = np.equal(side, SUPPORT)
        return np.where(is_support, high, -low), np.where(is_support, low, -high)


class Waits(NamedTuple):
    """Waits of levels of one instrument, each for a touch after its armed row."""

    armed_row: Integers
    side: Integers
    place: Integers
    """Where in the bounds the row after the armed one is."""
    sessions: Integers
    """Rows after the armed one on which the level stands, at least one."""
    touch_row: Integers
    """``NO_ROW`` where no touch came."""

    def at(self, places: Flags) -> Waits:
        """Return some of them."""
        return Waits(*(column[places] for column in self))


class Touched(NamedTuple):
    """Levels, each on the row that touches it; prices times the side."""

    row: Integers
    side: Integers
    near: Floats
    far: Floats

    def at(self, places: Flags) -> Touched:
        """Return some of them."""
        return Touched(self.row[places], self.side[places], self.near[places], self.far[places])


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
        )
    )


def bars_of(rows: pl.DataFrame) -> Bars:
    """Return rows of one instrument as arrays."""
    names = ("close", "high", "low", "atr_14")
    return Bars(*(rows[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in names))


def waits(states: pl.DataFrame, rows: pl.DataFrame) -> tuple[pl.DataFrame, Bounds]:
    """Return every wait of a level for a touch, whether one came or not, and the bounds of the levels.

    Args:
        states: ``core.LevelState``.
        rows: What ``instrument_rows`` returns, of the same instruments.

    Returns:
        One row per wait, sorted by instrument, ``armed_row`` and level: the columns of ``Waits``, where ``touch_row``
        is null if no touch came; ``as_of``, the session of the armed row; ``session``, that of the touch. A level that
        does not stand on the row after the armed one does not wait.
    """
    stretches, row = _stretches(states, rows), pl.col("row")
    last_armed = pl.when("arms").then("row").forward_fill().shift(1).over("stand").fill_null(pl.col("first_row") - 1)
    touches = (
        stretches.with_columns(armed_row=last_armed)
        .filter("touches")
        .select("stand", "armed_row", touch_row="row", session="valid_from")
    )
    starts = stretches.filter(row == pl.col("first_row")).with_columns(armed_row=row - 1, side="first_side")
    events = stretches.filter("arms", row < pl.col("end_row")).with_columns(pl.col("place") + 1, armed_row=row)
    of_row = rows.select("instrument_id", armed_row="row", as_of="session")
    found = (
        pl.concat([starts, events])
        .join(of_row, on=["instrument_id", "armed_row"])
        .join(touches, on=["stand", "armed_row"], how="left")
        .with_columns(sessions=pl.col("end_row") - pl.col("armed_row"))
        .select("instrument_id", "level_id", *Waits._fields, "as_of", "session")
        .sort("instrument_id", "armed_row", "level_id")
    )
    lengths = (stretches["last_row"] - stretches["row"] + 1).to_numpy()
    return found, Bounds(*(np.repeat(stretches[name].to_numpy(), lengths) for name in Bounds._fields))


def _stretches(states: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the states of levels that stand, numbered by ``stand``, with rows, and what ``arms`` or ``touches``.

    What arms is an event that leaves the level waiting, ``restored`` apart, which no price makes. A reclaim that finds
    the level waiting touches it like what ``test_count`` counts, as it closes beyond it.
    """
    row, length = pl.col("row"), pl.col("last_row") - pl.col("row") + 1
    is_waiting, event = pl.col("state").is_in(_WAITING), pl.col("last_event").fill_null("")
    is_event = (pl.col("event_row") == row).fill_null(value=False)
    was_waiting = is_waiting.shift(1).over("stand").fill_null(value=False)
    counts = pl.col("test_count") > pl.col("test_count").shift(1).over("stand").fill_null(0)
    return (
        _numbered(states, rows)
        .with_columns(
            arms=is_event & is_waiting & (event != "restored"),
            touches=counts | (is_event & was_waiting & (event == "reclaimed")),
            first_row=row.first().over("stand"),
            end_row=pl.col("last_row").last().over("stand"),
            place=length.cum_sum() - length,
            side=pl.col("side").replace_strict(_SIDES, return_dtype=pl.Int64),
            # A level that begins as broken may have turned by the end of its first row.
            first_side=pl.col("role").str.split("_").list.last().replace_strict(_SIDES, return_dtype=pl.Int64),
        )
        .rename({"evaluated_low": "low", "evaluated_high": "high"})
    )


def _numbered(states: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the states of levels that stand with rows for sessions, and a number per unbroken ``stand``."""
    row_of = rows.select("instrument_id", "session", "row")
    changes = states.filter(pl.col("state") != "pending").drop("low", "high").sort("level_id", "valid_from")
    for session, row in {"valid_from": "row", "valid_to": "last_row", "last_event_session": "event_row"}.items():
        numbered = row_of.rename({"session": session, "row": row})
        changes = changes.join(numbered, on=["instrument_id", session], how="left", maintain_order="left")
    newest = rows.group_by("instrument_id").agg(newest=pl.col("row").max())
    is_over = pl.col("state").is_in(_ENDS)
    goes_on = (pl.col("row") == pl.col("last_row").shift(1) + 1) & is_over.shift(1).not_()
    return (
        changes.with_columns(stand=goes_on.over("level_id").fill_null(value=False).not_().cum_sum())
        .filter(is_over.not_())
        .join(newest, on="instrument_id", maintain_order="left")
        .with_columns(pl.col("last_row").fill_null(pl.col("newest")))
    )


def waits_of(found: pl.DataFrame) -> Waits:
    """Return rows of one instrument of what ``waits`` returns as arrays."""
    return Waits(*(found[name].fill_null(NO_ROW).to_numpy() for name in Waits._fields))


def away(waiting: Waits, bounds: Bounds, bars: Bars, parameters: Parameters) -> tuple[Floats, Floats]:
    """Return how far from the near edge price was at the close of the armed row, and the tolerance there.

    The bounds are those known at that close, which the next row is held against. Without an average true range the
    tolerance is NaN.
    """
    near, far = bounds.edges(waiting.place, waiting.side)
    distance = waiting.side * bars.close[waiting.armed_row] - near
    return distance, tolerance(bars.atr[waiting.armed_row], near, far, parameters)


def touched(waiting: Waits, bounds: Bounds) -> Touched:
    """Return the levels that were touched, each on the row that touches it and with the bounds of that row."""
    some = waiting.at(waiting.touch_row != NO_ROW)
    near, far = bounds.edges(some.place + some.touch_row - some.armed_row - 1, some.side)
    return Touched(some.touch_row, some.side, near, far)


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
