"""The exchange calendar: which days were sessions, and when they opened and closed.

Belongs here: asking the calendar library for New York sessions (XNYS). Not here: numbering sessions or naming
their weeks and quarters (``transforms.session``).

Two limits of the library: some holidays before 1970 are missing, so that days appear on which the exchange was
shut; and the Saturday sessions that the exchange held until 1952 are missing.
"""

from __future__ import annotations

import datetime as dt
import functools

import polars as pl

_MARGIN = dt.timedelta(days=31)
"""The library refuses a span without a session, so it is asked for more and the answer is cut."""


@functools.lru_cache(maxsize=16)  # A third of a second each, and a run asks twice for the same span.
def sessions_between(first: dt.date, last: dt.date) -> pl.DataFrame:
    """Return the exchange sessions from ``first`` to ``last``, both included.

    Grain: one row per ``session``, in order; ``opens_at`` and ``closes_at`` are the scheduled moments in UTC,
    early closes included (``is_early_close``). A span without a session gives no row.

    Raises:
        ValueError: ``first`` lies after ``last``.
    """
    import exchange_calendars  # Takes most of a second, and few steps need it.

    if first > last:
        raise ValueError(f"exchange calendar: expected a first date not after the last, was {first} and {last}")
    calendar = exchange_calendars.get_calendar("XNYS", start=first - _MARGIN, end=last + _MARGIN)
    schedule = calendar.schedule
    frame = pl.DataFrame(
        {
            "session": schedule.index.to_numpy("datetime64[us]"),
            "opens_at": schedule["open"].to_numpy("datetime64[us]"),
            "closes_at": schedule["close"].to_numpy("datetime64[us]"),
            "is_early_close": schedule.index.isin(calendar.early_closes),
        }
    )
    return frame.with_columns(
        pl.col("session").cast(pl.Date),
        pl.col("opens_at", "closes_at").dt.replace_time_zone("UTC"),
    ).filter(pl.col("session").is_between(first, last))
