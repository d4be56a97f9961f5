"""Apache Superset on the published file: connection, comments, SQL Lab, datasets, protections."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from pipelines.contracts import serve
from pipelines.contracts.table import Table, description_of, name_of, unit_of
from pipelines.settings import SYNTHETIC_NOTE
from tests.clients.superset_client import Superset, sql_lab_query

DATABASE = "Market state (sample)"


@pytest.fixture(scope="module")
def database(superset: Superset) -> int:
    return superset.database_id(DATABASE)


def test_every_served_table_is_listed(superset: Superset, database: int) -> None:
    found = superset.get(f"database/{database}/tables/", q="(schema_name:serve)")["result"]
    kinds = {each["value"]: each["type"] for each in found}
    assert set(kinds) == {name_of(table) for table in serve.TABLES}
    assert kinds["level_state"] == "view"
    assert kinds["index_overview"] == "table"


@pytest.mark.parametrize("table", serve.TABLES, ids=name_of)
def test_comments_of_table_and_columns_are_shown(superset: Superset, database: int, table: type[Table]) -> None:
    found = superset.get(f"database/{database}/table_metadata/", name=name_of(table), schema="serve")
    expected = {
        name: f"{column.description} [{unit_of(column)}]" if unit_of(column) else column.description
        for name, column in table.columns().items()
    }
    assert {column["name"]: column["comment"] for column in found["columns"]} == expected
    # Views have their columns' comments but not their own: the driver asks for that of tables only.
    if name_of(table) != "level_state":
        assert found["comment"] == SYNTHETIC_NOTE + description_of(table)


def test_sql_lab_runs_a_query(superset: Superset, database: int, published: duckdb.DuckDBPyConnection) -> None:
    sql = "SELECT instrument_id, count(*) AS n, max(close) AS top FROM serve.index_overview GROUP BY ALL ORDER BY ALL"
    rows = superset.sql(database, sql)
    assert [tuple(row.values()) for row in rows] == published.execute(sql).fetchall()
    assert len(rows) == 4


def test_sql_lab_runs_a_macro(superset: Superset, database: int, published: duckdb.DuckDBPyConnection) -> None:
    sql = "SELECT level_id, state FROM levels_as_of('RUT', '2024-12-02') ORDER BY level_id"
    rows = superset.sql(database, sql)
    assert [tuple(row.values()) for row in rows] == published.execute(sql).fetchall()
    assert rows


def test_a_served_table_becomes_a_dataset(superset: Superset, database: int) -> None:
    body = {"database": database, "schema": "serve", "table_name": "trend_state"}
    made = superset.post("dataset/", body)["data"]
    described = {column["column_name"]: column["description"] for column in made["columns"]}
    assert list(described) == list(serve.TrendState.columns())
    assert described["major_since"].startswith(str(serve.TrendState.columns()["major_since"].description))
    assert next(column["is_dttm"] for column in made["columns"] if column["column_name"] == "session")


def test_a_second_database_cannot_have_a_dataset_of_the_same_name(
    superset: Superset, database: int, built: Path
) -> None:
    """What looked like a refusal of the storage version is a rule of Superset's SQLite state (decision 0022)."""
    superset.post("dataset/", {"database": database, "schema": "serve", "table_name": "session"})
    other = superset.connect("the same file again", built / "market.duckdb")
    refusal = superset.refused("dataset/", {"database": other, "schema": "serve", "table_name": "session"})
    assert "Dataset could not be created" in refusal
    assert superset.post("dataset/", {"database": other, "schema": "serve", "table_name": "instrument"})["id"]


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE serve.mine AS SELECT 1",
        "DELETE FROM serve.instrument",
        "SELECT * FROM read_text('/etc/hostname')",
        "COPY (SELECT 1) TO '/tmp/superset_wrote_this.csv'",
        "ATTACH '/tmp/superset_attached_this.duckdb'",
    ],
)
def test_nothing_is_written_and_no_other_file_is_read(superset: Superset, database: int, sql: str) -> None:
    superset.refused("sqllab/execute/", sql_lab_query(database, sql))


def test_a_file_that_is_not_there_is_not_made(superset: Superset, tmp_path: Path) -> None:
    absent = tmp_path / "absent.duckdb"
    body = {
        "database_name": "absent",
        "sqlalchemy_uri": f"duckdb:///{absent}",
        "extra": '{"engine_params": {"connect_args": {"read_only": true}}}',
    }
    assert "database does not exist" in superset.refused("database/", body)
    assert not absent.exists()
