"""The sessions of a span of days as a short text, to be kept with what is derived on them: a missing session counts.

Belongs here: the text and its way back. Not here: which sessions there are (``sources.calendar``).
"""

from __future__ import annotations

import base64
import datetime as dt

import numpy as np
import polars as pl


def calendar_mark(sessions: pl.DataFrame, first: dt.date | None, last: dt.date | None) -> str:
    """Return first and last day and, of each day between, a bit that says whether it is a session; None for no days."""
    if first is None or last is None:
        return f"{None} {None} none"
    days = pl.date_range(first, last, eager=True)
    bits = np.packbits(days.is_in(sessions["session"].implode()).to_numpy())
    return f"{first} {last} {base64.b64encode(bits.tobytes()).decode()}"


def sessions_marked(mark: str) -> pl.Series:
    """Return the sessions that a mark tells of."""
    first, last, bits = _parts(mark)
    if first is None or last is None:
        return pl.Series(dtype=pl.Date)
    days = pl.date_range(first, last, eager=True)
    are = np.unpackbits(np.frombuffer(base64.b64decode(bits), np.uint8), count=len(days)).astype(bool)
    return days.filter(pl.Series(are))


def is_same_calendar(sessions: pl.DataFrame, mark: str) -> bool:
    """Return whether the days that a mark tells of are sessions, or not, as they were."""
    first, last, _ = _parts(mark)
    return first is None or calendar_mark(sessions, first, last) == mark


def _parts(mark: str) -> tuple[dt.date | None, dt.date | None, str]:
    *days, bits = mark.split()
    first, last = (None if day == str(None) else dt.date.fromisoformat(day) for day in days)
    return first, last, bits
