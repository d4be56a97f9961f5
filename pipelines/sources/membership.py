"""Lists of index members by their spells, as reconstructed by others: one CSV file per index.

Belongs here: reading such a list. Not here: holdings of funds (``holdings``), or joining spells (``transforms``).
"""

from __future__ import annotations

import datetime as dt
import re
from typing import NamedTuple

import dataframely as dy
import polars as pl

from pipelines.contracts.received import RefusedRow
from pipelines.sources.base import SourceError
from pipelines.sources.csv_record import Records, csv_records, is_name
from pipelines.sources.refusal import Refused, payload_of, refused_frame, require_mostly_kept

INDEX_BY_NAME = {"sp500": "SPX", "nasdaq100": "NDX", "dow30": "DJI"}
"""How the names of the files begin, and the index that each is of."""

_COLUMNS = ("symbol", "name", "opt-in", "opt-out")
_SYMBOL = re.compile(r"[A-Z0-9]+(?:[.-][A-Z0-9]+)*")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SCHEMA = {
    "symbol": pl.String(),
    "effective_from": pl.Date(),
    "effective_to": pl.Date(),
    "company_name": pl.String(),
}


class MembershipList(NamedTuple):
    """What a list says.

    Attributes:
        spells: index_id, symbol, effective_from, effective_to and company_name of ``raw.MembershipSpell``, sorted by
            symbol and beginning; the spells of a symbol do not overlap.
        refused: Records that were kept out.
    """

    spells: pl.DataFrame
    refused: dy.DataFrame[RefusedRow]


class _Spell(NamedTuple):
    symbol: str
    begins: dt.date
    ends: dt.date | None
    name: str
    line: int
    payload: str


def read_membership(content: bytes, file_name: str) -> MembershipList:
    """Read a list of symbol, name, opt-in and opt-out; the beginning of the file's name says which index it is of.

    A spell holds from opt-in up to, and not with, opt-out; without opt-out it still holds. A dot in a symbol becomes
    the dash of the SEC and of Yahoo. Refused are records with too few or too many cells (``wrong_width``); those with
    a symbol, name or date that is none, and those whose opt-out does not come after opt-in (``unparsable``); and of
    spells of one symbol that overlap all but the one that lasts longest into time (``duplicate``), as two companies
    had the symbol then and a row could be of either.

    Raises:
        SourceError: naming the file: its name says of no index, it is no such CSV, or more records were refused than
            kept.
    """
    index = next((index for name, index in INDEX_BY_NAME.items() if file_name.lower().startswith(name)), None)
    if index is None:
        expected = ", ".join(INDEX_BY_NAME)
        raise SourceError(f"{file_name}: expected a name that begins with one of {expected}, was another")
    spells, refused = _spells(csv_records(content, file_name, _COLUMNS))
    kept, overlapping = _apart(spells)
    refused += [(spell.line, "duplicate", spell.payload) for spell in overlapping]
    require_mostly_kept(file_name, sorted(refused), len(kept))
    frame = pl.DataFrame([spell[:4] for spell in kept], schema=_SCHEMA, orient="row")
    return MembershipList(
        frame.select(pl.lit(index).alias("index_id"), pl.all()).sort("symbol", "effective_from"), refused_frame(refused)
    )


def _spells(table: Records) -> tuple[list[_Spell], list[Refused]]:
    """Return the records that are spells, and those that are not."""
    spells: list[_Spell] = []
    refused: list[Refused] = []
    for line, cells in table.records:
        payload = payload_of(table.header, cells)
        if len(cells) != len(table.header):
            refused.append((line, "wrong_width", payload))
            continue
        symbol, name, begins, ends = (cells[table.places[column]] for column in _COLUMNS)
        dates = _dates(begins, ends)
        if dates and is_name(name) and _SYMBOL.fullmatch(symbol):
            spells.append(_Spell(symbol.replace(".", "-"), *dates, name, line, payload))
        else:
            refused.append((line, "unparsable", payload))
    return spells, refused


def _dates(begins: str, ends: str) -> tuple[dt.date, dt.date | None] | None:
    """Return the first date of a spell and the first one after it, None where the text gives no spell of a day."""
    first, after = _date(begins), _date(ends)
    if first is None or (ends and (after is None or after <= first)):
        return None
    return first, after


def _date(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


def _apart(spells: list[_Spell]) -> tuple[list[_Spell], list[_Spell]]:
    """Return the spells of each symbol that do not overlap, the latest first, and those that overlap one of them."""
    kept: list[_Spell] = []
    overlapping: list[_Spell] = []
    earliest: dict[str, dt.date] = {}
    for spell in sorted(spells, key=lambda spell: (-_end(spell).toordinal(), spell.begins, spell.line)):
        # As none ends later than those kept before, it overlaps the earliest of them or none.
        if _end(spell) > earliest.get(spell.symbol, dt.date.max):
            overlapping.append(spell)
        else:
            kept.append(spell)
            earliest[spell.symbol] = spell.begins
    return kept, overlapping


def _end(spell: _Spell) -> dt.date:
    """Return the first date after a spell, the last of all where it still holds."""
    return spell.ends or dt.date.max
