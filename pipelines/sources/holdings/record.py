"""Records of a CSV file, each with the physical line on which it begins, quotes taken strictly.

Belongs here: cutting text into records, and saying of one that its quotes are broken.
Not here: what a record is in its file (``table``).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import NamedTuple

from pipelines.sources.received import Unreadable

_BYTE_ORDER_MARK = "\ufeff"
_LONGEST_TICKER = 20
"""A first cell with more letters is text for people."""
_CELL = r'(?:"(?:[^"]|"")*"|[^",\r\n]*)'
_WELL_QUOTED = re.compile(f"{_CELL}(?:,{_CELL})*")


class Record(NamedTuple):
    """One record: a line, or several where a quoted cell holds line breaks."""

    line: int
    """Physical line on which it begins, from 1; of a workbook the row of the sheet."""
    cells: list[str] | None
    """None where a quote stands in the wrong place."""
    raw: str
    is_cut: bool = False
    """The file ends within its quotes."""

    @property
    def first(self) -> str:
        """Return the first cell without blanks around it; of a file that stands twice in one, without its mark."""
        return self.cells[0].strip().removeprefix(_BYTE_ORDER_MARK) if self.cells else ""

    @property
    def is_blank(self) -> bool:
        """Return whether nothing stands behind the first cell."""
        return self.cells is not None and not "".join(self.cells[1:]).strip()

    @property
    def is_text(self) -> bool:
        """Return whether it is a blank line or a text for people; a short cell alone may be the rest of a record."""
        return self.is_blank and (not self.first or len(self.first) > _LONGEST_TICKER)

    @property
    def may_be_holding(self) -> bool:
        """Return whether a record of any width, or one with broken quotes, begins like a holding."""
        return len(self.first if self.cells else self.raw.partition(",")[0].strip()) <= _LONGEST_TICKER


class _Lines(Iterator[str]):
    """Physical lines, counted, with those that were taken for the record at hand."""

    def __init__(self, content: bytes) -> None:
        self._text = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline="")
        self.number = 0
        self.taken: list[str] = []
        self.is_over = False

    def __next__(self) -> str:
        line = self._text.readline()
        if not line:
            self.is_over = True
            raise StopIteration
        self.number += 1
        self.taken.append(line)
        return line


def csv_records(content: bytes) -> Iterator[Record]:
    """Yield the records of comma separated text in UTF-8, with or without a byte order mark; a blank line is one too.

    After broken quotes reading goes on with the next line.

    Raises:
        Unreadable: it is not UTF-8.
    """
    lines = _Lines(content)
    reader = csv.reader(lines, strict=True)
    while True:
        lines.taken = []
        start = lines.number + 1
        cells: list[str] | None
        try:
            cells = next(reader) or [""]
        except StopIteration:
            return
        except csv.Error:
            cells = None
        except UnicodeDecodeError as error:
            raise Unreadable(
                f"expected CSV in UTF-8, was another encoding ({error.reason}) after line {start}"
            ) from error
        raw = "".join(lines.taken)
        # The reader takes a quote within an unquoted cell for a letter.
        if cells and '"' in "".join(cells) and not _WELL_QUOTED.fullmatch(raw.rstrip("\r\n")):
            cells = None
        yield Record(start, cells, raw, is_cut=cells is None and lines.is_over)
