"""The main job end to end, from files in a folder to rows in DuckDB, through Dagster itself."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import dagster as dg
import duckdb
import numpy as np
import polars as pl
import pytest

from pipelines.contracts import core, raw, serve
from pipelines.contracts.table import qualified_name
from pipelines.definitions import definitions
from pipelines.defs.jobs import JOB
from pipelines.defs.workspace import Workspace
from pipelines.settings import Settings
from pipelines.sources.calendar import sessions_between
from pipelines.storage.lake import Lake
from pipelines.storage.statements import read_statements

FIRST, LAST = dt.date(2023, 1, 3), dt.date(2024, 3, 8)
EVENING = dt.datetime(2024, 3, 8, 22, tzinfo=dt.UTC)
FILES = {"rut.csv": 1900.0, "GSPC.csv": 4000.0, "^NDX.csv": 11000.0, "dji.csv": 33000.0}


def write_bars(folder: Path, last: dt.date = LAST) -> None:
    """Write four files of made-up bars: a common rise of 0.1 per cent a session, and a wave of their own."""
    folder.mkdir(exist_ok=True)
    sessions = sessions_between(FIRST, LAST)["session"]
    steps = np.arange(len(sessions))
    for number, (name, start) in enumerate(FILES.items()):
        close = pl.Series(np.round(start * 1.001**steps * (1 + 0.03 * np.sin(steps / (15 + 5 * number))), 2))
        frame = pl.DataFrame(
            {"Date": sessions, "Open": close, "High": close + 2, "Low": close - 2, "Close": close, "Volume": 1000}
        )
        frame.filter(pl.col("Date") <= last).write_csv(folder / name)


def workspace(tmp_path: Path, now: dt.datetime = EVENING, **changes: object) -> Workspace:
    settings = {"source": "files", "files_dir": tmp_path / "files", "warehouse_dir": tmp_path / "out", "now": now}
    return Workspace(Settings(**{**settings, **changes}))


QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@cache
def job(name: str) -> dg.JobDefinition:
    """Return a job of the project, or all assets short of the brief as a job."""
    rest = dg.define_asset_job("without_brief", dg.AssetSelection.all() - dg.AssetSelection.groups("report"))
    return dg.Definitions.merge(definitions(), dg.Definitions(jobs=[rest])).get_repository_def().get_job(name)


def run(place: Workspace, config: dict | None = None, has_brief: bool = False) -> dg.ExecuteInProcessResult:
    """Run the main job; short of the brief, whose charts take a tenth of the time, where a test does not look at it."""
    with dg.DagsterInstance.ephemeral() as instance:
        return job(JOB if has_brief else "without_brief").execute_in_process(
            instance=instance,
            resources={"workspace": place},
            run_config={**QUIET, **(config or {})},
            raise_on_error=False,
        )


def run_only(place: Workspace, *names: str, config: dict | None = None) -> dg.ExecuteInProcessResult:
    """Materialise a few assets, as someone who picks them in the UI does."""
    return dg.materialize(
        definitions().assets or [],
        selection=[dg.AssetKey(name.split(".")) for name in names],
        resources={"workspace": place},
        run_config=config,
        raise_on_error=False,
    )


def ask(place: Workspace, sql: str) -> list[tuple]:
    with duckdb.connect(str(place.settings.database_path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def hashes(place: Workspace) -> dict[str, str]:
    rows = ask(place, "SELECT table_name, content_hash FROM serve.warehouse_build")
    return {name: found for name, found in rows if name != "serve.warehouse_build"}


def failure(result: dg.ExecuteInProcessResult) -> str:
    assert not result.success
    (event,) = result.filter_events(lambda event: event.is_step_failure)
    data = event.step_failure_data
    return (data.user_failure_data and data.user_failure_data.description) or str(data.error.cause or data.error)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, dg.ExecuteInProcessResult]:
    folder = tmp_path_factory.mktemp("market")
    write_bars(folder / "files")
    place = workspace(folder)
    return place, run(place, has_brief=True)


def test_every_asset_is_materialised_with_what_the_ui_shows(built) -> None:
    _, result = built
    assert result.success
    events = {
        event.asset_key.path[0] + "." + event.asset_key.path[1]: event
        for event in result.get_asset_materialization_events()
    }
    tables = {qualified_name(table) for table in (*raw.TABLES, *core.TABLES, *serve.TABLES)}
    assert set(events) == tables | {"report.brief"}
    metadata = events["core.bar"].materialization.metadata
    sessions = sessions_between(FIRST, LAST).height
    assert metadata["dagster/row_count"].value == 4 * sessions
    assert metadata["last_session"].value == "2024-03-08"
    assert "| RUT" in metadata["preview"].value or "| SPX" in metadata["preview"].value


def test_every_check_was_evaluated_and_passed(built) -> None:
    _, result = built
    evaluations = result.get_asset_check_evaluations()
    failed = [found.check_name for found in evaluations if not found.passed]
    assert failed == []
    assert len([found for found in evaluations if found.check_name == "contract"]) == len(raw.TABLES) + len(core.TABLES)


def test_closes_of_the_files_stand_in_duckdb(built) -> None:
    place, _ = built
    written = pl.read_csv(place.settings.files_dir / "rut.csv", try_parse_dates=True)
    found = ask(place, "SELECT session, close FROM serve.index_overview WHERE instrument_id = 'RUT' ORDER BY session")
    assert found == written.select("Date", "Close").rows()


def test_numbers_agree_with_sql_worked_from_the_bars(built) -> None:
    """A second opinion on a few columns, in DuckDB's own window functions."""
    place, _ = built
    differing = ask(
        place,
        """
        WITH expected AS (
            SELECT instrument_id, session,
                avg(close) OVER (PARTITION BY instrument_id ORDER BY session ROWS 49 PRECEDING) AS sma_50,
                max(close) OVER (PARTITION BY instrument_id ORDER BY session) AS record_close,
                100 * (close / lag(close) OVER (PARTITION BY instrument_id ORDER BY session) - 1) AS day_return_pct,
                row_number() OVER (PARTITION BY instrument_id ORDER BY session) AS position
            FROM core.bar
        )
        SELECT expected.* FROM expected JOIN serve.index_overview AS overview USING (instrument_id, session)
        WHERE (position >= 50 AND abs(expected.sma_50 - overview.sma_50) > 1e-6)
            OR (position < 50) <> (overview.sma_50 IS NULL)
            OR expected.record_close <> overview.record_close
            OR abs(expected.day_return_pct - overview.day_return_pct) > 1e-9
        """,
    )
    assert differing == []


