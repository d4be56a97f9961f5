"""The session calendar of the warehouse: numbered sessions with the week, month, quarter and year they fall in.

Belongs here: ``core.session``. Not here: asking the calendar library (``sources.calendar``), or period returns.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from pipelines.contracts.core import Session
from pipelines.parameters import Parameters


def calendar_end(last: dt.date) -> dt.date:
    """Return the day the calendar has to reach: the Sunday that ends the ISO week of the year's last day.

    So every week, month, quarter and year that holds ``last`` is whole.
    """
    new_years_eve = dt.date(last.year, 12, 31)
    return new_years_eve + dt.timedelta(days=7 - new_years_eve.isoweekday())


def number_sessions(
    calendar: pl.DataFrame, bars: pl.DataFrame, parameters: Parameters, until: dt.date | None = None
) -> pl.DataFrame:
    """Return the sessions from the first bar to ``calendar_end`` of the last one, numbered from 1.

    Before ``calendar_checked_from`` the calendar names days on which the exchange was shut, so there only the
    sessions count on which some instrument has a bar. Weeks are ISO weeks of the ISO year: 2024-12-30 falls in
    2025-W01.

    Args:
        calendar: session, opens_at, closes_at and is_early_close, from the first bar to ``calendar_end`` of the last.
        bars: accepted bars (``core.Bar``), of which only the session counts.
        parameters: see above.
        until: a day that has to be spanned too, such as that of the question where a live source lost sessions.

    Returns:
        ``core.Session``, key session; empty where there is no bar.

    Raises:
        ValueError: the calendar does not span the bars.
    """
    traded = bars.select(pl.col("session").unique())
    first, last = traded["session"].min(), traded["session"].max()
    if not isinstance(first, dt.date) or not isinstance(last, dt.date):
        return Session.create_empty()
    last = max(last, until or last)
    begins, ends = calendar["session"].min(), calendar["session"].max()
    if not (isinstance(begins, dt.date) and isinstance(ends, dt.date) and begins <= first and last <= ends):
        raise ValueError(
            f"core.session: expected a calendar from {first} to {last}, was one from {begins!s} to {ends!s}"
        )
    day = pl.col("session")
    is_trusted = (day >= parameters.calendar_checked_from) | day.is_in(traded["session"].implode())
    return (
        calendar.filter(day.is_between(first, calendar_end(last)), is_trusted)
        .sort("session")
        .with_columns(
            session_number=pl.int_range(1, pl.len() + 1),
            settles_at=pl.col("closes_at") + dt.timedelta(minutes=parameters.bar_settle_minutes),
            week=day.dt.strftime("%G-W%V"),
            month=day.dt.strftime("%Y-%m"),
            quarter=pl.format("{}-Q{}", day.dt.year(), day.dt.quarter()),
            year=day.dt.year(),
        )
        .select(Session.column_names())
    )
