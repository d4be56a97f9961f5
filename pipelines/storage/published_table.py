"""How one table gets into the file that is published: created with its comments, filled in order, counted and hashed.

Belongs here: tables that are indexed and hashed whole, long ones that are filled block by block, and views. Not here:
opening the file, or which tables there are (``warehouse``).
"""

from __future__ import annotations

import hashlib
from typing import Any, Protocol

from pipelines.contracts.table import Table, grain_of, qualified_name
from pipelines.projections.duckdb import comments, create_table, quoted, type_of
from pipelines.settings import SYNTHETIC_NOTE
from pipelines.storage.bucket_content import blocks, content_of
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


def _create(connection: Connection, table: type[Table], facts: BuildFacts, ddl: str) -> None:
    # All at once: a transaction for each comment takes ten times as long.
    statements = ["BEGIN", ddl, *comments(table, SYNTHETIC_NOTE if facts.is_synthetic else ""), "COMMIT"]
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
    connection: Connection,
    table: type[Table],
    select: str,
    source: tuple[Lake, tuple[type[Table], ...]],
    facts: BuildFacts,
    build: Build,
) -> None:
    """Create one long table with comments and without an index, and fill it block by block.

    That keys are unique was checked in the lake, bucket by bucket. The hash is that of the lake's rows and of the text.

    Raises:
        WarehouseError: the table has not as many rows as each table that it is made of.
    """
    name, (lake, tables) = qualified_name(table), source
    _has_columns(table, connection.sql(select).columns)
    _create(connection, table, facts, create_table(table, has_index=False))
    contents = [content_of(lake, read) for read in tables]
    first, last = min(one.first for one in contents), max(one.last for one in contents)
    for begin, end in blocks(first, last, BLOCK_MONTHS):
        some = f"SELECT * FROM ({select}\n) WHERE session >= DATE '{begin}' AND session < DATE '{end}'"
        connection.execute(f"INSERT INTO {CATALOG}.{name} BY NAME {some} ORDER BY instrument_id, session").fetchall()
    connection.execute(f"CREATE VIEW {name} AS SELECT * FROM {CATALOG}.{name}")
    rows = int(connection.sql(f"SELECT count(*) FROM {name}").pl().item())
    if {one.rows for one in contents} != {rows}:
        raise WarehouseError(f"{name}: expected {[one.rows for one in contents]} rows as in the lake, was {rows}")
    build.rows[name] = rows
    text = select if len(tables) > 1 else ""
    build.hashes[name] = hashlib.sha256("\n".join([text, *(one.digest for one in contents)]).encode()).hexdigest()


def add_view(connection: Connection, table: type[Table], select: str, facts: BuildFacts, build: Build) -> None:
    """Create one view with comments and its columns in the contract's order; its rows are nowhere, so not counted.

    The file keeps the text, so the view reads the tables of whatever the file is called or attached as.
    """
    name = qualified_name(table)
    _has_columns(table, connection.sql(select).columns)
    columns = ", ".join(quoted(column) for column in table.columns())
    connection.execute(f"USE {CATALOG}")
    connection.execute(f"CREATE VIEW {name} AS SELECT {columns} FROM ({select}\n)")
    for comment in comments(table, SYNTHETIC_NOTE if facts.is_synthetic else "", kind="VIEW"):
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
