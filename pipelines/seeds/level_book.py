"""Level books: the CSV files in which people keep published levels, the house's beside this module and a user's own.

Belongs here: the file format and what each field may hold; a bad field refuses the book, with its place and reason.
Not here: what rows mean to one another (see ``level_book_rules``), sessions and revisions (``transforms.level``).
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.contracts.received import BookLevel
from pipelines.contracts.vocabulary import LEVEL_BIASES, LEVEL_HORIZONS, LEVEL_ROLES

HOUSE, OWN = "house", "own"
COLUMNS = tuple(name for name in BookLevel.column_names() if name != "book")
_LONGEST_TEXT = 80
_SHOWN = 20
_DETECTED = "detected"


class LevelBookError(ValueError):
    """A level book cannot be read; the text lists file, line, column and reason of each finding."""

    def __init__(self, findings: list[str]) -> None:
        self.findings = findings
        more = [f"... and {len(findings) - _SHOWN} more"] if len(findings) > _SHOWN else []
        super().__init__("\n".join([*findings[:_SHOWN], *more]))


@dataclass(frozen=True)
class Row:
    """One line of a book: where it stands, and its fields as values."""

    file: str
    line: int
    values: dict[str, Any]

    def finding(self, column: str, text: str) -> str:
        """Return a finding of this row."""
        return f"{self.file}:{self.line}: {column}: {text}"


@dataclass
class _Field:
    """A reader of fields; raises ValueError with what was expected."""

    read: Callable[[str], Any]
    is_optional: bool = False


def read_book(path: Path, book: str, instrument_ids: Collection[str], findings: list[str]) -> list[Row]:
    """Return the rows of one book whose fields can all be read; add what cannot to ``findings``."""
    name = path.name
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        findings.append(f"{path}: expected a level book, a CSV file, was {error.strerror}")
        return []
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        findings.append(f"{name}:{line}: expected UTF-8, was byte 0x{error.object[error.start]:02x}")
        return []
    if "\0" in text:
        findings.append(f"{name}:{text[: text.index(chr(0))].count(chr(10)) + 1}: expected text, was a NUL character")
        return []
    records = _records(name, text, findings)
    header = next(records, None)
    if header is None:
        findings.append(f"{name}: expected a header of {len(COLUMNS)} columns, was an empty file")
        return []
    if problem := _header_problem(header[1]):
        findings.append(f"{name}:{header[0]}: {problem}")
        return []
    fields = _fields(instrument_ids)
    rows = [
        _row(name, line, dict(zip(header[1], cells, strict=True)), fields, findings)
        for line, cells in _whole(name, records, header[1], findings)
    ]
    return [Row(row.file, row.line, {**row.values, "book": book}) for row in rows if row is not None]


def _records(name: str, text: str, findings: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Return line and cells of each record that is neither blank nor a comment."""
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, strict=True)
    line = 1
    try:
        for cells in reader:
            if cells and any(cells) and not cells[0].startswith("#"):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        findings.append(f"{name}:{line}: expected comma separated fields, was unreadable: {error}")


def _header_problem(header: list[str]) -> str | None:
    """Return what is wrong with a header, or None."""
    was = Counter(header)
    missing = [name for name in COLUMNS if name not in was]
    extra = [name for name in was if name not in COLUMNS]
    twice = [name for name, count in was.items() if count > 1]
    if not (missing or extra or twice):
        return None
    hint = next((f"; is the file separated by {mark!r}?" for mark in (";", "\t") if mark in "".join(header)), "")
    parts = [("missing", missing), ("beyond them", extra), ("repeated", twice)]
    return (
        "expected the columns of a level book, was "
        + "; ".join(f"{what} {', '.join(map(repr, names))}" for what, names in parts if names)
        + hint
    )


def _whole(
    name: str, records: Iterator[tuple[int, list[str]]], header: list[str], findings: list[str]
) -> Iterator[tuple[int, list[str]]]:
    """Return the records that have as many fields as the header."""
    for line, cells in records:
        if len(cells) == len(header):
            yield line, cells
        else:
            findings.append(f"{name}:{line}: expected {len(header)} fields, was {len(cells)}")


