"""What the rows of level books must be to one another: ids, sets, chains, validity, revisions.

Belongs here: the rules across fields and rows, and the one function that reads all books.
Not here: the file format (see ``level_book``).
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
from pipelines.seeds.level_book import HOUSE, OWN, LevelBookError, Row, read_book

_HOUSE_BOOK = Path(__file__).with_name("level_book.csv")
_NEW_YORK = ZoneInfo("America/New_York")
_SHARED_BY_A_SET = ("author", "instrument_id", "bias")


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
    findings: list[str] = []
    rows = read_book(house, HOUSE, instrument_ids, findings)
    if own is not None:
        rows += read_book(own, OWN, instrument_ids, findings)
    # Rows that refer to unreadable ones would only repeat what was found.
    if not findings:
        findings = [*_within_rows(rows), *_ids(rows)]
    if not findings:
        findings = [*_sets(rows), *_revisions(rows)]
    if not findings:
        findings = [*_overlaps(rows)]
    if findings:
        raise LevelBookError(findings)
    schema = {name: column.dtype for name, column in BookLevel.columns().items()}
    frame = pl.DataFrame([row.values for row in rows], schema=schema)
    return BookLevel.validate(frame.sort("level_id"))


def _published_on(row: Row) -> dt.date:
    published: dt.datetime = row.values["published_at"]
    return published.astimezone(_NEW_YORK).date()


def _validity(row: Row) -> tuple[dt.date, dt.date]:
    """Return first and last day; the publication's and the end of time where the book names none."""
    return row.values["valid_from"] or _published_on(row), row.values["valid_to"] or dt.date.max


def _within_rows(rows: list[Row]) -> Iterator[str]:
    for row in rows:
        values, published = row.values, _published_on(row)
        if values["low"] > values["high"]:
            yield row.finding("high", f"expected no less than low {values['low']:g}, was {values['high']:g}")
        is_next, order = values["role"].startswith("next_"), values["order_in_chain"]
        if is_next and order is None:
            yield row.finding("order_in_chain", f"expected a whole number from 1 for {values['role']}, was ''")
        if not is_next and order is not None:
            yield row.finding("order_in_chain", f"expected nothing for {values['role']}, was {order}")
        for column in ("valid_from", "valid_to"):
            if values[column] and values[column] < published:
                yield row.finding(
                    column, f"expected no date before the publication on {published} (New York), was {values[column]}"
                )
        first, last = _validity(row)
        if last < first:
            yield row.finding("valid_to", f"expected no date before valid_from {first}, was {last}")


def _ids(rows: list[Row]) -> Iterator[str]:
    seen: dict[str, Row] = {}
    for row in rows:
        level_id = row.values["level_id"]
        if level_id in seen:
            other = seen[level_id]
            yield row.finding("level_id", f"expected an id of its own, was {level_id!r} of {other.file}:{other.line}")
        seen.setdefault(level_id, row)


def _sets(rows: list[Row]) -> Iterator[str]:
    first: dict[str, Row] = {}
    for row in rows:
        head = first.setdefault(row.values["set_id"], row)
        for column in _SHARED_BY_A_SET:
            if row.values[column] != head.values[column]:
                expected, was = head.values[column], row.values[column]
                yield row.finding(
                    column, f"expected {expected!r} as in the set's first row {head.file}:{head.line}, was {was!r}"
                )


def _revisions(rows: list[Row]) -> Iterator[str]:
    by_id = {row.values["level_id"]: row for row in rows}
    revised: dict[str, Row] = {}
    for row in rows:
        target = row.values["supersedes"]
        if target is None:
            continue
        if target not in by_id or target == row.values["level_id"]:
            yield row.finding("supersedes", f"expected the id of another level of the books, was {target!r}")
            continue
        old = by_id[target]
        for column in ("instrument_id", "author"):
            if old.values[column] != row.values[column]:
                yield row.finding(
                    "supersedes", f"expected a level of {column} {row.values[column]!r}, was {old.values[column]!r}"
                )
        if row.values["published_at"] <= old.values["published_at"]:
            yield row.finding(
                "published_at",
                f"expected later than {old.values['published_at'].isoformat()} of the level it supersedes, "
                f"was {row.values['published_at'].isoformat()}",
            )
        elif _validity(row)[0] < _validity(old)[0]:
            yield row.finding(
                "valid_from",
                f"expected no date before {_validity(old)[0]} of the level it supersedes, was {_validity(row)[0]}",
            )
        if target in revised:
            other = revised[target]
            yield row.finding(
                "supersedes",
                f"expected a level that nothing else supersedes, was {target!r} as in {other.file}:{other.line}",
            )
        revised.setdefault(target, row)


def _overlaps(rows: list[Row]) -> Iterator[str]:
    """Yield rows that hold the place of another one of their set at the same time, unless one revises the other."""
    supersedes = {row.values["level_id"]: row.values["supersedes"] for row in rows}
    origin: dict[str, str] = {}

    def origin_of(level_id: str) -> str:
        """Return the first level of a row of revisions; rows of one origin follow on one another."""
        chain: list[str] = []
        while level_id not in origin:
            chain.append(level_id)
            target = supersedes[level_id]
            if target is None:
                break
            level_id = target
        origin.update(dict.fromkeys(chain, origin.get(level_id, level_id)))
        return origin[level_id]

    places: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in rows:
        places[tuple(row.values[name] for name in ("set_id", "role", "order_in_chain"))].append(row)
    for place in places.values():
        longest: list[tuple[dt.date, str, Row]] = []
        for row in sorted(place, key=lambda row: _validity(row)[0]):
            first, last = _validity(row)
            root = origin_of(row.values["level_id"])
            other = next((held for end, held_by, held in longest if held_by != root and end >= first), None)
            if other is not None:
                yield row.finding(
                    "valid_from",
                    f"expected a time in which its set has no other {row.values['role']} of that order, was that of "
                    f"{other.values['level_id']!r} in {other.file}:{other.line}",
                )
            longest = _two_longest([*longest, (last, root, row)])


def _two_longest(held: list[tuple[dt.date, str, Row]]) -> list[tuple[dt.date, str, Row]]:
    """Return the longest held places of two different origins: enough to find an overlap with another one."""
    best: dict[str, tuple[dt.date, str, Row]] = {}
    for item in held:
        if item[1] not in best or item[0] > best[item[1]][0]:
            best[item[1]] = item
    return sorted(best.values(), key=lambda item: item[0], reverse=True)[:2]
