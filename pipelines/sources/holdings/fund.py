"""Which fund a file is of, and of which date: what it says itself, and what its name says.

Belongs here: names, tickers and dates in any layout. Not here: where in a file they stand (a module per layout).
"""

from __future__ import annotations

import datetime as dt
import re
from pathlib import PurePath

import polars as pl

from pipelines.sources.received import Unreadable

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""Their English names, whatever the language of the machine."""
_MARKS = re.compile("[®™℠]")
_NAME_START = re.compile(r"[A-Za-z0-9]+")
_NAME_DATE = re.compile(r"_(\d{4}-\d{2}-\d{2})(?!\d)")


def fund_of(funds: pl.DataFrame, provider: str, column: str, value: str) -> str:
    """Return the fund of a publisher whose ``column`` (``fund_id`` or ``fund_name``) is ``value``.

    Letter case, blanks and marks such as ® do not count.

    Raises:
        Unreadable: there is none.
    """
    of_provider = funds.filter(pl.col("fund_provider") == provider)
    for fund_id, text in zip(of_provider["fund_id"], of_provider[column], strict=True):
        if _key(text) == _key(value):
            return str(fund_id)
    known = ", ".join(of_provider[column].sort())
    raise Unreadable(f"expected holdings of a known fund of {provider} ({known}), was those of {value or 'none'}")


def require_name_agrees(file_name: str, fund_id: str, funds: pl.DataFrame) -> None:
    """Raise where the name of a file begins with the ticker of another known fund.

    Raises:
        Unreadable: it does.
    """
    named = fund_in_name(file_name, funds)
    if named is not None and named != fund_id:
        raise Unreadable(f"expected holdings of {named} by the file's name, was those of {fund_id}")


def fund_in_name(file_name: str, funds: pl.DataFrame) -> str | None:
    """Return the known fund with whose ticker the name of a file begins."""
    start = _NAME_START.match(PurePath(file_name).name)
    return next((fund for fund in funds["fund_id"] if start and fund.casefold() == start[0].casefold()), None)


def date_in_name(file_name: str) -> dt.date | None:
    """Return the date in the name of a file, written ``_YYYY-MM-DD``.

    Raises:
        Unreadable: there are several, or it is none.
    """
    texts = sorted(set(_NAME_DATE.findall(PurePath(file_name).name)))
    if len(texts) > 1:
        raise Unreadable(f"expected one date in the file's name, was {', '.join(texts)}")
    try:
        return dt.date.fromisoformat(texts[0]) if texts else None
    except ValueError as error:
        raise Unreadable(f"expected a date in the file's name, was {texts[0]}") from error


def date_of(text: str, pattern: str) -> dt.date:
    """Return the date that ``text`` is, by a pattern with the groups year, month (number or English name) and day.

    Raises:
        Unreadable: it is none.
    """
    found = re.fullmatch(pattern, text.strip(), re.ASCII)
    try:
        if found is None:
            raise ValueError(text)
        month = found["month"]
        number = int(month) if month.isdecimal() else _MONTHS.index(month) + 1
        return dt.date(int(found["year"]), number, int(found["day"]))
    except ValueError as error:
        raise Unreadable(f"expected a date of the holdings, was {text.strip() or 'nothing'}") from error


def _key(name: str) -> str:
    return " ".join(_MARKS.sub("", name).split()).casefold()
