"""What each field of a level book may hold, and the value it stands for.

Belongs here: one reader per kind of field, strict, without guesses.
Not here: the file format (see ``level_book``), what fields and rows are to one another (see ``level_book_rules``).
"""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from pipelines.contracts.vocabulary import LEVEL_BIASES, LEVEL_HORIZONS, LEVEL_ROLES

DETECTED = "detected"
"""The author that stands for the levels the warehouse finds."""
_LONGEST_NAME = 80
_INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_EARLIEST, _LATEST = dt.datetime(1800, 1, 1, tzinfo=dt.UTC), dt.datetime(2200, 1, 1, tzinfo=dt.UTC)


class Field(NamedTuple):
    """How a field is read; ``read`` raises ValueError with what it expected. An optional one may be empty."""

    read: Callable[[str], Any]
    is_optional: bool = False


def fields_of(instrument_ids: Collection[str]) -> dict[str, Field]:
    """Return how each column of a level book is read."""
    return {
        "level_id": Field(_level_id(instrument_ids)),
        "set_id": Field(_name),
        "author": Field(_author),
        "published_at": Field(_moment),
        "source_ref": Field(_text),
        "instrument_id": Field(_one_of(sorted(instrument_ids))),
        "quote_instrument": Field(_name, is_optional=True),
        "role": Field(_one_of(LEVEL_ROLES)),
        "low": Field(_price),
        "high": Field(_price, is_optional=True),
        "horizon": Field(_one_of(LEVEL_HORIZONS)),
        "bias": Field(_one_of(LEVEL_BIASES)),
        "order_in_chain": Field(_order, is_optional=True),
        "method": Field(_text, is_optional=True),
        "valid_from": Field(_date, is_optional=True),
        "valid_to": Field(_date, is_optional=True),
        "supersedes": Field(_name, is_optional=True),
    }


def _text(cell: str) -> str:
    """Return a text. A line break in quotes is refused too: two stray quotes would make one row of two."""
    if not cell:
        raise ValueError("a text")
    if cell != cell.strip() or any(unicodedata.category(character) in _INVISIBLE for character in cell):
        raise ValueError("text without control characters, line breaks and blanks around it")
    return cell


def _name(cell: str) -> str:
    if len(cell) > _LONGEST_NAME:
        raise ValueError(f"at most {_LONGEST_NAME} characters")
    return _text(cell)


def _level_id(instrument_ids: Collection[str]) -> Callable[[str], str]:
    names = "|".join(map(re.escape, sorted(instrument_ids)))
    of_zones = re.compile(rf"(?:{names})-[0-9]{{4}}-")

    def read(cell: str) -> str:
        if of_zones.match(cell):
            raise ValueError("an id that does not begin like one of a detected zone")
        return _name(cell)

    return read


def _author(cell: str) -> str:
    if cell.lower() == DETECTED:
        raise ValueError(f"an author other than {DETECTED!r}, which stands for the levels the warehouse finds")
    return _name(cell)


def _one_of(names: Collection[str]) -> Callable[[str], str]:
    def read(cell: str) -> str:
        if cell not in names:
            raise ValueError(f"one of {', '.join(names)}")
        return cell

    return read


def _price(cell: str) -> float:
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", cell) or not 0 < float(cell) < math.inf:
        raise ValueError("a number above 0 such as 2288 or 2441.72")
    return float(cell)


def _order(cell: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,5}", cell):
        raise ValueError("a whole number from 1")
    return int(cell)


def _date(cell: str) -> dt.date:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", cell):
        raise ValueError("a date such as 2024-12-02")
    try:
        return dt.date.fromisoformat(cell)
    except ValueError as error:
        raise ValueError("a date of the calendar such as 2024-12-02") from error


def _moment(cell: str) -> dt.datetime:
    expected = "a date, a time and its offset from UTC such as 2024-12-02T08:30:00-05:00"
    try:
        moment = dt.datetime.fromisoformat(cell)
    except ValueError as error:
        raise ValueError(expected) from error
    if moment.utcoffset() is None or "T" not in cell.upper():
        raise ValueError(expected)
    if not _EARLIEST <= moment < _LATEST:
        raise ValueError(f"a year from {_EARLIEST.year} to {_LATEST.year - 1}")
    return moment.astimezone(dt.UTC)