def test_a_second_run_adds_nothing_and_has_identical_content(built) -> None:
    place, _ = built
    before, rows = hashes(place), place.lake.read(raw.Bar).height
    assert run(workspace(place.settings.warehouse_dir.parent, now=EVENING + dt.timedelta(hours=1))).success
    assert hashes(place) == before
    assert Lake(place.settings.lake_dir).read(raw.Bar).height == rows


def test_a_build_in_two_steps_equals_a_build_in_one(tmp_path: Path, built) -> None:
    write_bars(tmp_path / "files", last=dt.date(2024, 3, 1))
    assert run(workspace(tmp_path, now=dt.datetime(2024, 3, 1, 22, tzinfo=dt.UTC))).success
    write_bars(tmp_path / "files")
    assert run(workspace(tmp_path)).success
    once, twice = hashes(built[0]), hashes(workspace(tmp_path))
    # The log of changes is that of the builds.
    assert {name for name in once if once[name] != twice[name]} == {"core.state_change", "serve.state_change"}


def test_a_corrected_close_is_a_new_version_and_the_old_one_stays(tmp_path: Path) -> None:
    write_bars(tmp_path / "files")
    assert run(workspace(tmp_path)).success
    path = tmp_path / "files" / "rut.csv"
    lines = path.read_text().splitlines()
    cells = lines[-1].split(",")
    cells[4] = str(float(cells[4]) + 1)
    path.write_text("\n".join([*lines[:-1], ",".join(cells)]) + "\n")
    place = workspace(tmp_path, now=EVENING + dt.timedelta(days=1))
    assert run(place).success
    versions = place.lake.read(raw.Bar).filter(pl.col("instrument_id") == "RUT", pl.col("session") == LAST)
    assert versions.sort("known_from")["close"].to_list() == [float(cells[4]) - 1, float(cells[4])]
    assert ask(
        place, "SELECT close FROM serve.index_overview WHERE instrument_id = 'RUT' ORDER BY session DESC LIMIT 1"
    ) == [(float(cells[4]),)]


