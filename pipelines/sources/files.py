"""Daily bars from a folder of CSV or Parquet files, one file per instrument: the ``files`` source.

Belongs here: finding the file of an instrument, and cutting CSV and Parquet into cells of text.
Not here: what a column means, sessions and numbers (``received``), or row rules (``transforms.screen``).
"""

from __future__ import annotations

import ast
import csv
import datetime as dt
import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dataframely as dy
import polars as pl
import polars.selectors as cs
import pyarrow as pa
from pyarrow import parquet

from pipelines.contracts.received import ReceivedBar
from pipelines.sources.base import SourceError, Span
from pipelines.sources.document import KINDS
from pipelines.sources.received import TextTable, Unreadable, bars_of_text, decoded, name_key, received

_PRICES = "prices"
_SUFFIXES = (".csv", ".parquet")
_DELIMITERS = ",;\t"
_HEADER_STARTS = ("", "price", "ticker", "date", "datetime")
_BEYOND_HEADER = "beyond the header"


class FilesSource:
    """A folder with one CSV or Parquet file per instrument.

    The files lie in the folder itself, or in ``prices`` within it where there is such a folder.
    A file belongs to the instrument whose id, vendor symbol or alias is its name without the ending, in any letter
    case and with or without a leading ^. Attributes are set by each call of ``bars``.

    Attributes:
        ignored: Names of entries of the folder that belong to no instrument, or are neither CSV nor Parquet.
        absent: Ids of the instruments without a file.
    """

    name = "files"

    def __init__(self, folder: Path) -> None:
        within = folder / _PRICES
        self.folder = within if within.is_dir() else folder
        self.ignored: list[str] = []
        self.absent: list[str] = []

    def bars(
        self,
        instruments: pl.DataFrame,
        known: Mapping[str, Span],
        start: dt.date | None,
        now: dt.datetime,
    ) -> dy.DataFrame[ReceivedBar]:
        """Return the rows of every file from ``start`` on, and those whose session cannot be read.

        Each row is located by file name and physical line (CSV) or row number (Parquet), from 1. The whole folder
        is read, whatever is ``known``.

        Raises:
            SourceError: the folder or a file cannot be read, an instrument has two files, or none has any.
        """
        files = self._files(instruments)
        frames = [
            _bars_of_file(files[row["instrument_id"]], row)
            for row in instruments.iter_rows(named=True)
            if row["instrument_id"] in files
        ]
        bars = pl.concat(frames)
        if start is not None:
            bars = bars.filter((pl.col("session") >= start) | pl.col("session").is_null())
        return ReceivedBar.cast(bars)

    def _files(self, instruments: pl.DataFrame) -> dict[str, Path]:
        """Return the file of each instrument that has one; note what was ignored and who has none."""
        owners = {key: row["instrument_id"] for row in instruments.iter_rows(named=True) for key in _name_keys(row)}
        files: dict[str, Path] = {}
        self.ignored = []
        entries = self._entries()
        for path in entries:
            owner = owners.get(name_key(path.stem)) if path.suffix.lower() in _SUFFIXES else None
            if owner is None:
                self.ignored.append(path.name)
            elif owner in files:
                raise SourceError(f"{self.folder}: expected one file for {owner}, was {files[owner].name}, {path.name}")
            else:
                files[owner] = path
        self.absent = [owner for owner in instruments["instrument_id"] if owner not in files]
        if not files:
            raise SourceError(
                f"{self.folder}: expected a CSV or Parquet file named after an instrument "
                f"({', '.join(sorted(owners))}), was: {', '.join(self.ignored) or 'an empty folder'}"
            )
        return files

    def _entries(self) -> list[Path]:
        try:
            entries = sorted(path for path in self.folder.iterdir() if not path.name.startswith("."))
        except OSError as error:
            text = f"{self.folder}: expected a folder of CSV or Parquet files, was: {error.strerror or error}"
            raise SourceError(text) from error
        # Folders of documents are read by others.
        return [path for path in entries if not (path.is_dir() and path.name in KINDS)]


def _name_keys(instrument: dict[str, Any]) -> list[str]:
    names = [instrument["instrument_id"], instrument["vendor_symbol"], *instrument["aliases"].split("|")]
    return list(dict.fromkeys(name_key(name) for name in names if name))


def _bars_of_file(path: Path, instrument: dict[str, Any]) -> dy.DataFrame[ReceivedBar]:
    try:
        content = path.read_bytes()
        table = _read_parquet(content) if path.suffix.lower() == ".parquet" else _read_csv(content)
        bars = bars_of_text(table, _name_keys(instrument))
    except OSError as error:
        raise SourceError(f"{path}: expected a file that can be read, was: {error.strerror or error}") from error
    except Unreadable as error:
        raise SourceError(f"{path}: {error}") from error
    located = bars.with_columns(locator=pl.lit(f"{path.name}:") + pl.col("locator"))
    digest = hashlib.sha256(content).hexdigest()
    return received(located, instrument["instrument_id"], instrument["vendor_symbol"], digest)


