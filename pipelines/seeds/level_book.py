"""Level books: the CSV files in which people keep published levels, the house's beside this module and a user's own.

Belongs here: the file format; what cannot be read is found with its place and reason, and nothing is mended.
Not here: what a field may hold (see ``level_book_field``), what rows mean to one another (see ``level_book_rules``),
sessions and revisions (see ``transforms.level``).
"""

from __future__ import annotations

import csv
import io
import itertools
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.contracts.received import BookLevel
from pipelines.seeds.field import Field
from pipelines.seeds.level_book_field import fields_of
from pipelines.seeds.own_file import SHOWN_CHARACTERS, Finding, OwnFileError, UnreadableError, shown_name, text_of

COLUMNS = tuple(name for name in BookLevel.column_names() if name != "book")
_DEFAULTS = (("quote_instrument", "instrument_id"), ("high", "low"))


class LevelBookError(OwnFileError):
    """Level books cannot be read; ``findings`` lists file, line, column and reason of all, the text of the first."""


@dataclass(frozen=True)
class Row:
    """One line of a book: where it stands, and the values of those of its fields that can be read."""

    file: str
    line: int
    values: dict[str, Any]

    def finding(self, column: str, text: str) -> Finding:
        """Return a finding of this row."""
        return Finding(self.file, self.line, f"{column}: {text}")


@dataclass
class Book:
    """What could be read of a book. It ``is_whole`` if every line gave a row, with good fields or bad."""

    file: str
    rows: list[Row] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    is_whole: bool = True


def read_book(path: Path, name: str, instrument_ids: Collection[str]) -> Book:
    """Return the rows of one book, in the order of the file, and what is wrong with it.

    Args:
        path: The CSV file.
        name: ``HOUSE`` or ``OWN``, the column ``book`` of each row.
        instrument_ids: Instruments that levels can be kept of.
    """
    file = shown_name(path, name)
    book, fields = Book(file), fields_of(instrument_ids)
    try:
        records = _records(text_of(path, "a level book, a CSV file"))
        header = _header(*next(records, (0, [])))
        for line, cells in records:
            if len(cells) == len(header):
                row = Row(file, line, {"book": name})
                book.findings += _read(row, dict(zip(header, cells, strict=True)), fields)
                book.rows.append(row)
            else:
                book.is_whole = False
                book.findings.append(Finding(file, line, f"expected {len(header)} fields, was {len(cells)}"))
    except UnreadableError as error:
        book.is_whole = False
        book.findings.append(Finding(file, error.line, error.text))
    return book


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line and cells of each record that is neither blank nor a comment."""
    lines, line = io.StringIO(text, newline=""), 1
    for first in lines:
        if first.isspace() or first.startswith("#"):
            line += 1
            continue
        # A reader of its own for each record: one for all would take the quotes of a comment for those of fields.
        reader = csv.reader(itertools.chain([first], lines), strict=True)
        try:
            cells = next(reader)
        except csv.Error as error:
            raise UnreadableError(line, f"expected comma separated fields, was unreadable: {error}") from error
        if any(cells):
            yield line, cells
        line += reader.line_num


def _header(line: int, header: list[str]) -> list[str]:
    """Return the header; it must name each column once."""
    if not header:
        raise UnreadableError(0, f"expected a header of {len(COLUMNS)} columns, was an empty file")
    count = Counter(header)
    missing = [name for name in COLUMNS if name not in count]
    extra = [name for name in count if name not in COLUMNS]
    repeated = [name for name in COLUMNS if count[name] > 1]
    parts = [("missing", missing), ("unknown", extra), ("repeated", repeated)]
    problem = "; ".join(f"{what} {_listed(names)}" for what, names in parts if names)
    if problem:
        joined = "".join(header)
        marks = [name for mark, name in ((";", "semicolons"), ("\t", "tabs")) if mark in joined]
        hint = "".join(f"; is the file separated by {name}?" for name in marks[:1])
        raise UnreadableError(line, f"expected the columns of a level book, was {problem}{hint}")
    return header


def _listed(names: list[str]) -> str:
    return ", ".join(repr(name[:SHOWN_CHARACTERS]) for name in names[: len(COLUMNS)])


def _read(row: Row, cells: Mapping[str, str], fields: Mapping[str, Field]) -> Iterator[Finding]:
    """Put the values of a row into it, and yield a finding for each field that cannot be read."""
    for column in COLUMNS:
        cell, reader = cells[column], fields[column]
        try:
            row.values[column] = None if cell == "" and reader.is_optional else reader.read(cell)
        except ValueError as error:
            yield row.finding(column, f"expected {error}, was {cell[:SHOWN_CHARACTERS]!r}")
    for column, other in _DEFAULTS:
        if column in row.values and row.values[column] is None:
            row.values[column] = row.values.get(other)
    if "method" in row.values:
        row.values["method"] = row.values["method"] or "unknown"