def test_bars_that_the_source_gives_no_more_stay_and_are_told(tmp_path: Path) -> None:
    write_bars(tmp_path / "files")
    assert run(workspace(tmp_path)).success
    path = tmp_path / "files" / "rut.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:-4], *lines[-2:]]) + "\n")
    place = workspace(tmp_path, now=EVENING + dt.timedelta(days=1))
    before = hashes(place)
    result = run(place)
    (event,) = result.asset_materializations_for_node("raw_bar")
    assert event.metadata["no_longer_given"].value == 2
    assert hashes(place) == before


def test_bad_rows_are_kept_apart_counted_and_shown(tmp_path: Path) -> None:
    write_bars(tmp_path / "files")
    with (tmp_path / "files" / "rut.csv").open("a") as file:
        file.write("2024-03-03,1,1,1,1,1\n2024-03-08,1,1,1,1,1\nnonsense,1,1,1,1,1\n")
    place = workspace(tmp_path)
    result = run(place)
    assert result.success
    assert ask(place, "SELECT rejected_rows, rejected_by_rule FROM serve.data_health WHERE instrument_id = 'RUT'") == [
        (3, "duplicate: 1, not_a_session: 1, unparsable: 1")
    ]
    shown = next(
        event.materialization.metadata
        for event in result.get_asset_materialization_events()
        if event.asset_key == dg.AssetKey(["raw", "rejected_row"])
    )
    assert shown["rejected: bar, duplicate"].value == 1
    warned = {found.check_name for found in result.get_asset_check_evaluations() if not found.passed}
    assert warned == {"no_row_was_rejected"}
    assert run(workspace(tmp_path)).success
    assert place.lake.read(raw.RejectedRow).height == 3


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "dji.csv").write_text("<!DOCTYPE html><p>Too many requests</p>"), r"dji\.csv"),
        (lambda folder: (folder / "dji.csv").write_bytes(b""), r"dji\.csv"),
        (lambda folder: [path.unlink() for path in folder.iterdir()], "expected"),
    ],
)
def test_an_unreadable_file_fails_the_run_and_the_last_good_warehouse_stays(
    tmp_path: Path, damage: Callable[[Path], object], message: str
) -> None:
    write_bars(tmp_path / "files")
    assert run(workspace(tmp_path)).success
    before = hashes(workspace(tmp_path))
    damage(tmp_path / "files")
    assert re.search(message, failure(run(workspace(tmp_path))))
    assert hashes(workspace(tmp_path)) == before


def test_a_run_can_take_a_subset_of_symbols_from_a_start_date(tmp_path: Path) -> None:
    write_bars(tmp_path / "files")
    place = workspace(tmp_path)
    config = {"ops": {"raw_bar": {"config": {"symbols": ["RUT", "SPX"], "start": "2024-01-02"}}}}
    assert run(place, config).success
    assert ask(place, "SELECT instrument_id, min(session) FROM core.bar GROUP BY ALL ORDER BY ALL") == [
        ("RUT", dt.date(2024, 1, 2)),
        ("SPX", dt.date(2024, 1, 2)),
    ]
    assert ask(place, "SELECT DISTINCT rank, rank_reason FROM serve.period_return") == [(None, "rank_incomplete")]


