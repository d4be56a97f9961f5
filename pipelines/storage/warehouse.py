"""The published DuckDB file: built beside the old one from the lake and ``sql/``, checked, then swapped in.

A build never touches the file that readers hold open, and one that fails leaves it as it was. Nothing is
computed here that a transform could compute.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import duckdb
import polars as pl

from pipelines.contracts import core, raw, serve
from pipelines.contracts.check import checked
from pipelines.contracts.table import Log, Table, grain_of, name_of, qualified_name
from pipelines.projections.duckdb import (
    PACKED,
    literal,
    parquet_columns,
    quoted,
    select_from_parquet,
)
from pipelines.storage.build import Build, BuildFacts, CheckOutcome
from pipelines.storage.holder import AS_READERS, is_held_for_writing
from pipelines.storage.lake import Lake
from pipelines.storage.published_table import CATALOG, WarehouseError, add, add_long, add_packed, add_view
from pipelines.storage.retention import delete_older, earlier_files, keep_earlier
from pipelines.storage.statements import SQL_FOLDER, Statement, read_statements
from pipelines.storage.swap import swap_in, sweep, temporary_name

STORAGE_VERSION = "v1.0.0"
"""The oldest DuckDB storage format: every 1.x driver inside a BI tool can open it."""
_ROW_GROUP_ROWS = 12_288
"""A tenth of DuckDB's default: of a long table one instrument then touches a few row groups, each small."""
_MEMORY = "2GB"
_SHOWN = 20
"""Of the rows that fail a check, so many are kept to be looked at."""


