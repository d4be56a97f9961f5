"""The swing high: the highest high since the onset of the last medium up phase, its session and its age.

Belongs here: ``swing_high`` and ``swing_high_session`` of ``core.trend_state`` (docs/methods.md, B1).
Not here: phases, and what a swing high says of a decline (``trend``).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from pipelines.parameters import Parameters
from pipelines.transforms.price_rows import PriceRows, array_of
from pipelines.transforms.scan.flat import Flags, Floats, Integers, last_row_with, running_high


class Swing(NamedTuple):
    """Swing high of each row (NaN before the first phase), its session, and the rows since."""

    high: Floats
    session: pl.Series
    age: Integers

    def columns(self) -> list[pl.Series]:
        """Return the two columns that are published."""
        return [pl.Series("swing_high", self.high, nan_to_null=True), self.session.alias("swing_high_session")]


def swing_highs(rows: PriceRows, starts: Flags, is_given: Flags, parameters: Parameters) -> Swing:
    """Return the highest high since the last start, the latest of equal ones; a close stands in for a null high.

    Before the first up phase it counts from the onset of the first phase. Nothing later than the row is used: until
    an up phase is confirmed, the high still counts from the one before.

    Args:
        rows: Prices; where they go on from stored rows, the stored swing high stands for all before.
        starts: Rows on which a phase is first shown that the count begins anew with.
        is_given: Rows on which there is a phase.
        parameters: How many sessions confirm a phase: those of the run count as well.
    """
    layout, before = rows.layout, _stored(rows)
    top, place = _tops(rows, np.flatnonzero(starts), parameters.phase_confirmation_sessions)
    top[before.place] = before.high
    begins = starts | (layout.row == 0)
    begins[before.place] = True
    highest = running_high(top, np.flatnonzero(begins))
    high_row = last_row_with(top == highest, layout)
    swing_row = place[high_row]
    age = np.arange(layout.size, dtype=np.int32) - swing_row
    session = rows.sessions.gather(swing_row)
    if len(before.place):
        number = np.full(layout.size, -1, dtype=np.int32)
        number[before.place] = np.arange(len(before.place))
        of = number[swing_row]
        session = before.session.gather(of).zip_with(pl.Series(of >= 0), session)
        age = age + np.where(of >= 0, before.age[of], 0)
    return Swing(np.where(is_given, highest, np.nan), session.set(pl.Series(~is_given), None), age)


def _tops(rows: PriceRows, starts: Integers, confirmation: int) -> tuple[Floats, Integers]:
    """Return the high that each row counts with, and its place; at a start, of the run that confirmed the phase."""
    highs = np.where(np.isnan(rows.high), rows.close, rows.high)
    top, place = highs.copy(), np.arange(len(highs), dtype=np.int32)
    for back in range(1, confirmation):
        # From the end of the run, so that the latest of equal highs stays.
        higher = starts[highs[starts - back] > top[starts]]
        top[higher], place[higher] = highs[higher - back], higher - back
    return top, place


class _Stored(NamedTuple):
    """Stored swing highs, one a series that goes on: place of its last stored row, high, session, rows since."""

    place: Integers
    high: Floats
    session: pl.Series
    age: Integers


def _stored(rows: PriceRows) -> _Stored:
    """Return the swing highs on the last stored rows; minus infinity where there was no phase yet."""
    nothing = np.zeros(0, dtype=np.int32)
    if rows.kept is None or rows.kept.is_empty():
        return _Stored(nothing, np.zeros(0), pl.Series([], dtype=pl.Date), nothing)
    goes_on = rows.last_kept >= 0
    last = rows.last_stored().filter(pl.Series(goes_on))
    place = rows.last_kept[goes_on].astype(np.int32)
    begin, end = rows.layout.starts[goes_on], place
    dates = rows.sessions.to_numpy()
    since = last["swing_high_session"].to_numpy()
    # One that lies before the rows in front is older than any age that is asked for.
    found = [int(np.searchsorted(dates[a : b + 1], day)) + a for a, b, day in zip(begin, end, since, strict=True)]
    return _Stored(place, array_of(last["swing_high"].fill_null(-np.inf)), last["swing_high_session"], place - found)