def test_a_clock_set_back_replaces_nothing_and_leaves_no_finding_behind(tmp_path: Path) -> None:
    write_bars(tmp_path / "files")
    assert run(workspace(tmp_path)).success
    now = hashes(workspace(tmp_path))
    early = workspace(tmp_path, now=dt.datetime(2023, 6, 1, 22, tzinfo=dt.UTC))
    message = failure(run(early))
    assert (
        f"expected a clock not before {EVENING:%Y-%m-%dT%H:%M:%S}Z, when this file was built, was 2023-06-01" in message
    )
    assert early.lake.read(core.Bar)["session"].max() == LAST
    assert hashes(early) == now
    early.settings.database_path.unlink()
    assert run(early).success
    assert ask(early, "SELECT max(session) FROM core.bar") == [(dt.date(2023, 6, 1),)]
    assert run(workspace(tmp_path)).success
    after = hashes(workspace(tmp_path))
    assert {name for name in now if now[name] != after[name]} == {"serve.rejected_row"}
    assert ask(early, "SELECT DISTINCT rule FROM serve.rejected_row") == [("session_not_closed",)]
    assert ask(early, "SELECT sum(rejected_rows) FROM serve.data_health") == [(0,)]


def test_a_clock_before_the_first_bar_publishes_nothing(tmp_path: Path) -> None:
    write_bars(tmp_path / "files")
    place = workspace(tmp_path, now=dt.datetime(1950, 1, 1, tzinfo=dt.UTC))
    assert run(workspace(tmp_path)).success
    place.settings.database_path.unlink()
    assert "core.bar: expected bars known at 1950-01-01 00:00 UTC, was none of" in failure(run(place))
    assert not place.settings.database_path.exists()


def test_a_past_build_may_be_made_again_with_another_clock(tmp_path: Path) -> None:
    write_bars(tmp_path / "files")
    assert run(workspace(tmp_path)).success
    moments = [EVENING + dt.timedelta(days=number) for number in (2, 1)]
    past = [workspace(tmp_path, now=moment, known_at=EVENING) for moment in moments]
    assert all(run(place).success for place in past)


def test_a_bad_start_is_refused(tmp_path: Path) -> None:
    write_bars(tmp_path / "files")
    config = {"ops": {"raw_bar": {"config": {"start": "1/2/2024"}}}}
    assert "start: expected a date such as 2020-01-31, was '1/2/2024'" in failure(run(workspace(tmp_path), config))


def test_an_unknown_symbol_is_refused(tmp_path: Path) -> None:
    write_bars(tmp_path / "files")
    config = {"ops": {"raw_bar": {"config": {"symbols": ["RUTT"]}}}}
    assert "expected some of ['RUT', 'SPX', 'NDX', 'DJI'], was ['RUTT']" in failure(run(workspace(tmp_path), config))


def test_sources_build_into_folders_of_their_own(tmp_path: Path, built) -> None:
    place = workspace(built[0].settings.warehouse_dir.parent, source="sample")
    assert place.settings.database_path.parent != built[0].settings.database_path.parent
    assert place.lake.read(core.Bar).is_empty()


@pytest.mark.parametrize("example", read_statements("examples"), ids=lambda example: example.name)
def test_every_example_runs(built, example) -> None:
    with duckdb.connect(str(built[0].settings.database_path), read_only=True) as connection:
        assert connection.sql(example.sql).pl().columns


def test_one_asset_can_be_materialised_alone_but_states_of_the_data_are_never_mixed(tmp_path: Path) -> None:
    write_bars(tmp_path / "files", last=dt.date(2024, 3, 1))
    assert run(workspace(tmp_path)).success
    before = hashes(workspace(tmp_path))
    assert run_only(workspace(tmp_path), "core.moving_average").success
    write_bars(tmp_path / "files")
    assert run_only(workspace(tmp_path), "raw.bar", "core.bar").success
    assert "expected tables of one state of the data, was bar=" in failure(
        run_only(workspace(tmp_path), "core.missing_session")
    )
    assert hashes(workspace(tmp_path)) == before


def test_an_asset_whose_input_was_never_materialised_says_so(tmp_path: Path) -> None:
    write_bars(tmp_path / "files")
    message = "expected inputs that are materialised, was none of core.moving_average"
    assert message in failure(run_only(workspace(tmp_path), "core.cross"))
