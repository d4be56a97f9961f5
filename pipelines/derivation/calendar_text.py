"""The sessions of a span of days in a short text, to be kept with what was derived on them and compared later.

Belongs here: the text and its way back. Not here: which sessions there are (``sources.calendar``).
"""

from __future__ import annotations

import base64
import datetime as dt

import numpy as np
import polars as pl

_NOTHING = "none"


def calendar_text(sessions: pl.Series, first: dt.date | None, last: dt.date | None) -> str:
    """Return first and last day and, of each day between, a bit that says whether it is a session."""
    if first is None or last is None:
        return _NOTHING
    days = pl.date_range(first, last, eager=True)
    bits = np.packbits(days.is_in(sessions.implode()).to_numpy())
    return f"{first} {last} {base64.b64encode(bits.tobytes()).decode()}"


def sessions_of(text: str) -> pl.Series:
    """Return the sessions that a text of ``calendar_text`` tells of."""
    if text == _NOTHING:
        return pl.Series(dtype=pl.Date)
    first, last, bits = text.split()
    days = pl.date_range(dt.date.fromisoformat(first), dt.date.fromisoformat(last), eager=True)
    are = np.unpackbits(np.frombuffer(base64.b64decode(bits), np.uint8), count=len(days)).astype(bool)
    return days.filter(pl.Series(are))


def is_still(text: str, sessions: pl.Series) -> bool:
    """Return whether the days that a text tells of are sessions, or not, as they were; False where it tells nothing."""
    if not text or text == _NOTHING:
        return text == _NOTHING
    first, last = map(dt.date.fromisoformat, text.split()[:2])
    return calendar_text(sessions, first, last) == text