def _row(name: str, line: int, cells: dict[str, str], fields: dict[str, _Field], findings: list[str]) -> Row | None:
    """Return one row with its fields read, or None with its findings noted."""
    row, is_good = Row(name, line, {}), True
    for column in COLUMNS:
        reader, cell = fields[column], cells[column]
        try:
            if cell == "" and reader.is_optional:
                row.values[column] = None
            elif cell == "":
                raise ValueError("a value")
            else:
                row.values[column] = reader.read(cell)
        except ValueError as error:
            findings.append(row.finding(column, f"expected {error}, was {cell[:_LONGEST_TEXT]!r}"))
            is_good = False
    if not is_good:
        return None
    for column, other in (("quote_instrument", "instrument_id"), ("high", "low")):
        row.values[column] = row.values[other] if row.values[column] is None else row.values[column]
    row.values["method"] = row.values["method"] or "unknown"
    return row


def _fields(instrument_ids: Collection[str]) -> dict[str, _Field]:
    """Return how each column is read."""
    text, price, date = _text, _price, _date
    return {
        "level_id": _Field(lambda cell: _level_id(cell, instrument_ids)),
        "set_id": _Field(text),
        "author": _Field(_author),
        "instrument_id": _Field(_one_of(sorted(instrument_ids))),
        "quote_instrument": _Field(text, is_optional=True),
        "role": _Field(_one_of(LEVEL_ROLES)),
        "low": _Field(price),
        "high": _Field(price, is_optional=True),
        "horizon": _Field(_one_of(LEVEL_HORIZONS)),
        "bias": _Field(_one_of(LEVEL_BIASES)),
        "order_in_chain": _Field(_order, is_optional=True),
        "method": _Field(text, is_optional=True),
        "source_ref": _Field(text),
        "published_at": _Field(_moment),
        "valid_from": _Field(date, is_optional=True),
        "valid_to": _Field(date, is_optional=True),
        "supersedes": _Field(text, is_optional=True),
    }


def _text(cell: str) -> str:
    if cell != cell.strip() or not cell.isprintable():
        raise ValueError("text without control characters and without blanks around it")
    if len(cell) > _LONGEST_TEXT:
        raise ValueError(f"at most {_LONGEST_TEXT} characters")
    return cell


def _level_id(cell: str, instrument_ids: Collection[str]) -> str:
    if any(re.match(rf"{re.escape(name)}-\d{{4}}-", cell) for name in instrument_ids):
        raise ValueError("an id that does not read like one of a detected zone")
    return _text(cell)


def _author(cell: str) -> str:
    if cell.lower() == _DETECTED:
        raise ValueError(f"an author other than {_DETECTED!r}, which stands for the levels the warehouse finds")
    return _text(cell)


def _one_of(names: Collection[str]) -> Callable[[str], str]:
    def read(cell: str) -> str:
        if cell not in names:
            raise ValueError(f"one of {', '.join(names)}")
        return cell

    return read


def _price(cell: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", cell) or not 0 < float(cell) < math.inf:
        raise ValueError("a number above 0 such as 2288 or 2441.72")
    return float(cell)


def _order(cell: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,5}", cell):
        raise ValueError("a whole number from 1")
    return int(cell)


def _date(cell: str) -> dt.date:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", cell):
        raise ValueError("a date such as 2024-12-02")
    try:
        return dt.date.fromisoformat(cell)
    except ValueError as error:
        raise ValueError("a date of the calendar such as 2024-12-02") from error


def _moment(cell: str) -> dt.datetime:
    hint = "a moment with its offset from UTC such as 2024-12-02T08:30:00-05:00"
    try:
        found = dt.datetime.fromisoformat(cell)
    except ValueError as error:
        raise ValueError(hint) from error
    if found.utcoffset() is None or "T" not in cell.upper():
        raise ValueError(hint)
    return found.astimezone(dt.UTC)
