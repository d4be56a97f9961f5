"""What the rows of level books must be to one another: ids, sets, chains, validity, revisions.

Belongs here: the rules across fields and rows, and the one function that reads all books.
Not here: the file format (see ``level_book``), what one field may hold (see ``level_book_field``).

Every rule looks at the fields that could be read, so one bad field does not hide what else is wrong.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import dataframely as dy
import polars as pl

from pipelines.contracts.received import BookLevel
from pipelines.seeds.level_book import LevelBookError, Row, read_book
from pipelines.seeds.own_file import HOUSE, OWN, Finding

_HOUSE_BOOK = Path(__file__).with_name("level_book.csv")
_NEW_YORK = ZoneInfo("America/New_York")
_SHARED_BY_A_SET = ("author", "instrument_id", "bias")
_SHARED_BY_REVISIONS = ("instrument_id", "author")
_PLACE = ("set_id", "role", "order_in_chain", "instrument_id")
_Held = tuple[dt.date, str, Row]
"""Last day of validity, first of the row of revisions, row."""


def read_level_books(
    instrument_ids: Collection[str], own: Path | None = None, house: Path = _HOUSE_BOOK
) -> dy.DataFrame[BookLevel]:
    """Return every level of the house's book and of a user's own, one row per level.

    Args:
        instrument_ids: Instruments that levels can be kept of.
        own: The user's book, None for none.
        house: The house's book.

    Raises:
        LevelBookError: a file cannot be read, or a row breaks a rule; nothing is left out and nothing mended.
    """
    books = [read_book(house, HOUSE, instrument_ids)]
    if own is not None:
        books.append(read_book(own, OWN, instrument_ids))
    rows = [row for book in books for row in book.rows]
    found = [finding for book in books for finding in book.findings]
    found += [finding for row in rows for finding in _within(row)]
    found += [*_ids(rows), *_sets(rows)]
    # Without all rows it is not known which levels there are, nor which revise one another.
    if all(book.is_whole for book in books):
        found += [*_revisions(rows), *_overlaps(rows)]
    if found:
        files = [book.file for book in books]
        raise LevelBookError(sorted(found, key=lambda finding: (files.index(finding.file), finding.line)))
    schema = {name: column.dtype for name, column in BookLevel.columns().items()}
    return BookLevel.validate(pl.DataFrame([row.values for row in rows], schema=schema).sort("level_id"))


def _published_on(row: Row) -> dt.date | None:
    """Return the day of publication in New York, or None where the field could not be read."""
    published: dt.datetime | None = row.values.get("published_at")
    return published.astimezone(_NEW_YORK).date() if published else None


def _first_day(row: Row) -> dt.date | None:
    return row.values.get("valid_from") or _published_on(row)


def _last_day(row: Row) -> dt.date:
    return row.values.get("valid_to") or dt.date.max


def _place_of(row: Row) -> str:
    return f"{row.file}:{row.line}"


def _within(row: Row) -> Iterator[Finding]:
    values, published = row.values, _published_on(row)
    low, high = values.get("low"), values.get("high")
    if low and high and low > high:
        yield row.finding("high", f"expected no less than low, {low}, was {high}")
    if {"role", "order_in_chain"} <= values.keys():
        role, order = values["role"], values["order_in_chain"]
        if role.startswith("next_") and order is None:
            yield row.finding("order_in_chain", f"expected a whole number from 1 for {role}, was ''")
        if not role.startswith("next_") and order is not None:
            yield row.finding("order_in_chain", f"expected nothing for {role}, was {order}")
    valid_from, valid_to = values.get("valid_from"), values.get("valid_to")
    for column, day in (("valid_from", valid_from), ("valid_to", valid_to)):
        if published and day and day < published:
            yield row.finding(column, f"expected no day before the publication, {published} in New York, was {day}")
    if valid_from and valid_to and valid_to < valid_from:
        yield row.finding("valid_to", f"expected no day before valid_from, {valid_from}, was {valid_to}")


def _ids(rows: list[Row]) -> Iterator[Finding]:
    seen: dict[str, Row] = {}
    for row in rows:
        level_id = row.values.get("level_id")
        if level_id in seen:
            yield row.finding("level_id", f"expected an id of its own, was {level_id!r} of {_place_of(seen[level_id])}")
        elif level_id:
            seen[level_id] = row


def _sets(rows: list[Row]) -> Iterator[Finding]:
    first: dict[tuple[str, str], Row] = {}
    for row in rows:
        for column in _SHARED_BY_A_SET:
            if {"set_id", column} <= row.values.keys():
                head = first.setdefault((row.values["set_id"], column), row)
                expected, was = head.values[column], row.values[column]
                if was != expected:
                    yield row.finding(column, f"expected {expected!r} as in its set at {_place_of(head)}, was {was!r}")


def _revisions(rows: list[Row]) -> Iterator[Finding]:
    by_id = {row.values["level_id"]: row for row in reversed(rows) if "level_id" in row.values}
    revised: dict[str, Row] = {}
    for row in rows:
        target = row.values.get("supersedes")
        if target is None:
            continue
        if target not in by_id or target == row.values.get("level_id"):
            yield row.finding("supersedes", f"expected the level_id of another row, was {target!r}")
            continue
        yield from _revision(row, by_id[target])
        if target in revised:
            other = _place_of(revised[target])
            yield row.finding("supersedes", f"expected a level nothing else supersedes, was {target!r} as at {other}")
        revised.setdefault(target, row)


def _revision(row: Row, old: Row) -> Iterator[Finding]:
    for column in _SHARED_BY_REVISIONS:
        if column in row.values and column in old.values and row.values[column] != old.values[column]:
            yield row.finding(
                "supersedes",
                f"expected a level of {column} {row.values[column]!r}, was one of {old.values[column]!r} "
                f"at {_place_of(old)}",
            )
    published, before = row.values.get("published_at"), old.values.get("published_at")
    first, first_before = _first_day(row), _first_day(old)
    if published and before and published <= before:
        yield row.finding(
            "published_at",
            f"expected later than {before.isoformat()} of the level it supersedes at {_place_of(old)}, "
            f"was {published.isoformat()}",
        )
    elif first and first_before and first < first_before:
        yield row.finding(
            "valid_from",
            f"expected no day before {first_before}, when the level it supersedes at {_place_of(old)} begins, "
            f"was {first}",
        )


def _overlaps(rows: list[Row]) -> Iterator[Finding]:
    """Yield rows that hold the place of another one of their set at the same time, unless one revises the other."""
    origins = _origins(rows)
    known = {None, *(row.values.get("level_id") for row in rows)}
    places: dict[tuple[object, ...], list[tuple[dt.date, Row]]] = defaultdict(list)
    for row in rows:
        first = _first_day(row)
        is_whole = {*_PLACE, "level_id", "valid_from", "valid_to", "supersedes"} <= row.values.keys()
        # What it revises is told to be missing; that it stands in that one's place would be told in vain.
        if first and is_whole and row.values["supersedes"] in known:
            places[tuple(row.values[name] for name in _PLACE)].append((first, row))
    for place in places.values():
        longest: list[_Held] = []
        for first, row in sorted(place, key=lambda item: item[0]):
            origin = origins[row.values["level_id"]]
            other = next((held for end, of, held in longest if of != origin and end >= first), None)
            if other is not None:
                role = row.values["role"]
                yield row.finding(
                    "valid_from",
                    f"expected a time without another {role} of its set and order, was {first}, within that of "
                    f"{other.values['level_id']!r} at {_place_of(other)}",
                )
            longest = _two_longest([*longest, (_last_day(row), origin, row)])


def _origins(rows: list[Row]) -> dict[str, str]:
    """Return the first level of the row of revisions that each level is part of."""
    older = {row.values["level_id"]: row.values.get("supersedes") for row in rows if "level_id" in row.values}
    origins: dict[str, str] = {}
    for level_id in older:
        # A dict for its order; a circle of revisions, found elsewhere, ends where it comes round.
        chain: dict[str, None] = {}
        at: str | None = level_id
        while at is not None and at not in origins and at not in chain:
            chain[at] = None
            at = older.get(at)
        origin = next(reversed(chain), level_id) if at is None or at in chain else origins[at]
        origins.update(dict.fromkeys(chain, origin))
    return origins


def _two_longest(held: list[_Held]) -> list[_Held]:
    """Return the longest held places of two origins: enough to see whether another origin overlaps."""
    best: dict[str, _Held] = {}
    for item in held:
        if item[1] not in best or item[0] > best[item[1]][0]:
            best[item[1]] = item
    return sorted(best.values(), key=lambda item: item[0], reverse=True)[:2]
