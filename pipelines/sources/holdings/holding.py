"""From the body of a holdings file to holdings: which column is which, text and numbers.

Belongs here: what every layout shares once its body is found. Not here: the layouts (a module each), or whether the
holdings make sense together (``sense``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple

import dataframely as dy
import polars as pl

from pipelines.contracts.received import ReceivedHolding, RefusedRow
from pipelines.sources.holdings.sense import NUMBERS, require_sense
from pipelines.sources.holdings.table import Table
from pipelines.sources.received import Unreadable
from pipelines.sources.refusal import Refused, refused_frame, require_mostly_kept

_TEXTS = tuple(name for name in ReceivedHolding.column_names() if name not in (*NUMBERS, "line"))
_NOTHING = ("", "-")
_WELL_FORMED = r"^-?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?$"
"""A number as the vendors print it: no exponent, plus sign, per cent sign or brackets."""
_DAMAGED = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x{fffd}]"
"""Letters that no text holds."""


class HoldingsFile(NamedTuple):
    """What a holdings file states."""

    fund_id: str
    as_of: dt.date
    as_of_basis: Literal["file", "file_name"]
    rows: dy.DataFrame[ReceivedHolding]
    """The holdings, cash and futures among them, in the order of the file."""
    refused: dy.DataFrame[RefusedRow]
    """Records that cannot be read, and those of a body that stands there again."""


class Statement(NamedTuple):
    """Whose holdings of which date a file states, and where it says so."""

    fund_id: str
    as_of: dt.date
    as_of_basis: Literal["file", "file_name"] = "file"


class Layout(NamedTuple):
    """How a vendor prints holdings.

    Attributes:
        columns: For each column of ``ReceivedHolding`` that the layout has, its names in the file; the first that
            stands there counts.
        signs: For columns of text, a pattern that is always found somewhere in it: a fund of stocks of the United
            States has a line in dollars, of the asset class Equity, and so on.
        others: Names of columns that must stand there too.
        optional: Further columns of ``ReceivedHolding``, which some files have.
    """

    columns: Mapping[str, tuple[str, ...]]
    signs: Mapping[str, str]
    others: Sequence[str] = ()
    optional: Mapping[str, tuple[str, ...]] = MappingProxyType({})


def labels_of(table: Table, layout: Layout) -> dict[str, str]:
    """Return the name in the file of each column, without regard to letter case.

    Raises:
        Unreadable: one is missing.
    """
    present = {label.casefold(): label for label in table.cells.columns}
    needed = {**layout.columns, **{name: (name,) for name in layout.others}}
    found = {
        column: next((present[name.casefold()] for name in names if name.casefold() in present), None)
        for column, names in {**needed, **layout.optional}.items()
    }
    missing = [" or ".join(names) for column, names in needed.items() if found[column] is None]
    if missing:
        was = ", ".join(table.cells.columns)
        raise Unreadable(f"expected a column {', '.join(missing)} on line {table.header_line}, was: {was}")
    return {column: label for column, label in found.items() if label is not None}


def require_body(table: Table) -> None:
    """Raise where nothing stands below the header.

    Raises:
        Unreadable: it is so.
    """
    if table.cells.is_empty():
        raise Unreadable(f"expected records below the header on line {table.header_line}, was none")


def holdings_file(
    table: Table, layout: Layout, statement: Statement, file_name: str, is_odd: pl.Expr | None = None
) -> HoldingsFile:
    """Return the holdings of a body.

    ``-`` and an empty cell are null, but for the ticker, which is ``-``. A record is refused as unparsable where a
    number is not well formed or a text is damaged; ``is_odd`` names further ones by the columns of the file.

    Raises:
        Unreadable: a column is missing, there are no records, or they make no sense together.
        SourceError: more records cannot be read than can.
    """
    place = labels_of(table, layout)
    require_body(table)
    is_bad = _is_unparsable(place) if is_odd is None else _is_unparsable(place) | is_odd
    marked = table.cells.select(table.lines, *_columns(place), is_bad.alias("is_bad"))
    refused = [*table.refused, *_unparsable(table, marked["is_bad"])]
    broken = [row for row in refused if row[1] != "duplicate"]
    rows = ReceivedHolding.validate(marked.filter(~pl.col("is_bad")).drop("is_bad"))
    require_mostly_kept(file_name, broken, rows.height)
    require_sense(rows, layout.columns, layout.signs)
    return HoldingsFile(*statement, rows=rows, refused=refused_frame(refused))


def _columns(place: Mapping[str, str]) -> list[pl.Expr]:
    """Return the columns of a holding but its line; null those that the layout does not have."""
    texts = {name: _text(place[name]) if name in place else pl.lit(None, pl.String) for name in _TEXTS}
    numbers = {name: _number(place[name]) if name in place else pl.lit(None, pl.Float64) for name in NUMBERS}
    texts["ticker"] = texts["ticker"].fill_null("-")
    return [value.alias(name) for name, value in (texts | numbers).items()]


def _is_unparsable(place: Mapping[str, str]) -> pl.Expr:
    numbers = [place[name] for name in NUMBERS if name in place]
    texts = [place[name] for name in _TEXTS if name in place]
    return pl.any_horizontal(
        *[_text(label).is_not_null() & _number(label).is_null() for label in numbers],
        *[pl.col(label).str.contains(_DAMAGED) for label in texts],
    )


def _text(label: str) -> pl.Expr:
    stripped = pl.col(label).str.strip_chars()
    return pl.when(~stripped.is_in(_NOTHING)).then(stripped)


def _number(label: str) -> pl.Expr:
    text = _text(label)
    well_formed = pl.when(text.str.contains(_WELL_FORMED)).then(text.str.replace_all(",", "", literal=True))
    value = well_formed.cast(pl.Float64, strict=False)
    return pl.when(value.is_finite()).then(value)


def _unparsable(table: Table, is_bad: pl.Series) -> list[Refused]:
    payloads = table.cells.filter(is_bad).select(pl.struct(pl.all()).struct.json_encode()).to_series()
    return [(line, "unparsable", text) for line, text in zip(table.lines.filter(is_bad), payloads, strict=True)]
