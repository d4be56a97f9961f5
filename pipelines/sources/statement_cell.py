"""From a cell of the SEC's Financial Statement Data Sets to a value: what text each kind of column may hold.

Belongs here: readers of numbers, dates, moments and names, null for what is none. Not here: which column holds what
(``financial_statements``).
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from pipelines.sources.received import EXCHANGE_TIME_ZONE

Reader = Callable[[pl.Expr], pl.Expr]
"""From text to a value; null where the text spells none."""

_MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-2][0-9]:[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?$"
_DECIMAL = r"^-?[0-9]{1,24}(?:\.[0-9]+)?$"


def shaped(pattern: str) -> Reader:
    """Return a reader of text that keeps what matches a pattern."""
    return lambda text: pl.when(text.str.contains(pattern)).then(text)


def whole_number(digits: int) -> Reader:
    """Return a reader of whole numbers with at most so many digits."""
    plain = shaped(rf"^[0-9]{{1,{digits}}}$")
    return lambda text: plain(text).cast(pl.Int64, strict=False)


def positive_number(digits: int) -> Reader:
    """Return a reader of whole numbers from 1 with at most so many digits."""
    number = whole_number(digits)
    return lambda text: pl.when(number(text) > 0).then(number(text))


def decimal(text: pl.Expr) -> pl.Expr:
    """Return the number that digits spell, with a point and a sign where there is one."""
    return shaped(_DECIMAL)(text).cast(pl.Float64, strict=False)


def date(text: pl.Expr) -> pl.Expr:
    """Return the date that eight digits spell."""
    return shaped("^[0-9]{8}$")(text).str.to_date("%Y%m%d", strict=False)


def moment(text: pl.Expr) -> pl.Expr:
    """Return the moment, in UTC, of a wall clock in New York; the later one of an hour that came twice."""
    return (
        shaped(_MOMENT)(text)
        .str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)
        .dt.replace_time_zone(EXCHANGE_TIME_ZONE, ambiguous="latest", non_existent="null")
        .dt.convert_time_zone("UTC")
    )


def midnight(day: pl.Expr) -> pl.Expr:
    """Return the beginning of a date in New York, in UTC."""
    return day.cast(pl.Datetime("us")).dt.replace_time_zone(EXCHANGE_TIME_ZONE).dt.convert_time_zone("UTC")


def end_of(day: pl.Expr) -> pl.Expr:
    """Return the last microsecond of a date in New York, in UTC."""
    return midnight(day.dt.offset_by("1d")) - pl.duration(microseconds=1)
