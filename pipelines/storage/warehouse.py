"""The published DuckDB file: built beside the old one from the lake and ``sql/``, checked, then swapped in.

A build never touches the file that readers hold open, and one that fails leaves it as it was. Nothing is
computed here that a transform could compute.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb
import polars as pl

from pipelines.contracts import core, raw, serve
from pipelines.contracts.check import checked
from pipelines.contracts.table import Log, Table, grain_of, name_of, qualified_name
from pipelines.projections.duckdb import (
    comments,
    create_table,
    literal,
    parquet_columns,
    quoted,
    select_from_parquet,
    type_of,
)
from pipelines.settings import SYNTHETIC_NOTE
from pipelines.storage.build import Build, BuildFacts, CheckOutcome
from pipelines.storage.content_hash import content_hash
from pipelines.storage.lake import Lake
from pipelines.storage.retention import delete_older, earlier_files, keep_earlier
from pipelines.storage.statements import SQL_FOLDER, Statement, read_statements
from pipelines.storage.swap import swap_in, sweep, temporary_name

STORAGE_VERSION = "v1.0.0"
"""The oldest DuckDB storage format: every 1.x driver inside a BI tool can open it."""
_CATALOG = "published"


class WarehouseError(RuntimeError):
    """The warehouse could not be built; the published file is the old one."""


def published_tables() -> tuple[type[Table], ...]:
    """Return the tables of the DuckDB file, in the order in which they are filled."""
    return (*core.TABLES, *serve.TABLES)


def publish(database: Path, lake: Lake, facts: BuildFacts, sql_folder: Path = SQL_FOLDER, keep: int = 0) -> Build:
    """Build the file beside ``database``, run the checks on it and, if none blocks, put it in its place.

    Args:
        database: The published file.
        lake: Where core lies.
        facts: What the build states about itself.
        sql_folder: Where the SELECTs and checks stand.
        keep: How many earlier published files stay, under names of their own (``retention``).

    Returns:
        The build; ``is_published`` is false where a check blocked it.

    Raises:
        WarehouseError: a SELECT does not return its contract's columns, or a contract has no SELECT.
        ContractError: rows of a served table break their contract.
        LakeError: core tables stem from different states of the data.
    """
    database.parent.mkdir(parents=True, exist_ok=True)
    with lake.locked():
        replaced = _generation(database)
        build = Build(max([replaced, *earlier_files(database)]) + 1, lake.common_snapshot(core.TABLES))
        sweep(database)
        temporary = temporary_name(database)
        try:
            _fill(temporary, lake, facts, build, sql_folder)
            if not build.blocking:
                if keep and replaced:
                    keep_earlier(database, replaced)
                swap_in(temporary, database)
                build.is_published = True
                delete_older(database, keep)
        finally:
            sweep(database)
    return build


def last_rows(database: Path, table: type[Table], count: int = 5) -> pl.DataFrame:
    """Return the last rows of a published table: of the latest session where it has one, else by key."""
    order = ", ".join(f"{quoted(key)} DESC" for key in grain_of(table))
    name = qualified_name(table)
    with duckdb.connect(str(database), read_only=True) as connection:
        of_last = ""
        if "session" in grain_of(table):
            # As a literal, which reaches the tables below a view.
            last = connection.sql(f"SELECT max(session) FROM {name}").pl().item()
            of_last = f"WHERE session = DATE '{last}'" if last else ""
        return connection.sql(f"SELECT * FROM {name} {of_last} ORDER BY {order} LIMIT {count}").pl()


def _fill(path: Path, lake: Lake, facts: BuildFacts, build: Build, sql_folder: Path) -> None:
    """Write every table into a new file at ``path``, and into ``build`` what was written and found.

    The session's own memory database carries views of the same names, so that the SQL files can say
    ``core.bar`` whatever the file is called.
    """
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"ATTACH {literal(str(path))} AS {_CATALOG} (STORAGE_VERSION {literal(STORAGE_VERSION)})")
        for schema in ("raw", "core", "serve"):
            connection.execute(f"CREATE SCHEMA {schema}")
            if schema != "raw":
                connection.execute(f"CREATE SCHEMA {_CATALOG}.{schema}")
        rejected = select_from_parquet(raw.RejectedRow, lake.files(raw.RejectedRow))
        moment = f"TIMESTAMP '{facts.known_at:%Y-%m-%d %H:%M:%S.%f}'"
        connection.execute(f"CREATE VIEW raw.rejected_row AS SELECT * FROM ({rejected}) WHERE fetched_at <= {moment}")
        for core_table in core.TABLES:
            select = select_from_parquet(core_table, lake.files(core_table))
            if issubclass(core_table, Log):
                select = f"SELECT * FROM ({select}) WHERE known_at <= {moment}"
            _add(connection, core_table, select, facts, build)
        statements = {statement.name: statement for statement in read_statements("serve", sql_folder)}
        for table in serve.TABLES:
            if table is not serve.WarehouseBuild:
                add = _add_view if _is_view(statements.get(name_of(table))) else _add
                add(connection, table, _select(statements, table), facts, build)
        _add_manifest(connection, facts, build)
        for macro in read_statements("macros", sql_folder):
            connection.execute(f"USE {_CATALOG}")
            connection.execute(macro.sql)
            connection.execute("USE memory")
        build.outcomes = [_outcome(connection, check) for check in read_statements("checks", sql_folder)]
        connection.execute(f"CHECKPOINT {_CATALOG}")
        connection.execute(f"DETACH {_CATALOG}")


def _is_view(statement: Statement | None) -> bool:
    """Return whether a served table is a view: its SQL file says ``-- kind: view`` at its head."""
    return statement is not None and statement.head.get("kind") == "view"


def _select(statements: dict[str, Statement], table: type[Table]) -> str:
    if name_of(table) not in statements:
        raise WarehouseError(f"{qualified_name(table)}: expected a file sql/serve/{name_of(table)}.sql, was none")
    return statements[name_of(table)].sql.rstrip().rstrip(";")


def _add(
    connection: duckdb.DuckDBPyConnection, table: type[Table], select: str, facts: BuildFacts, build: Build
) -> None:
    """Create one table with keys and comments, fill it from ``select`` in key order, and note rows and hash."""
    name = qualified_name(table)
    _has_columns(table, connection.sql(select).columns)
    order = ", ".join(quoted(column) for column in grain_of(table))
    connection.execute(f"USE {_CATALOG}")
    connection.execute(create_table(table))
    for comment in comments(table, SYNTHETIC_NOTE if facts.is_synthetic else ""):
        connection.execute(comment)
    connection.execute("USE memory")
    connection.execute(f"INSERT INTO {_CATALOG}.{name} BY NAME SELECT * FROM ({select}\n) ORDER BY {order}")
    connection.execute(f"CREATE VIEW {name} AS SELECT * FROM {_CATALOG}.{name}")
    rows = connection.sql(f"SELECT * FROM {name} ORDER BY {order}").pl()
    build.rows[name] = rows.height
    build.hashes[name] = content_hash(rows)


def _add_view(
    connection: duckdb.DuckDBPyConnection, table: type[Table], select: str, facts: BuildFacts, build: Build
) -> None:
    """Create one view with comments and its columns in the contract's order; its rows are nowhere, so not counted.

    The file keeps the text, so the view reads the tables of whatever the file is called or attached as.
    """
    name = qualified_name(table)
    _has_columns(table, connection.sql(select).columns)
    columns = ", ".join(quoted(column) for column in table.columns())
    connection.execute(f"USE {_CATALOG}")
    connection.execute(f"CREATE VIEW {name} AS SELECT {columns} FROM ({select}\n)")
    for comment in comments(table, SYNTHETIC_NOTE if facts.is_synthetic else "", kind="VIEW"):
        connection.execute(comment)
    connection.execute("USE memory")
    connection.execute(f"CREATE VIEW {name} AS SELECT * FROM {_CATALOG}.{name}")
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


def _add_manifest(connection: duckdb.DuckDBPyConnection, facts: BuildFacts, build: Build) -> None:
    """Fill ``serve.warehouse_build`` with what this build is, one row per table."""
    last_session = connection.sql("SELECT max(session) FROM core.bar").pl().item()
    manifest = pl.DataFrame(
        {
            "table_name": list(build.hashes),
            "row_count": [build.rows.get(name) for name in build.hashes],
            "content_hash": list(build.hashes.values()),
        }
    ).with_columns(
        generation=pl.lit(build.generation, pl.Int64),
        data_snapshot=pl.lit(build.data_snapshot, pl.String),
        built_at=pl.lit(facts.built_at).cast(pl.Datetime("us", "UTC")),
        source=pl.lit(facts.source),
        is_synthetic=pl.lit(facts.is_synthetic),
        last_session=pl.lit(last_session, pl.Date),
        known_at=pl.lit(facts.known_at).cast(pl.Datetime("us", "UTC")),
        parameter_set_id=pl.lit(facts.parameter_set_id),
        code_version=pl.lit(facts.code_version),
    )
    rows = checked(serve.WarehouseBuild, manifest)
    connection.register("manifest_rows", rows.to_arrow())
    _add(
        connection,
        serve.WarehouseBuild,
        f"SELECT {parquet_columns(serve.WarehouseBuild)} FROM manifest_rows",
        facts,
        build,
    )


def _outcome(connection: duckdb.DuckDBPyConnection, check: Statement) -> CheckOutcome:
    failing = connection.sql(check.sql.rstrip().rstrip(";")).pl()
    example = str(failing.row(0, named=True)) if failing.height else ""
    return CheckOutcome(check, failing.height, example)


def _generation(database: Path) -> int:
    """Return the generation of the published file; 0 where there is none, or a file that is no warehouse."""
    if not database.exists():
        return 0
    try:
        with duckdb.connect(str(database), read_only=True) as connection:
            generation = connection.sql("SELECT max(generation) FROM serve.warehouse_build").pl().item()
    except duckdb.Error as error:
        if "Could not set lock" in str(error):
            raise WarehouseError(f"{database}: expected readers only, was held open for writing by someone") from error
        return 0
    return int(generation or 0)
