"""From records to a table: preamble, header, body and what follows it.

Belongs here: where the body begins and ends, records that are no part of it, a body that stands there again.
Not here: what a column means (``holding``) or what the preamble says (a module per layout).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

import polars as pl

from pipelines.sources.holdings.record import Record
from pipelines.sources.received import Unreadable
from pipelines.sources.refusal import Refused, payload_of

_BATCH = 4_000
_LONGEST_PREAMBLE = 200


class Table(NamedTuple):
    """The body of a file as text."""

    header_line: int
    lines: pl.Series
    """Where each record begins."""
    cells: pl.DataFrame
    """One text column per column of the file, named by its header without blanks around it."""
    refused: list[Refused]
    """Records within the body that are none, and all records of a body that stands there again."""
    last_line: int
    """Where the last record of the file begins that is not blank."""
    is_closed: bool
    """A blank line or a text follows the body: it is not cut off."""


def until_header(records: Iterator[Record], starts: Collection[str]) -> tuple[list[Record], Record | None]:
    """Take records up to the header, whose first cell is one of ``starts``; return those before it, and it or None.

    Raises:
        Unreadable: one of them is broken, so that nobody knows what it was.
    """
    preamble: list[Record] = []
    for record in records:
        if record.cells is None:
            raise Unreadable(f"expected well placed quotes above the body, was line {record.line}: {record.raw}")
        if record.first in starts and not record.is_blank:
            return preamble, record
        preamble.append(record)
        if len(preamble) > _LONGEST_PREAMBLE:
            break
    return [record for record in preamble if "".join(record.cells or ()).strip()], None


def column_labels(header: Record) -> list[str]:
    """Return the names of the columns, blanks around and doubled within them left out.

    Raises:
        Unreadable: a name stands there twice.
    """
    labels = [" ".join(cell.split()) for cell in header.cells or ()]
    labels[0] = header.first
    twice = sorted({label for label in labels if label and labels.count(label) > 1})
    if twice:
        raise Unreadable(f"expected each column once, was {', '.join(twice)} repeated on line {header.line}")
    return [label or f"column {at}" for at, label in enumerate(labels, 1)]


def body_of(records: Iterator[Record], header: Record, preamble: list[Record]) -> Table:
    """Return the records below the header, up to the first blank line or text.

    What follows may be text, and the same file again. Then its records are refused as duplicates.

    Raises:
        Unreadable: the file ends within quotes, other records follow the end of the body, or another header.
    """
    body = _Body(header, preamble)
    for record in records:
        body.take(record)
    return body.table()


class _Run:
    """Records that follow one another, made columns batch by batch: a million as objects would fill the memory."""

    def __init__(self, line: int) -> None:
        self.line = line
        self._records: list[Record] = []
        self._frames: list[pl.DataFrame] = []

    def add(self, record: Record) -> None:
        self._records.append(record)
        if len(self._records) == _BATCH:
            self._make_columns()

    def frame(self, labels: list[str]) -> pl.DataFrame:
        self._make_columns()
        schema = {"": pl.Int64, **dict.fromkeys(labels, pl.String)}
        return pl.concat([pl.DataFrame(schema=schema), *(frame.rename(dict(zip(frame.columns, schema, strict=True)))
                                                         for frame in self._frames)])  # fmt: skip

    def _make_columns(self) -> None:
        if self._records:
            lines = pl.Series("", [record.line for record in self._records], pl.Int64)
            cells = zip(*(record.cells or () for record in self._records), strict=True)
            columns = [pl.Series(str(at), list(column), pl.String) for at, column in enumerate(cells)]
            self._frames.append(pl.DataFrame([lines, *columns]))
            self._records = []


class _Body:
    """Sorts the records below a header as they come."""

    def __init__(self, header: Record, preamble: list[Record]) -> None:
        self.header = header
        self.labels = column_labels(header)
        self.preamble = [record.cells for record in preamble]
        self.runs = [_Run(header.line)]
        self.is_open = True
        self.last_line = header.line
        self.refused: list[Refused] = []

    def take(self, record: Record) -> None:
        if record.is_text:
            self.is_open = False
            return
        self.last_line = record.line
        if record.cells is None:
            self._take_broken(record)
        elif record.first == self.header.first:
            self._take_header(record)
        elif len(record.cells) == len(self.labels) and not record.is_blank:
            if not self.is_open:
                self._begin(record.line)
            self.runs[-1].add(record)
        elif self.is_open:
            self.refused.append((record.line, "wrong_width", payload_of((), record.cells)))
        elif not record.is_blank and record.cells not in self.preamble:
            self._require_text(record)

    def _take_broken(self, record: Record) -> None:
        if self.is_open and record.is_cut:
            raise Unreadable(f"expected a whole file, was cut off within the quotes that begin on line {record.line}")
        if self.is_open:
            self.refused.append((record.line, "unparsable", payload_of((), [record.raw])))
        elif not record.is_cut:
            self._require_text(record)

    def _require_text(self, record: Record) -> None:
        """Raise where a record that is none, and stands below the body, may have been a holding."""
        if record.may_be_holding:
            raise Unreadable(f"expected text after the end of the body, was line {record.line}: {record.raw.strip()}")

    def _take_header(self, record: Record) -> None:
        if column_labels(record) != self.labels:
            raise Unreadable(
                f"expected one header, was another on line {record.line} than on line {self.header.line}: "
                f"{record.raw.strip()}"
            )
        self._begin(record.line)

    def _begin(self, line: int) -> None:
        self.runs.append(_Run(line))
        self.is_open = True

    def table(self) -> Table:
        body, *others = (run.frame(self.labels) for run in self.runs)
        for run, other in zip(self.runs[1:], others, strict=True):
            if not other[:, 1:].equals(body[:, 1:]):
                raise Unreadable(f"expected one body or the same again, was other records from line {run.line} on")
        half = len(body) // 2
        if half and body[:half, 1:].equals(body[half:, 1:]):
            body, others = body[:half], [body[half:], *others]
        repeated = [row for other in others for row in _duplicates(other)]
        cells = body[:, 1:]
        return Table(
            header_line=self.header.line,
            lines=body.to_series(0).alias("line"),
            cells=cells,
            refused=[*self.refused, *repeated],
            last_line=self.last_line,
            is_closed=not self.is_open,
        )


def _duplicates(frame: pl.DataFrame) -> Iterator[Refused]:
    payloads = frame[:, 1:].select(pl.struct(pl.all()).struct.json_encode()).to_series()
    for line, payload in zip(frame.to_series(0), payloads, strict=True):
        yield line, "duplicate", payload
