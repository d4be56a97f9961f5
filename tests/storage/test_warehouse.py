"""Publishing: what stands in the file, who can read it, and what happens when a build is killed or refused."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines import seeds
from pipelines.contracts import core, serve
from pipelines.contracts.table import Table, description_of, grain_of, name_of, qualified_name
from pipelines.storage.build import BuildFacts
from pipelines.storage.lake import Lake
from pipelines.storage.statements import SQL_FOLDER
from pipelines.storage.warehouse import WarehouseError, last_rows, publish, published_tables
from tests.storage.processes import dead_process

EVENING = dt.datetime(2024, 12, 2, 22, 30, tzinfo=dt.UTC)
ROOT = SQL_FOLDER.parent


def facts(**changes: object) -> BuildFacts:
    return BuildFacts(
        **{
            "source": "files",
            "is_synthetic": False,
            "built_at": EVENING,
            "known_at": EVENING,
            "parameter_set_id": "p",
            "code_version": "c",
            **changes,
        }
    )


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake that holds the seeds and nothing else: every other table is empty."""
    lake = Lake(tmp_path / "lake")
    lake.replace(core.Instrument, seeds.instruments(False))
    return lake


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "market.duckdb"


@pytest.fixture
def sql_folder(tmp_path: Path) -> Path:
    """A copy of the project's SQL that a test may change."""
    return Path(shutil.copytree(SQL_FOLDER, tmp_path / "sql"))


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published file of empty tables, for tests that only look at it."""
    folder = tmp_path_factory.mktemp("published")
    publish(folder / "market.duckdb", Lake(folder / "lake"), facts())
    return folder / "market.duckdb"


def ask(database: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def generation(database: Path) -> int:
    return ask(database, "SELECT max(generation) FROM serve.warehouse_build")[0][0]


VIEWS = (serve.LevelState, serve.StockTrend)
TABLES = [table for table in published_tables() if table not in VIEWS]


@pytest.mark.parametrize("table", TABLES, ids=qualified_name)
def test_every_table_has_key_nulls_and_comments(published: Path, table: type[Table]) -> None:
    schema, name = qualified_name(table).split(".")
    where = f"schema_name = '{schema}' AND table_name = '{name}'"
    comment = ask(published, f"SELECT comment FROM duckdb_tables() WHERE {where}")
    assert comment == [(description_of(table),)]
    columns = ask(published, f"SELECT column_name, is_nullable, comment FROM duckdb_columns() WHERE {where}")
    assert [column for column, _, _ in columns] == table.column_names()
    assert all(text for _, _, text in columns)
    assert {column for column, nullable, _ in columns if nullable} == {
        column for column, declared in table.columns().items() if declared.nullable
    }
    key = ask(
        published,
        f"SELECT constraint_column_names FROM duckdb_constraints() WHERE {where} AND constraint_type = 'PRIMARY KEY'",
    )
    assert key == ([] if table in core.BUCKETED else [(grain_of(table),)])


@pytest.mark.parametrize("table", VIEWS, ids=qualified_name)
def test_a_view_has_the_columns_of_its_contract_and_comments(published: Path, table: type[Table]) -> None:
    where = f"schema_name = 'serve' AND {{}}_name = '{name_of(table)}'"
    comment = ask(published, f"SELECT comment FROM duckdb_views() WHERE {where.format('view')}")
    assert comment == [(description_of(table),)]
    columns = ask(published, f"SELECT column_name, comment FROM duckdb_columns() WHERE {where.format('table')}")
    assert [column for column, _ in columns] == table.column_names()
    assert all(text for _, text in columns)


@pytest.mark.parametrize("table", VIEWS, ids=qualified_name)
def test_a_view_reads_the_file_under_any_name(published: Path, table: type[Table]) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{published}' AS other (READ_ONLY)")
        assert connection.execute(f"SELECT count(*) FROM other.{qualified_name(table)}").fetchall() == [(0,)]


def test_build_table_states_rows_hashes_and_generation(lake: Lake, database: Path) -> None:
    first = publish(database, lake, facts())
    assert generation(database) == 1
    second = publish(database, lake, facts(built_at=EVENING + dt.timedelta(hours=1)))
    assert generation(database) == 2
    assert {k: v for k, v in first.hashes.items() if k != "serve.warehouse_build"} == {
        k: v for k, v in second.hashes.items() if k != "serve.warehouse_build"
    }
    assert ask(
        database, "SELECT row_count, source FROM serve.warehouse_build WHERE table_name = 'core.instrument'"
    ) == [(4, "files")]


def test_a_changed_value_changes_the_hash_of_its_table_alone(lake: Lake, database: Path) -> None:
    before = publish(database, lake, facts()).hashes
    lake.replace(core.RatioPair, seeds.ratio_pairs())
    after = publish(database, lake, facts()).hashes
    assert {name for name in before if before[name] != after[name]} == {"core.ratio_pair", "serve.warehouse_build"}


def test_a_synthetic_build_says_so_on_every_table(lake: Lake, database: Path) -> None:
    publish(database, lake, facts(source="sample", is_synthetic=True))
    views = "SELECT comment FROM duckdb_views() WHERE NOT internal"
    comments = ask(database, f"SELECT comment FROM duckdb_tables() UNION ALL {views}")
    assert len(comments) == len(published_tables()) + 1  # packed.stock_trend
    assert all(comment.startswith("SYNTHETIC SAMPLE") for (comment,) in comments)


def test_no_temporary_file_is_left_and_leftovers_are_swept(lake: Lake, database: Path) -> None:
    leftover = database.with_name(f".{database.name}-{dead_process()}.tmp")
    leftover.write_bytes(b"of a killed build")
    publish(database, lake, facts())
    assert not list(database.parent.glob(".market*"))


def test_a_build_that_fails_leaves_no_log_for_the_next_one_of_this_process(
    lake: Lake, database: Path, sql_folder: Path
) -> None:
    (sql_folder / "checks" / "broken.sql").write_text("-- claim: x.\nSELECT no_such_column FROM core.bar")
    with pytest.raises(duckdb.Error):
        publish(database, lake, facts(), sql_folder)
    assert not list(database.parent.glob(".market*"))
    log_of_an_earlier_write = database.with_name(f".{database.name}-{os.getpid()}.tmp.wal")
    log_of_an_earlier_write.write_bytes(b"half a log")
    assert publish(database, lake, facts()).is_published
    assert not log_of_an_earlier_write.exists()


def test_a_failing_check_keeps_the_old_file(lake: Lake, database: Path, sql_folder: Path) -> None:
    publish(database, lake, facts(), sql_folder)
    check = sql_folder / "checks" / "there_is_no_dow.sql"
    head = "-- claim: There is no Dow.\n-- table: serve.instrument\n-- severity: {}\n"
    query = "SELECT instrument_id FROM serve.instrument WHERE instrument_id = 'DJI'"
    check.write_text(head.format("error") + query)
    build = publish(database, lake, facts(), sql_folder)
    assert not build.is_published
    assert [(found.statement.name, found.failing_rows, found.example) for found in build.blocking] == [
        ("there_is_no_dow", 1, "instrument_id DJI")
    ]
    assert generation(database) == 1
    check.write_text(head.format("warn") + query)
    assert publish(database, lake, facts(), sql_folder).is_published
    assert generation(database) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda path: path.write_text("SELECT 1 AS one FROM core.instrument"),
            r"serve\.instrument: expected columns .*",
        ),
        (
            lambda path: path.write_text("-- kind: view\nSELECT *, 1 AS one FROM core.instrument"),
            r"serve\.instrument: expected columns .* beyond them \['one'\]",
        ),
        (
            lambda path: path.write_text("-- kind: view\nSELECT * REPLACE (1 AS name) FROM core.instrument"),
            r"serve\.instrument: expected column types, was other: {'name': \('VARCHAR', 'INTEGER'\)}",
        ),
        (lambda path: path.unlink(), r"serve\.instrument: expected a file sql/serve/instrument\.sql, was none"),
    ],
)
def test_a_select_that_leaves_its_contract_fails_the_build(
    lake: Lake, database: Path, sql_folder: Path, change, message: str
) -> None:
    publish(database, lake, facts(), sql_folder)
    change(sql_folder / "serve" / "instrument.sql")
    with pytest.raises(WarehouseError, match=message):
        publish(database, lake, facts(), sql_folder)
    assert generation(database) == 1


def test_a_reader_keeps_its_snapshot_and_a_new_one_sees_the_new_file(lake: Lake, database: Path) -> None:
    publish(database, lake, facts())
    script = (
        "import duckdb, sys\n"
        "c = duckdb.connect(sys.argv[1], read_only=True)\n"
        "ask = lambda: c.execute('SELECT max(generation) FROM serve.warehouse_build').fetchall()[0][0]\n"
        "print(ask(), flush=True); input(); print(ask(), flush=True)\n"
    )
    reader = subprocess.Popen(
        [sys.executable, "-c", script, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert reader.stdin is not None
    assert reader.stdout is not None
    assert reader.stdout.readline().strip() == "1"
    publish(database, lake, facts())
    assert reader.communicate("\n", timeout=30)[0].strip() == "1"
    assert generation(database) == 2


def test_kill_in_the_middle_of_a_build_leaves_the_old_file_readable(
    lake: Lake, database: Path, sql_folder: Path
) -> None:
    publish(database, lake, facts())
    head = "-- claim: Counting takes long.\n-- table: serve.session\n-- severity: error\n"
    slow = head + "SELECT count(*) AS n FROM range(1000000000000) HAVING n < 0"
    (sql_folder / "checks" / "slow.sql").write_text(slow)
    script = (
        "import sys, pathlib\n"
        "from tests.storage.test_warehouse import facts\n"
        "from pipelines.storage.lake import Lake\n"
        "from pipelines.storage.warehouse import publish\n"
        "a = [pathlib.Path(x) for x in sys.argv[1:]]\n"
        "publish(a[0], Lake(a[1]), facts(), a[2])\n"
    )
    builder = subprocess.Popen([sys.executable, "-c", script, str(database), str(lake.root), str(sql_folder)], cwd=ROOT)
    leftover = database.with_name(f".{database.name}-{builder.pid}.tmp")
    deadline = time.monotonic() + 60
    while not leftover.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.5)
    assert builder.poll() is None, "the build should still be running"
    builder.send_signal(signal.SIGKILL)
    assert builder.wait(30) == -signal.SIGKILL
    assert leftover.exists(), "killed too late: the build had finished"
    assert generation(database) == 1
    assert publish(database, lake, facts()).is_published
    assert generation(database) == 2
    assert not leftover.exists()


def test_a_file_held_open_for_writing_is_a_clear_error(lake: Lake, database: Path) -> None:
    publish(database, lake, facts())
    script = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); input()"
    writer = subprocess.Popen(
        [sys.executable, "-c", script, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert writer.stdout is not None
        assert writer.stdout.readline().strip() == "open"
        with pytest.raises(WarehouseError, match="was held open for writing"):
            publish(database, lake, facts())
    finally:
        writer.communicate("\n", timeout=30)


def test_a_file_that_is_no_warehouse_is_replaced(lake: Lake, database: Path) -> None:
    database.write_bytes(b"not a database")
    publish(database, lake, facts())
    assert generation(database) == 1


@pytest.mark.parametrize("offset", [5000, 12300, 200000])
def test_a_damaged_file_is_replaced(lake: Lake, database: Path, offset: int) -> None:
    publish(database, lake, facts())
    with database.open("r+b") as file:
        file.seek(offset)
        file.write(b"\xff" * 4000)
    assert publish(database, lake, facts()).is_published
    assert ask(database, "SELECT count(*) FROM serve.instrument") == [(4,)]


def test_a_log_of_before_a_column_came_has_nulls_there(lake: Lake, database: Path) -> None:
    """Parts of a log are never written anew: all of them may be older than the column."""
    newer = ["stretches", "changed_sessions"]
    change = {
        "comparison_number": 2,
        "subject_kind": "trend",
        "subject_id": "RUT",
        "aspect": "medium_phase",
        "first_session": EVENING.date(),
        "last_session": EVENING.date(),
        "stretches": 1,
        "changed_sessions": 1,
        "series_id": "RUT",
        "from_state": "up",
        "to_state": "down",
        "cause": "vendor_revision",
        "evidence": "a later version",
        "previous_known_at": EVENING.replace(tzinfo=None, hour=1),
        "previous_data_snapshot": None,
        "known_at": EVENING.replace(tzinfo=None),
        "data_snapshot": None,
    }
    lake.append(core.StateChange, core.StateChange.validate(pl.DataFrame([change]), cast=True))
    (part,) = lake.files(core.StateChange)
    pl.read_parquet(part).drop(newer).write_parquet(part)
    publish(database, lake, facts())
    names = ", ".join(["evidence", *newer])
    assert ask(database, f"SELECT {names} FROM core.state_change") == [("a later version", None, None)]


@pytest.mark.parametrize("name", ["a [1]", "b*", "c {x,y}", "d 'e'", "g%20h"])
def test_odd_letters_in_the_path_are_only_letters(tmp_path: Path, name: str) -> None:
    lake = Lake(tmp_path / name / "lake")
    lake.replace(core.Instrument, seeds.instruments(False))
    build = publish(tmp_path / name / "market.duckdb", lake, facts())
    assert build.rows["core.instrument"] == 4


def test_last_rows_are_those_of_the_last_keys(lake: Lake, database: Path) -> None:
    publish(database, lake, facts())
    instruments, sessions = last_rows(database, (serve.Instrument, serve.Session), 2)
    assert instruments["instrument_id"].to_list() == ["SPX", "RUT"]
    assert sessions["session"].is_sorted(descending=True)


def test_a_duckdb_1_client_reads_the_file(lake: Lake, database: Path) -> None:
    python = ROOT / ".venv-duckdb-1.5" / "bin" / "python"
    if not python.exists():
        pytest.skip("DuckDB 1.5 client absent: make .venv-duckdb-1.5/client")
    publish(database, lake, facts())
    script = (
        "import duckdb, sys\n"
        "c = duckdb.connect(sys.argv[1], read_only=True)\n"
        "print(duckdb.__version__, c.execute('SELECT count(*) FROM serve.instrument').fetchall(),\n"
        "      c.execute(\"SELECT comment FROM duckdb_tables() WHERE table_name = 'index_overview'\").fetchall(),\n"
        "      c.execute('SELECT built_at FROM serve.warehouse_build LIMIT 1').fetchall())\n"
    )
    answer = subprocess.run([python, "-c", script, str(database)], capture_output=True, text=True, check=True).stdout
    assert answer.startswith("1.5.")
    assert "[(4,)]" in answer
    assert description_of(serve.IndexOverview) in answer
    assert "datetime.datetime(2024, 12, 2, 22, 30)" in answer


def test_names_of_tables_are_the_contracts(lake: Lake, database: Path) -> None:
    publish(database, lake, facts())
    tables = "SELECT schema_name || '.' || table_name FROM duckdb_tables()"
    views = "SELECT schema_name || '.' || view_name FROM duckdb_views() WHERE NOT internal"
    names = ask(database, f"{tables} UNION ALL {views}")
    assert {name for (name,) in names} == {qualified_name(table) for table in published_tables()} | {
        "packed.stock_trend"
    }
    assert pl.Series([name_of(table) for table in serve.TABLES]).is_unique().all()
