"""Panels: one file with the daily bars of many stocks.

Belongs here: reading such a file, CSV or Parquet, into ``ReceivedBar``. Not here: finding panels (``document``), files
of one instrument each (``files``), or row rules (``transforms.stock_bar``).
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import dataframely as dy
import polars as pl
import polars.selectors as cs
import pyarrow as pa
from pyarrow import parquet

from pipelines.contracts.received import ReceivedBar
from pipelines.sources.base import SourceError
from pipelines.sources.document import Document
from pipelines.sources.received import PRICES, Unreadable, decoded, number_of, session_of

_SYMBOL = r"^[A-Za-z0-9^][A-Za-z0-9.^=/+-]{0,19}$"
"""What can be a symbol; anything else is said to be missing."""
UNNAMED = "panel"
"""What a row is said to be of whose symbol is missing."""

_NUMBERS = (*PRICES, "volume")
_COLUMNS = ("symbol", "date", *_NUMBERS)
_DELIMITERS = ",;\t"
_IS_WHOLE = "is_whole"
_BEYOND_HEADER = "beyond the header"
_SLICE = 200_000
"""Lines that are cut into cells at once."""
_SHOWN = 300
"""Characters of an error: a header may be as long as its file."""


class _Cells(NamedTuple):
    """Columns of a panel, those it must have under their plain names; where each row stands; which rows are whole."""

    columns: pl.DataFrame
    places: pl.Series
    is_whole: pl.Series
    has_grouping: bool = True


def read_panel(path: Path) -> dy.DataFrame[ReceivedBar]:
    """Return the rows of a panel as received, in the order of the file.

    The columns symbol, date, open, high, low, close and volume may stand in any order and letter case. A dot in a
    symbol becomes the hyphen that the SEC and Yahoo write. A row is located by folder, file and physical line (CSV) or
    row number (Parquet), from 1. What cannot be read is null, as is every number of a row with too few or too many
    cells, and of one without a symbol (which is said to be of ``UNNAMED``): the screen rejects such rows.

    The payload is null where the columns of the row say all that was received, since a text for each of millions of
    rows is made for the few that are rejected; ``transforms.stock_bar`` writes it for those.

    Raises:
        SourceError: the file cannot be read, is no table, lacks a column, has it twice or of another type, or not one
            value of a column can be read.
    """
    try:
        content = path.read_bytes()
        cells = _parquet_cells(content) if path.suffix.lower() == ".parquet" else _csv_cells(content)
        bars = _bars(cells)
    except OSError as error:
        raise SourceError(f"{path}: expected a file that can be read, was: {error.strerror or error}") from error
    except Unreadable as error:
        raise SourceError(f"{path}: {error}") from error
    document = Document(path, hashlib.sha256(content).hexdigest())
    return ReceivedBar.validate(
        bars.with_columns(
            locator=pl.lit(f"{document.locator}:") + cells.places.cast(pl.String),
            payload_hash=pl.lit(document.payload_hash),
        ).select(ReceivedBar.column_names())
    )


def _bars(cells: _Cells) -> pl.DataFrame:
    """Return one row per row of ``cells`` with all that is received but locator and payload hash."""
    columns = cells.columns
    vendor_symbol = _symbols(columns["symbol"])
    is_named = cells.is_whole & vendor_symbol.is_not_null()
    read = pl.DataFrame(
        {"session": _sessions(columns["date"])}
        | {name: _numbers(columns[name], cells.has_grouping) for name in _NUMBERS}
    )
    _require_values(columns, read)
    bars = read.with_columns(
        pl.when(is_named).then(pl.col(_NUMBERS)),
        vendor_symbol=vendor_symbol.fill_null(""),
        instrument_id=vendor_symbol.str.replace_all(".", "-", literal=True).fill_null(UNNAMED),
        adjusted_close=pl.lit(None, pl.Float64),
    )
    has_volume = pl.col("volume").is_not_null() | columns["volume"].is_null()
    is_read = bars.select(pl.all_horizontal(pl.col("session", *PRICES).is_not_null(), has_volume)).to_series()
    has_more = columns.width > len(_COLUMNS)
    return bars.with_columns(payload=_payloads(columns, ~(is_named & is_read) | has_more))


def _payloads(columns: pl.DataFrame, is_wanted: pl.Series) -> pl.Series:
    """Return the wanted rows as JSON text of their cells, and nothing for the others."""
    rows = is_wanted.arg_true()
    moments = cs.datetime(time_zone="*").dt.strftime("%Y-%m-%d %H:%M:%S%:z")
    encoded = columns[rows].with_columns(moments).select(pl.struct(pl.all().cast(pl.String)).struct.json_encode())
    return pl.repeat(None, len(is_wanted), dtype=pl.String, eager=True).scatter(rows, encoded.to_series())


def _symbols(column: pl.Series) -> pl.Series:
    if column.dtype not in (pl.String, pl.Categorical, pl.Enum):
        raise Unreadable(f"expected text in column symbol, was {column.dtype}")
    text = column.cast(pl.String).str.strip_chars()
    return pl.select(pl.when(text.str.contains(_SYMBOL)).then(text)).to_series()


def _sessions(column: pl.Series) -> pl.Series:
    """Return the date that each cell names, null where it names none; each text is read once."""
    if column.dtype == pl.Date:
        return column
    if isinstance(column.dtype, pl.Datetime):
        column = column.dt.strftime("%Y-%m-%d %H:%M:%S" + ("%:z" if column.dtype.time_zone else ""))
    if column.dtype != pl.String:
        raise Unreadable(f"expected dates in column date, was {column.dtype}")
    texts = pl.DataFrame({"text": column.unique()}).with_columns(session=session_of(pl.col("text")))
    rows = pl.DataFrame({"text": column})
    return rows.join(texts, on="text", how="left", maintain_order="left")["session"]


def _numbers(column: pl.Series, has_grouping: bool) -> pl.Series:
    """Return the finite number of each cell, null where it holds none."""
    if column.dtype == pl.String:
        plain = column.cast(pl.Float64, strict=False)
        is_plain = plain.is_finite().all() and plain.count() == column.count()
        return plain if is_plain else pl.select(number_of(pl.lit(column), has_grouping)).to_series()
    if not (column.dtype.is_numeric() or column.dtype == pl.Null):
        raise Unreadable(f"expected numbers in column {column.name}, was {column.dtype}")
    value = column.cast(pl.Float64)
    return pl.select(pl.when(value.is_finite()).then(value)).to_series()


def _require_values(columns: pl.DataFrame, read: pl.DataFrame) -> None:
    """Raise where nothing in a column could be read, as it is another column then; volume may be absent throughout."""
    for name, values in zip(_COLUMNS, (columns["symbol"], *read), strict=True):
        cells = columns[name].drop_nulls()
        if values.is_null().all() and (len(cells) or name != "volume"):
            meant = {"symbol": "symbols", "date": "dates"}.get(name, "numbers")
            raise Unreadable(f"expected {meant} in column {name}, was: {cells[0] if len(cells) else 'none'}"[:_SHOWN])


def _plain_names(header: Sequence[str]) -> list[str]:
    """Return the header as distinct names, those that a panel must have in small letters.

    Raises:
        Unreadable: a column is absent or stands there twice.
    """
    labels = [text.strip() for text in header]
    keys = [text.lower() for text in labels]
    shown = ", ".join(labels)
    if absent := [name for name in _COLUMNS if name not in keys]:
        plural = "a column" if len(absent) == 1 else "columns"
        raise Unreadable(f"expected {plural} {', '.join(absent)}, was: {shown}"[:_SHOWN])
    if twice := [name for name in _COLUMNS if keys.count(name) > 1]:
        raise Unreadable(f"expected one column {twice[0]}, was {keys.count(twice[0])}: {shown}"[:_SHOWN])
    own = ("", _IS_WHOLE, _BEYOND_HEADER)
    stays = [keys.count(key) == 1 and key not in own and not key[-1].isdigit() for key in keys]
    further = [label if stays[at] else f"{label or 'column'} {at + 1}" for at, label in enumerate(labels)]
    return [key if key in _COLUMNS else name for key, name in zip(keys, further, strict=True)]


def _parquet_cells(content: bytes) -> _Cells:
    """Return the columns of Parquet as they are, without those of a type that does not go into text as it is."""
    table = _parquet_table(content)
    hidden = (pa.types.is_nested, pa.types.is_duration, pa.types.is_binary, pa.types.is_large_binary)
    kinds = enumerate(table.schema.types)
    table = table.select([at for at, kind in kinds if not any(is_of(kind) for is_of in hidden)])
    names = _plain_names(table.column_names)
    if not table.num_rows:
        raise Unreadable("expected rows, was none")
    columns = pl.DataFrame(table.rename_columns(names))
    places = pl.int_range(1, len(columns) + 1, eager=True)
    return _Cells(columns, places, pl.repeat(True, len(columns), eager=True))


def _parquet_table(content: bytes) -> pa.Table:
    """Read and check Parquet with pyarrow, as a damaged file, or one damaged name, can abort the process in polars."""
    try:
        table = parquet.read_table(io.BytesIO(content), page_checksum_verification=True)
        table.validate(full=True)
        _ = table.column_names  # no text where they are damaged
    except (pa.ArrowException, OSError, ValueError) as error:
        raise Unreadable(f"expected Parquet, was: {(str(error).splitlines() or ['damaged'])[0]}"[:_SHOWN]) from error
    return table


def _csv_cells(content: bytes) -> _Cells:
    """Cut CSV into cells of text, blank ones as null; a line is a row, as no cell of a panel holds a line break."""
    text = decoded(content).replace("\r\n", "\n").replace("\r", "\n")
    lines = pl.Series([text]).str.split("\n").explode()
    numbered = pl.DataFrame({"line": lines}).with_row_index("place", 1).filter(pl.col("line").str.contains(r"\S"))
    delimiter = max(_DELIMITERS, key=numbered["line"][0].count)
    names = _plain_names(_split(numbered["line"].head(1), delimiter)[0].to_list())
    rows = numbered.slice(1)
    if rows.is_empty():
        raise Unreadable("expected rows below the header, was none")
    # Slice by slice, as lists of cells take several times the memory of columns.
    columns = pl.concat(_columns(part["line"], names, delimiter) for part in rows.iter_slices(_SLICE))
    if not columns[_BEYOND_HEADER].count():
        columns = columns.drop(_BEYOND_HEADER)
    return _Cells(columns.drop(_IS_WHOLE), rows["place"], columns[_IS_WHOLE], has_grouping=delimiter != ";")


def _columns(lines: pl.Series, names: list[str], delimiter: str) -> pl.DataFrame:
    cell = pl.col("cells").list
    return (
        pl.DataFrame({"cells": _split(lines, delimiter)})
        .select(
            *[cell.get(at, null_on_oob=True).alias(name) for at, name in enumerate(names)],
            cell.slice(len(names)).list.join(delimiter).alias(_BEYOND_HEADER),
            (cell.len() == len(names)).alias(_IS_WHOLE),
        )
        .with_columns(pl.when(pl.col(pl.String).str.contains(r"\S")).then(pl.col(pl.String)))
    )


def _split(lines: pl.Series, delimiter: str) -> pl.Series:
    """Return the cells of each line."""
    if not lines.str.contains('"', literal=True).any():
        return lines.str.split(delimiter)
    try:
        cells = [next(csv.reader([line], delimiter=delimiter, skipinitialspace=True)) for line in lines]
    except csv.Error as error:
        raise Unreadable(f"expected lines of separated cells, was: {error}") from error
    return pl.Series(cells, dtype=pl.List(pl.String))
