"""What a single field of a file that people keep may hold, and the value it stands for: the kinds that files share.

Belongs here: one strict reader per kind of field, without guesses.
Not here: the columns of a level book (see ``level_book_field``), the keys of a claim (see ``claim_field``).
"""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

_LONGEST_NAME = 80
_INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_EARLIEST, _LATEST = dt.datetime(1800, 1, 1, tzinfo=dt.UTC), dt.datetime(2200, 1, 1, tzinfo=dt.UTC)


class Field(NamedTuple):
    """How a field is read; ``read`` raises ValueError with what it expected. An optional one may be empty."""

    read: Callable[[str], Any]
    is_optional: bool = False


def text(cell: str) -> str:
    """Return a text. A line break in quotes is refused too: two stray quotes would make one row of two."""
    if not cell:
        raise ValueError("a text")
    if cell != cell.strip() or any(unicodedata.category(character) in _INVISIBLE for character in cell):
        raise ValueError("text without control characters, line breaks and blanks around it")
    return cell


def name(cell: str) -> str:
    """Return a text of at most 80 characters."""
    if len(cell) > _LONGEST_NAME:
        raise ValueError(f"at most {_LONGEST_NAME} characters")
    return text(cell)


def one_of(names: Collection[str]) -> Callable[[str], str]:
    """Return a reader of one of some names."""

    def read(cell: str) -> str:
        if cell not in names:
            raise ValueError(f"one of {', '.join(names)}")
        return cell

    return read


def price(cell: str) -> float:
    """Return a number above zero."""
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", cell) or not 0 < float(cell) < math.inf:
        raise ValueError("a number above 0 such as 2288 or 2441.72")
    return float(cell)


def whole_number(cell: str) -> int:
    """Return a whole number from 1."""
    if not re.fullmatch(r"[1-9][0-9]{0,5}", cell):
        raise ValueError("a whole number from 1")
    return int(cell)


def date(cell: str) -> dt.date:
    """Return a date of the calendar."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", cell):
        raise ValueError("a date such as 2024-12-02")
    try:
        return dt.date.fromisoformat(cell)
    except ValueError as error:
        raise ValueError("a date of the calendar such as 2024-12-02") from error


def moment(cell: str) -> dt.datetime:
    """Return a moment in UTC; its offset has to be given."""
    expected = "a date, a time and its offset from UTC such as 2024-12-02T08:30:00-05:00"
    try:
        found = dt.datetime.fromisoformat(cell)
    except ValueError as error:
        raise ValueError(expected) from error
    if found.utcoffset() is None or "T" not in cell.upper():
        raise ValueError(expected)
    if not _EARLIEST <= found < _LATEST:
        raise ValueError(f"a year from {_EARLIEST.year} to {_LATEST.year - 1}")
    return found.astimezone(dt.UTC)
