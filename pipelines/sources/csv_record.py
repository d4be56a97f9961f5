"""CSV documents of vendors as records of text, where cells may be quoted and hold line breaks.

Belongs here: decoding, quotes, and finding columns by name. Not here: price files and panels, whose lines are their
rows (``files``, ``panel``), or what a column means (a module per document).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pipelines.sources.base import SourceError
from pipelines.sources.received import Unreadable, decoded

_CONTROL = re.compile(r"[\x00-\x1f\x7f\ufffd]")
_SHOWN = 300
"""Characters of an error: a header may be as long as its file."""


class Record(NamedTuple):
    """One record: the line that it begins on, from 1, and its cells without surrounding blanks."""

    line: int
    cells: list[str]


class Records(NamedTuple):
    """The header of a document, where the wanted columns stand, and its records below the header."""

    header: list[str]
    places: dict[str, int]
    records: list[Record]


def is_name(text: str) -> bool:
    """Return whether text can be a name: on one line, and not empty."""
    return bool(text.strip()) and not _CONTROL.search(text)


def text_of(content: bytes, file_name: str, expected: str) -> str:
    """Return the text of a document in UTF-8.

    Raises:
        SourceError: it is empty, in another encoding, or an HTML page in the place of what was ``expected``.
    """
    try:
        return decoded(content, expected)
    except Unreadable as error:
        raise SourceError(f"{file_name}: {error}") from error


def csv_records(content: bytes, file_name: str, columns: Sequence[str]) -> Records:
    """Cut a CSV document with a header on its first line into records; blank lines are none.

    Raises:
        SourceError: it is no CSV in UTF-8, a quote is out of place, a column is absent or there twice, or there is no
            record.
    """
    text = text_of(content, file_name, "CSV")
    records = list(_cut(text, file_name))
    header = records[0].cells
    for name in columns:
        if header.count(name) != 1:
            was = f"{header.count(name)} among: {', '.join(header)}"[:_SHOWN]
            raise SourceError(f"{file_name}: expected one column {name}, was {was}")
    if len(records) == 1:
        raise SourceError(f"{file_name}: expected records below the header, was none")
    return Records(header, {name: header.index(name) for name in columns}, records[1:])


def _cut(text: str, file_name: str) -> Iterator[Record]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            if cells:
                yield Record(line, [item.strip() for item in cells])
            line = reader.line_num + 1
    except csv.Error as error:
        raise SourceError(f"{file_name}: line {line}: expected a CSV record, was: {error}") from error