def published_tables() -> tuple[type[Table], ...]:
    """Return the tables of the DuckDB file, in the order in which they are filled."""
    return (*(table for table in core.TABLES if table not in core.IN_THE_LAKE_ONLY), *serve.TABLES)


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
        WarehouseError: a SELECT does not return its contract's columns, a contract has no SELECT, or the clock is
            before that of the published file.
        ContractError: rows of a served table break their contract.
        LakeError: core tables stem from different states of the data.
    """
    database.parent.mkdir(parents=True, exist_ok=True)
    with lake.locked():
        if facts.known_at >= facts.built_at:  # A build of a past moment depends on that moment alone.
            require_later_clock(database, facts.built_at)
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


def last_rows(database: Path, tables: Sequence[type[Table]], count: int = 5) -> Iterator[pl.DataFrame]:
    """Yield the last rows of each of the published tables: of the latest session where it has one, else by key."""
    # One connection: to open the file takes longer than to read these rows.
    with duckdb.connect(str(database), read_only=True) as connection:
        for table in tables:
            order = ", ".join(f"{quoted(key)} DESC" for key in grain_of(table))
            name = qualified_name(table)
            of_last = ""
            if "session" in grain_of(table):
                # As a literal, which reaches the tables below a view.
                last = connection.sql(f"SELECT max(session) FROM {name}").pl().item()
                of_last = f"WHERE session = DATE '{last}'" if last else ""
            yield connection.sql(f"SELECT * FROM {name} {of_last} ORDER BY {order} LIMIT {count}").pl()


def _fill(path: Path, lake: Lake, facts: BuildFacts, build: Build, sql_folder: Path) -> None:
    """Write every table into a new file at ``path``, and into ``build`` what was written and found.

    The session's own memory database carries views of the same names, so that the SQL files can say
    ``core.bar`` whatever the file is called.
    """
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"SET memory_limit = {literal(_MEMORY)}")
        options = f"STORAGE_VERSION {literal(STORAGE_VERSION)}, ROW_GROUP_SIZE {_ROW_GROUP_ROWS}"
        connection.execute(f"ATTACH {literal(str(path))} AS {CATALOG} ({options})")
        for schema in ("raw", "core", "serve", PACKED):
            connection.execute(f"CREATE SCHEMA {schema}")
            if schema != "raw":
                connection.execute(f"CREATE SCHEMA {CATALOG}.{schema}")
        rejected = select_from_parquet(raw.RejectedRow, lake.files(raw.RejectedRow))
        moment = f"TIMESTAMP '{facts.known_at:%Y-%m-%d %H:%M:%S.%f}'"
        connection.execute(f"CREATE VIEW raw.rejected_row AS SELECT * FROM ({rejected}) WHERE fetched_at <= {moment}")
        for core_table in core.TABLES:
            is_log = issubclass(core_table, Log)
            select = select_from_parquet(core_table, lake.files(core_table), may_lack_columns=is_log)
            if is_log:
                select = f"SELECT * FROM ({select}) WHERE known_at <= {moment}"
            if core_table in core.IN_THE_LAKE_ONLY:
                connection.execute(f"CREATE VIEW {qualified_name(core_table)} AS {select}")
            elif core_table in core.BUCKETED:
                add_long(connection, core_table, select, lake, facts, build)
            else:
                add(connection, core_table, select, facts, build)
        statements = {statement.name: statement for statement in read_statements("serve", sql_folder)}
        for table in serve.TABLES:
            if table is serve.StockTrend:
                source = (lake, core.IN_THE_LAKE_ONLY)
                add_packed(connection, table, _select(statements, table), source, facts, build)
            elif table is not serve.WarehouseBuild:
                fill = add_view if _is_view(statements.get(name_of(table))) else add
                fill(connection, table, _select(statements, table), facts, build)
        _add_manifest(connection, facts, build)
        for macro in read_statements("macros", sql_folder):
            connection.execute(f"USE {CATALOG}")
            connection.execute(macro.sql)
            connection.execute("USE memory")
        build.outcomes = [_outcome(connection, check) for check in read_statements("checks", sql_folder)]
        connection.execute(f"CHECKPOINT {CATALOG}")
        connection.execute(f"DETACH {CATALOG}")


def _is_view(statement: Statement | None) -> bool:
    """Return whether a served table is a view: its SQL file says ``-- kind: view`` at its head."""
    return statement is not None and statement.head.get("kind") == "view"


def _select(statements: dict[str, Statement], table: type[Table]) -> str:
    if name_of(table) not in statements:
        raise WarehouseError(f"{qualified_name(table)}: expected a file sql/serve/{name_of(table)}.sql, was none")
    return statements[name_of(table)].sql.rstrip().rstrip(";")


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
    add(
        connection,
        serve.WarehouseBuild,
        f"SELECT {parquet_columns(serve.WarehouseBuild)} FROM manifest_rows",
        facts,
        build,
    )


def _outcome(connection: duckdb.DuckDBPyConnection, check: Statement) -> CheckOutcome:
    failing = connection.sql(check.sql.rstrip().rstrip(";")).pl()
    return CheckOutcome(check, failing.height, failing.head(_SHOWN))


def require_later_clock(database: Path, clock: dt.datetime) -> None:
    """Raise where the published file was built later than a build of what is known at present, by its own clock.

    Raises:
        WarehouseError: it was, so it may hold what this build does not know yet; or it is held for writing.
    """
    built_at = _stated(database, "built_at")
    if isinstance(built_at, dt.datetime) and built_at > clock.replace(tzinfo=None):
        raise WarehouseError(
            f"{database}: expected a clock not before {built_at.isoformat()}Z, when this file was built, was"
            f" {clock.replace(tzinfo=None).isoformat()}Z; set the clock (or MARKET_NOW) right, or remove the file if"
            " its own clock was wrong; MARKET_KNOWN_AT builds a past state beside it"
        )


def _generation(database: Path) -> int:
    """Return the generation of the published file; 0 where there is none, or a file that is no warehouse."""
    generation = _stated(database, "generation")
    return generation if isinstance(generation, int) else 0


def _stated(database: Path, fact: Literal["generation", "built_at"]) -> object:
    """Return the largest value of a fact that the published file states of itself; None where there is no such file."""
    if not database.exists():
        return None
    try:
        with duckdb.connect(str(database), read_only=True) as connection:
            ((found,),) = connection.sql(f"SELECT max({fact}) FROM serve.warehouse_build").fetchall()
    except duckdb.Error as error:
        if is_held_for_writing(error):
            raise WarehouseError(f"{database}: {AS_READERS}") from error
        return None
    return found
