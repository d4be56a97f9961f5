"""Sifting a table of the SEC's Financial Statement Data Sets: rows to values, to those kept and those refused.

Belongs here: what holds for every table, such as the width of rows and cells that stand in the wrong column.
Not here: cutting an archive into lines (``archive_table``), what a cell may hold (``statement_cell``), or which rows
of sub and num are wanted (``financial_statements``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import polars as pl

from pipelines.sources.archive_table import TAB, TableLines, column_places
from pipelines.sources.refusal import MOST_REFUSED, Refused, payload_of, require_mostly_kept
from pipelines.sources.statement_cell import Reader

_PREFIX = "cell_"


class Column(NamedTuple):
    """A column of ours, the column of the table that it is read from, and how; null is what cannot be read."""

    name: str
    cell: str
    read: Reader
    may_be_empty: bool = False


class Judge(NamedTuple):
    """How the rows of a table are judged: which to take apart at all, which rule they break, which sound ones to keep.

    ``near`` looks at the ``text`` of a row. ``rule`` (null for none) and ``wanted`` look at its cells, its values, and
    ``is_readable``: whether no cell holds what its column cannot.
    """

    columns: Sequence[Column]
    near: pl.Expr
    rule: pl.Expr
    wanted: pl.Expr


class Sifted(NamedTuple):
    """A table after its rows were judged: what was kept, with ``line`` and ``text``; what was refused; rows read."""

    kept: pl.DataFrame
    refused: list[Refused]
    rows: int


def cell(name: str) -> pl.Expr:
    """Return the text of a column of the table."""
    return pl.col(f"{_PREFIX}{name}")


def holds_any(columns: Sequence[Column], words: Collection[str]) -> pl.Expr:
    """Return whether any cell of a row is one of the words; one without them in their column has its cells mixed up."""
    return pl.any_horizontal(cell(column.cell).is_in(words) for column in columns)


def sift(table: TableLines, judge: Judge) -> Sifted:
    """Judge a table piece by piece; a row with too few or too many cells breaks ``wrong_width``, whatever it is of.

    Raises:
        SourceError: a column is absent, the table is damaged, or very many rows are refused.
    """
    places = column_places(table, [column.cell for column in judge.columns])
    is_whole = pl.col("text").str.count_matches(TAB, literal=True) == len(table.header) - 1
    kept: list[pl.DataFrame] = []
    refused: list[Refused] = []
    rows = 0
    for piece in table.pieces:
        rows += piece.height
        near = piece.with_columns(is_whole=is_whole).filter(~pl.col("is_whole") | judge.near)
        judged = _with_values(_with_cells(near, places), judge.columns).with_columns(
            rule=pl.when("is_whole").then(judge.rule).otherwise(pl.lit("wrong_width"))
        )
        is_kept = pl.col("rule").is_null() & judge.wanted
        kept.append(_copied(judged.filter(is_kept).select("line", "text", *(column.name for column in judge.columns))))
        refused += refused_of(judged.filter(pl.col("rule").is_not_null()), table)
        if len(refused) > MOST_REFUSED:
            require_mostly_kept(table.place, refused, sum(map(len, kept)))
    return Sifted(pl.concat(kept), refused, rows)


def refused_of(judged: pl.DataFrame, table: TableLines) -> list[Refused]:
    """Return rows of ``line``, ``rule`` and ``text`` as refused ones."""
    rows = judged.select("line", "rule", "text").rows()
    return [(line, rule, payload_of(table.header, text.split(TAB))) for line, rule, text in rows]


def _copied(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows in memory of their own, as text that polars cuts out of a piece keeps all of it alive."""
    return pl.DataFrame(rows.rows(), schema=rows.schema, orient="row")


def _with_cells(rows: pl.DataFrame, places: Mapping[str, int]) -> pl.DataFrame:
    cells = pl.col("text").str.split(TAB).list
    return rows.with_columns(cells.get(at, null_on_oob=True).alias(f"{_PREFIX}{name}") for name, at in places.items())


def _with_values(rows: pl.DataFrame, columns: Sequence[Column]) -> pl.DataFrame:
    """Add the value of each column, and ``is_readable``."""
    read = rows.with_columns(column.read(cell(column.cell)).alias(column.name) for column in columns)
    return read.with_columns(
        is_readable=pl.all_horizontal(
            pl.col(column.name).is_not_null() | (pl.lit(column.may_be_empty) & (cell(column.cell) == ""))
            for column in columns
        )
    )