def _read_csv(content: bytes) -> TextTable:
    """Cut CSV into cells; a line is a row, as no cell of a price file holds a line break."""
    delimiter, numbers, rows = _csv_rows(decoded(content))
    height = _header_height(rows)
    levels, rows = rows[:height], rows[height:]
    if not rows:
        raise Unreadable("expected rows below the header, was none")
    width = max((at for level in levels for at, cell in enumerate(level, 1) if cell.strip()), default=1)
    header = [tuple(level[at].strip() if at < len(level) else "" for level in levels) for at in range(width)]
    columns = {label: [row[at] if at < len(row) else None for row in rows] for at, label in enumerate(_labels(header))}
    has_more = [any(cell.strip() for cell in row[width:]) for row in rows]
    if any(has_more):
        columns[_BEYOND_HEADER] = [delimiter.join(row[width:]) or None for row in rows]
    return TextTable(
        header=header,
        cells=pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)),
        locators=pl.Series(numbers[height:]).cast(pl.String),
        is_whole=pl.Series([len(row) >= width and not more for row, more in zip(rows, has_more, strict=True)]),
        has_grouping=delimiter != ";",
    )


def _csv_rows(text: str) -> tuple[str, list[int], list[list[str]]]:
    """Return the delimiter, and number and cells of every line that is not blank."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    numbers = [number for number, line in enumerate(lines, 1) if line.strip()]
    delimiter = max(_DELIMITERS, key=lines[numbers[0] - 1].count)
    try:
        rows = [next(csv.reader([lines[at - 1]], delimiter=delimiter, skipinitialspace=True)) for at in numbers]
    except csv.Error as error:
        raise Unreadable(f"expected lines of separated cells, was: {error}") from error
    return delimiter, numbers, rows


def _header_height(rows: list[list[str]]) -> int:
    """Return how many lines the header takes: one, or as many as yfinance's column levels and index name."""
    height = 1
    for row in rows[1:3]:
        names_no_row = row[0].strip().lower() in _HEADER_STARTS
        if not names_no_row or any(_is_value(cell) for cell in row[1:]) or not any(cell.strip() for cell in row):
            break
        height += 1
    return height


def _is_value(cell: str) -> bool:
    """Return whether a cell stands for a number or for one that is missing, as no cell of a header does."""
    text = cell.strip().replace(",", "")
    try:
        float(text)
    except ValueError:
        return text.lower() in ("null", "none", "n/a", "-")
    return True


def _labels(header: list[tuple[str, ...]]) -> list[str]:
    """Return a distinct label for each column."""
    labels: list[str] = []
    for at, cells in enumerate(header, 1):
        label = " ".join(cell for cell in cells if cell)
        labels.append(label if label and label not in labels else f"{label or 'column'} {at}")
    return labels


def _read_parquet(content: bytes) -> TextTable:
    """Cut Parquet into cells of text, so that one set of rules reads both formats; nested columns are left out."""
    try:
        cells = _parquet_cells(content)
    except (pa.ArrowException, pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise Unreadable(f"expected Parquet, was: {(str(error).splitlines() or ['damaged'])[0]}") from error
    if cells.is_empty():
        raise Unreadable("expected rows of text, numbers and dates, was none")
    header = _parquet_header(cells.columns)
    return TextTable(
        header=header,
        cells=cells.rename(dict(zip(cells.columns, _labels(header), strict=True))),
        locators=pl.Series(range(1, len(cells) + 1)).cast(pl.String),
        is_whole=pl.repeat(True, len(cells), eager=True),
    )


def _parquet_cells(content: bytes) -> pl.DataFrame:
    # Read by pyarrow, as a damaged file can abort the whole process in polars.
    frame = pl.DataFrame(parquet.read_table(io.BytesIO(content)))
    readable = frame.select(cs.numeric() | cs.date() | cs.datetime() | cs.string() | cs.categorical())
    moments = cs.datetime(time_zone="*").dt.strftime("%Y-%m-%d %H:%M:%S%:z")
    return readable.with_columns(moments).with_columns(pl.all().cast(pl.String))


def _parquet_header(names: list[str]) -> list[tuple[str, ...]]:
    """Return the header cells of each column; pandas writes column levels as text like ``('Close', '^RUT')``."""
    header = []
    for name in names:
        try:
            levels = ast.literal_eval(name) if name.startswith("(") else (name,)
        except (ValueError, SyntaxError):
            levels = (name,)
        header.append(tuple(map(str, levels)) if isinstance(levels, tuple) else (name,))
    height = max(map(len, header))
    return [cells + ("",) * (height - len(cells)) for cells in header]
