"""A DuckDB of the 1.x line, as BI drivers still carry it: every served table, comments, macros, and a swap under it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.contracts import serve
from pipelines.contracts.table import Table, description_of, grain_of, name_of, qualified_name
from pipelines.projections.duckdb import type_of
from pipelines.settings import SYNTHETIC_NOTE
from pipelines.storage.content_hash import content_hash
from pipelines.storage.statements import read_statements

PYTHON = Path(__file__).resolve().parents[2] / ".venv-duckdb-1.5" / "bin" / "python"

READ_EVERYTHING = """
import duckdb, json, sys
database, folder, names = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
connection = duckdb.connect(database, read_only=True)
connection.execute("SET enable_progress_bar = false")  # it would be written among the answers
facts = {"version": duckdb.__version__, "tables": {}}
for name, order in names.items():
    schema, table = name.split(".")
    connection.execute(f"COPY (SELECT * FROM {name} ORDER BY {order}) TO '{folder}/{table}.parquet'")
    facts["tables"][name] = {
        "types": dict(connection.execute(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = ? AND table_name = ?"
            " ORDER BY column_index", [schema, table]).fetchall()),
        "comment": connection.execute(
            "SELECT comment FROM duckdb_tables() WHERE schema_name = ? AND table_name = ? UNION ALL"
            " SELECT comment FROM duckdb_views() WHERE schema_name = ? AND view_name = ?",
            [schema, table, schema, table]).fetchone()[0],
        "comments": connection.execute(
            "SELECT count(comment) FROM duckdb_columns() WHERE schema_name = ? AND table_name = ?",
            [schema, table]).fetchone()[0],
        "key": (connection.execute(
            "SELECT constraint_column_names FROM duckdb_constraints()"
            " WHERE constraint_type = 'PRIMARY KEY' AND schema_name = ? AND table_name = ?",
            [schema, table]).fetchone() or [None])[0],
    }
print(json.dumps(facts))
"""

HOLD_OPEN = """
import duckdb, sys
ask = "SELECT max(generation) FROM serve.warehouse_build"
held = duckdb.connect(sys.argv[1], read_only=True)
print(held.execute(ask).fetchone()[0], flush=True)
for line in sys.stdin:
    if line.strip() == "again":
        rows = held.execute("SELECT count(*) FROM serve.level_state").fetchone()[0]
        print(held.execute(ask).fetchone()[0], rows, flush=True)
    if line.strip() == "reconnect":
        held.close()
        held = duckdb.connect(sys.argv[1], read_only=True)
        print(held.execute(ask).fetchone()[0], flush=True)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("read")


@pytest.fixture(scope="module")
def facts(built: Path, folder: Path) -> dict:
    """Return what the old client says of every served table; it writes their rows into the folder."""
    assert PYTHON.exists(), "DuckDB 1.5 is not installed: run make test-clients"
    names = {qualified_name(table): ", ".join(grain_of(table)) for table in serve.TABLES}
    command = [PYTHON, "-c", READ_EVERYTHING, built / "market.duckdb", folder, json.dumps(names)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_the_client_is_an_old_one(facts: dict) -> None:
    assert facts["version"] == "1.5.5"


@pytest.mark.parametrize("table", serve.TABLES, ids=name_of)
def test_types_keys_and_comments_arrive(facts: dict, table: type[Table]) -> None:
    found = facts["tables"][qualified_name(table)]
    assert found["types"] == {name: type_of(column) for name, column in table.columns().items()}
    assert found["comments"] == len(table.columns())
    assert found["comment"] == SYNTHETIC_NOTE + description_of(table)
    assert found["key"] == (None if table in (serve.LevelState, serve.StockTrend) else grain_of(table))


@pytest.mark.parametrize("table", serve.TABLES, ids=name_of)
def test_rows_are_those_that_were_published(
    facts: dict, folder: Path, published: duckdb.DuckDBPyConnection, table: type[Table]
) -> None:
    rows = pl.read_parquet(folder / f"{name_of(table)}.parquet")
    stated = published.execute(
        "SELECT row_count, content_hash FROM serve.warehouse_build WHERE table_name = ?", [qualified_name(table)]
    ).fetchall()
    # The first does not name itself, the second is a view, the hash of the third is one over its buckets.
    if table in (serve.WarehouseBuild, serve.LevelState, serve.StockTrend):
        order = ", ".join(grain_of(table))
        own = published.sql(f"SELECT * FROM {qualified_name(table)} ORDER BY {order}").pl()
        rows, stated = rows.sort(grain_of(table)), [(own.height, content_hash(own))]
    assert [(rows.height, content_hash(rows))] == stated


@pytest.mark.parametrize("macro", read_statements("macros"), ids=lambda macro: macro.name)
def test_the_example_of_every_macro_runs(built: Path, published: duckdb.DuckDBPyConnection, macro) -> None:
    example = macro.head["example"]
    script = (
        "import duckdb, sys\n"
        "connection = duckdb.connect(sys.argv[1], read_only=True)\n"
        "print(len(connection.execute(sys.argv[2]).fetchall()))"
    )
    command = [PYTHON, "-c", script, built / "market.duckdb", example]
    rows = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert rows == len(published.execute(example).fetchall())
    assert rows > 0


def test_a_held_file_may_be_replaced_and_a_reconnect_sees_the_new_one(
    swapped: Path, republish: Callable[[Path], int]
) -> None:
    with subprocess.Popen(
        [PYTHON, "-c", HOLD_OPEN, swapped], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as client:
        assert client.stdin
        assert client.stdout

        def say(word: str) -> list[int]:
            client.stdin.write(f"{word}\n")
            client.stdin.flush()
            return [int(number) for number in client.stdout.readline().split()]

        old = int(client.stdout.readline())
        before = say("again")
        assert republish(swapped) == old + 1
        assert say("again") == before == [old, before[1]]
        assert before[1] > 0
        assert say("reconnect") == [old + 1]
        client.stdin.close()
    assert client.returncode == 0
