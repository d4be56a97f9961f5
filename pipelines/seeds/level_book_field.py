"""What each column of a level book may hold.

Belongs here: the columns, and the fields that only level books have.
Not here: kinds of fields that files share (see ``field``), the file format (see ``level_book``), what fields and rows
are to one another (see ``level_book_rules``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from pipelines.contracts.vocabulary import LEVEL_BIASES, LEVEL_HORIZONS, LEVEL_ROLES
from pipelines.seeds.field import Field, date, moment, name, one_of, price, text, whole_number

DETECTED = "detected"
"""The author that stands for the levels the warehouse finds."""


def fields_of(instrument_ids: Collection[str]) -> dict[str, Field]:
    """Return how each column of a level book is read."""
    return {
        "level_id": Field(_level_id(instrument_ids)),
        "set_id": Field(name),
        "author": Field(_author),
        "published_at": Field(moment),
        "source_ref": Field(text),
        "instrument_id": Field(one_of(sorted(instrument_ids))),
        "quote_instrument": Field(name, is_optional=True),
        "role": Field(one_of(LEVEL_ROLES)),
        "low": Field(price),
        "high": Field(price, is_optional=True),
        "horizon": Field(one_of(LEVEL_HORIZONS)),
        "bias": Field(one_of(LEVEL_BIASES)),
        "order_in_chain": Field(whole_number, is_optional=True),
        "method": Field(text, is_optional=True),
        "valid_from": Field(date, is_optional=True),
        "valid_to": Field(date, is_optional=True),
        "supersedes": Field(name, is_optional=True),
    }


def _level_id(instrument_ids: Collection[str]) -> Callable[[str], str]:
    names = "|".join(map(re.escape, sorted(instrument_ids)))
    of_zones = re.compile(rf"(?:{names})-[0-9]{{4}}-")

    def read(cell: str) -> str:
        if of_zones.match(cell):
            raise ValueError("an id that does not begin like one of a detected zone")
        return name(cell)

    return read


def _author(cell: str) -> str:
    if cell.lower() == DETECTED:
        raise ValueError(f"an author other than {DETECTED!r}, which stands for the levels the warehouse finds")
    return name(cell)
