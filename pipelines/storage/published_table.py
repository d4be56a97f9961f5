"""How one table gets into the file that is published: created with its comments, filled in order, counted and hashed.

Belongs here: tables that are indexed and hashed whole, long ones that are filled block by block, packed or not, and
views. Not here: opening the file, or which tables there are (``warehouse``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Protocol

from pipelines.contracts.table import Table, grain_of, qualified_name
from pipelines.projections.duckdb import (
    comments,
    create_packed,
    create_table,
    literal,
    packed_name,
    quoted,
    select_packed,
    type_of,
)
from pipelines.settings import SYNTHETIC_NOTE
from pipelines.storage.bucket_content import Content, blocks, content_of
from pipelines.storage.build import Build, BuildFacts
from pipelines.storage.content_hash import content_hash
from pipelines.storage.lake import Lake

CATALOG = "published"
"""Name under which the new file is attached."""
BLOCK_MONTHS = 6
"""A long table is sorted by blocks of so many months, then by instrument: see docs/decisions/0019."""


class WarehouseError(RuntimeError):
    """The warehouse could not be built; the published file is the old one."""


class Connection(Protocol):
    """What is asked of an open DuckDB connection; only ``warehouse`` opens one."""

    def execute(self, query: str) -> Any:
        """Run statements."""

    def sql(self, query: str) -> Any:
        """Return a relation."""


def _note(facts: BuildFacts) -> str:
    return SYNTHETIC_NOTE if facts.is_synthetic else ""


def _create(connection: Connection, table: type[Table], facts: BuildFacts, ddl: str) -> None:
    # All at once: a transaction for each comment takes ten times as long.
    statements = ["BEGIN", ddl, *comments(table, _note(facts)), "COMMIT"]
    connection.execute(f"USE {CATALOG}")
    connection.execute(";\n".join(statements))
    connection.execute("USE memory")


def add(connection: Connection, table: type[Table], select: str, facts: BuildFacts, build: Build) -> None:
    """Create one table with keys and comments, fill it from ``select`` in key order, and note rows and hash."""
    name = qualified_name(table)
    _has_columns(table, connection.sql(select).columns)
    order = ", ".join(quoted(column) for column in grain_of(table))
    _create(connection, table, facts, create_table(table))
    connection.execute(f"INSERT INTO {CATALOG}.{name} BY NAME SELECT * FROM ({select}\n) ORDER BY {order}")
    connection.execute(f"CREATE VIEW {name} AS SELECT * FROM {CATALOG}.{name}")
    rows = connection.sql(f"SELECT * FROM {name} ORDER BY {order}").pl()
    build.rows[name] = rows.height
    build.hashes[name] = content_hash(rows)


def add_long(
    connection: Connection, table: type[Table], select: str, lake: Lake, facts: BuildFacts, build: Build
) -> None:
    """Create one long table of the lake with comments and without an index, and fill it block by block.

    That keys are unique was checked in the lake, bucket by bucket. The hash is that of the lake's rows.

    Raises:
        WarehouseError: the table has not as many rows as in the lake.
    """
    name, contents = qualified_name(table), [content_of(lake, table)]
    _has_columns(table, connection.sql(select).columns)
    _create(connection, table, facts, create_table(table, has_index=False))
    build.rows[name] = _fill(connection, name, select, contents)
    connection.execute(f"CREATE VIEW {name} AS SELECT * FROM {CATALOG}.{name}")
    build.hashes[name] = _digest("", contents)


def add_packed(
    connection: Connection,
    table: type[Table],
    select: str,
    source: tuple[Lake, tuple[type[Table], ...]],
    facts: BuildFacts,
    build: Build,
) -> None:
    """Create a long table of many columns of a few values: packed, filled block by block, and shown by a view.

    The view has the contract's name, columns, types and comments. The hash is that of the lake's rows and of the text.

    Raises:
        WarehouseError: the table has not as many rows as each table that it is made of.
    """
    name, kept, (lake, tables) = qualified_name(table), packed_name(table), source
    contents = [content_of(lake, read) for read in tables]
    _has_columns(table, connection.sql(select).columns)
    connection.execute(f"USE {CATALOG}")
    connection.execute(create_packed(table))
    connection.execute(f"COMMENT ON TABLE {kept} IS {literal(f'{_note(facts)}How {name} is kept; ask that view.')}")
    connection.execute("USE memory")
    rows = _fill(connection, kept, select, contents)
    connection.execute(f"CREATE VIEW {kept} AS SELECT * FROM {CATALOG}.{kept}")
    add_view(connection, table, select_packed(table), facts, build)
    build.rows[name], build.hashes[name] = rows, _digest(select, contents)


def _fill(connection: Connection, name: str, select: str, contents: Sequence[Content]) -> int:
    """Insert rows by blocks of time, and return how many there are, which are as many as each content has."""
    first, last = min(one.first for one in contents), max(one.last for one in contents)
    for begin, end in blocks(first, last, BLOCK_MONTHS):
        some = f"SELECT * FROM ({select}\n) WHERE session >= DATE '{begin}' AND session < DATE '{end}'"
        connection.execute(f"INSERT INTO {CATALOG}.{name} BY NAME {some} ORDER BY instrument_id, session").fetchall()
    rows = int(connection.sql(f"SELECT count(*) FROM {CATALOG}.{name}").pl().item())
    if {one.rows for one in contents} != {rows}:
        raise WarehouseError(f"{name}: expected {[one.rows for one in contents]} rows as in the lake, was {rows}")
    return rows


def _digest(text: str, contents: Sequence[Content]) -> str:
    return hashlib.sha256("\n".join([text, *(one.digest for one in contents)]).encode()).hexdigest()


def add_view(connection: Connection, table: type[Table], select: str, facts: BuildFacts, build: Build) -> None:
    """Create one view with comments and its columns in the contract's order; its rows are nowhere, so not counted.

    The file keeps the text, so the view reads the tables of whatever the file is called or attached as.
    """
    name = qualified_name(table)
    _has_columns(table, connection.sql(select).columns)
    columns = ", ".join(quoted(column) for column in table.columns())
    connection.execute(f"USE {CATALOG}")
    connection.execute(f"CREATE VIEW {name} AS SELECT {columns} FROM ({select}\n)")
    for comment in comments(table, _note(facts), kind="VIEW"):
        connection.execute(comment)
    connection.execute("USE memory")
    connection.execute(f"CREATE VIEW {name} AS SELECT * FROM {CATALOG}.{name}")
    rows = connection.sql(f"SELECT * FROM {name}")
    was = dict(zip(rows.columns, map(str, rows.types), strict=True))
    expected = {column: type_of(declared) for column, declared in table.columns().items()}
    if was != expected:
        differing = {column: (kind, was[column]) for column, kind in expected.items() if was[column] != kind}
        raise WarehouseError(f"{name}: expected column types, was other: {differing}")
    build.hashes[name] = hashlib.sha256(select.encode()).hexdigest()


def _has_columns(table: type[Table], was: list[str]) -> None:
    expected = list(table.columns())
    if sorted(was) != sorted(expected):
        raise WarehouseError(
            f"{qualified_name(table)}: expected columns {expected}, was missing {sorted(set(expected) - set(was))} "
            f"and beyond them {sorted(set(was) - set(expected))}"
        )
