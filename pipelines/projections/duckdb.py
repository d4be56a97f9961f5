"""A contract as DuckDB DDL: CREATE TABLE with NOT NULL and PRIMARY KEY, and COMMENT ON statements.

Text only; nothing here opens a database (see ``storage.warehouse``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import dataframely as dy

from pipelines.contracts.table import Table, description_of, grain_of, name_of, qualified_name, unit_of, values_of

PACKED = "packed"
"""Schema of tables that a view of the same name shows."""
_TYPES: dict[type[dy.Column], str] = {
    dy.Bool: "BOOLEAN",
    dy.Date: "DATE",
    dy.Datetime: "TIMESTAMP",
    dy.Float64: "DOUBLE",
    dy.Int32: "INTEGER",
    dy.Int64: "BIGINT",
    dy.String: "VARCHAR",
}


def type_of(column: dy.Column) -> str:
    """Return the DuckDB type of a column. Moments become TIMESTAMP in UTC, which every BI driver can read.

    Raises:
        KeyError: the contract uses a type that has no DuckDB counterpart here yet.
    """
    return _TYPES[type(column)]


def quoted(identifier: str) -> str:
    """Return an identifier in double quotes, as SQL wants it."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text literal in single quotes."""
    return "'" + text.replace("'", "''") + "'"


def create_table(table: type[Table], has_index: bool = True) -> str:
    """Return ``CREATE TABLE layer.name (…)`` with types, NOT NULL and the primary key.

    Args:
        table: The contract.
        has_index: Whether the key is declared, which DuckDB keeps an index for; too dear for tables of many rows.
    """
    lines = _definitions(table, type_of)
    if has_index:
        lines.append(f"PRIMARY KEY ({', '.join(quoted(name) for name in grain_of(table))})")
    return f"CREATE TABLE {qualified_name(table)} (\n    " + ",\n    ".join(lines) + "\n)"


def create_packed(table: type[Table]) -> str:
    """Return ``CREATE TABLE packed.name (…)``: a table of many rows as it is kept, to be shown by ``select_packed``.

    A text of a few values is kept as its number in their list, and a float as it is, so that answers are shorter:
    figures stand in docs/decisions/0019.
    """
    return f"CREATE TABLE {packed_name(table)} (\n    " + ",\n    ".join(_definitions(table, _packed_type)) + "\n)"


def select_packed(table: type[Table]) -> str:
    """Return the SELECT that gives the rows of a packed table in the types of the contract."""
    columns = (
        f"{quoted(name)}::{type_of(column)} AS {quoted(name)}" if values_of(column) else quoted(name)
        for name, column in table.columns().items()
    )
    return f"SELECT {', '.join(columns)} FROM {packed_name(table)}"


def packed_name(table: type[Table]) -> str:
    """Return the name of a packed table, in a schema of their own."""
    return f"{PACKED}.{name_of(table)}"


def _definitions(table: type[Table], kind_of: Callable[[dy.Column], str]) -> list[str]:
    return [
        f"{quoted(name)} {kind_of(column)}{'' if column.nullable else ' NOT NULL'}"
        for name, column in table.columns().items()
    ]


def _packed_type(column: dy.Column) -> str:
    if values := values_of(column):
        return f"ENUM ({', '.join(map(literal, values))})"
    return type_of(column) + (" USING COMPRESSION uncompressed" if isinstance(column, dy.Float64) else "")


def comments(table: type[Table], note: str = "", kind: Literal["TABLE", "VIEW"] = "TABLE") -> list[str]:
    """Return one COMMENT ON statement for the table or view, led by ``note``, and one for each column."""
    target = qualified_name(table)
    statements = [f"COMMENT ON {kind} {target} IS {literal(note + description_of(table))}"]
    for name, column in table.columns().items():
        unit = unit_of(column)
        text = f"{column.description} [{unit}]" if unit else str(column.description)
        statements.append(f"COMMENT ON COLUMN {target}.{quoted(name)} IS {literal(text)}")
    return statements


def parquet_columns(table: type[Table]) -> str:
    """Return the select list that reads a table's Parquet files into its DuckDB types."""
    return ", ".join(
        f"{quoted(name)} AT TIME ZONE 'UTC' AS {quoted(name)}" if isinstance(column, dy.Datetime) else quoted(name)
        for name, column in table.columns().items()
    )


def select_from_parquet(table: type[Table], files: Sequence[Path], may_lack_columns: bool = False) -> str:
    """Return the SELECT that reads a table's Parquet files; a table without files gives no rows.

    Args:
        table: The contract.
        files: Its files.
        may_lack_columns: Whether all of them may be older than a column of the contract, which is null then.
    """
    columns = ", ".join(f"NULL::{type_of(column)} AS {quoted(name)}" for name, column in table.columns().items())
    nothing = f"SELECT * FROM (SELECT {columns}) WHERE false"
    if not files:
        return nothing
    paths = ", ".join(literal(_without_wildcards(file)) for file in files)
    source = f"read_parquet([{paths}], hive_partitioning = false, union_by_name = true)"
    if may_lack_columns:
        source = f"(FROM {source} UNION ALL BY NAME {nothing})"
    return f"SELECT {parquet_columns(table)} FROM {source}"


def _without_wildcards(file: Path) -> str:
    """Return a path in which DuckDB takes *, ? and [ for themselves."""
    return re.sub(r"[*?\[]", lambda found: f"[{found[0]}]", str(file))
