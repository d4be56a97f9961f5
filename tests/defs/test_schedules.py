"""When jobs run by themselves: moments, configuration, upkeep, and that a holiday is no alarm."""

from __future__ import annotations

import datetime as dt
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._utils.schedules import schedule_execution_time_iterator

from pipelines.contracts import core, raw, serve
from pipelines.contracts.table import qualified_name
from pipelines.definitions import definitions
from pipelines.defs.jobs import JOB
from pipelines.storage.content_hash import content_hash
from tests.defs.test_main_job import QUIET, run, workspace, write_bars
from tests.storage.raw_rows import filled

NEW_YORK = ZoneInfo("America/New_York")
FRIDAY, PRESIDENTS_DAY = dt.date(2024, 2, 16), dt.date(2024, 2, 19)


@pytest.mark.parametrize(
    ("name", "weekdays", "time"),
    [
        ("after_the_close", {0, 1, 2, 3, 4}, dt.time(17, 30)),
        ("weekly_history", {5}, dt.time(8)),
        ("weekly_maintenance", {6}, dt.time(8)),
    ],
)
def test_schedules_tick_at_the_same_time_of_new_york_in_winter_and_summer(
    name: str, weekdays: set[int], time: dt.time
) -> None:
    schedule = definitions().get_repository_def().get_schedule_def(name)
    begin = dt.datetime(2024, 2, 20, tzinfo=NEW_YORK).timestamp()
    ticks = schedule_execution_time_iterator(begin, schedule.cron_schedule, schedule.execution_timezone)
    moments = [moment.astimezone(NEW_YORK) for moment in islice(ticks, 20)]
    assert {moment.weekday() for moment in moments} == weekdays
    assert {moment.time() for moment in moments} == {time}
    assert len({moment.utcoffset() for moment in moments}) == 2


@pytest.mark.parametrize("name", ["after_the_close", "weekly_history"])
def test_what_a_schedule_asks_for_is_what_the_main_job_takes(name: str) -> None:
    repository = definitions().get_repository_def()
    with dg.build_schedule_context() as context:
        ticked = repository.get_schedule_def(name).evaluate_tick(context)
    (request,) = ticked.run_requests
    assert repository.get_schedule_def(name).job_name == JOB
    assert dg.validate_run_config(repository.get_job(JOB), {**QUIET, **request.run_config})


def test_on_a_holiday_every_table_is_written_and_no_check_fails(tmp_path: Path) -> None:
    """Freshness goes by when a table was last written, so that no alarm is raised on a day without a session."""
    write_bars(tmp_path / "files", last=FRIDAY)
    evening = dt.datetime.combine(PRESIDENTS_DAY, dt.time(22, 30), dt.UTC)
    result = run(workspace(tmp_path, now=evening), has_brief=True)
    assert result.success
    written = {".".join(event.asset_key.path) for event in result.get_asset_materialization_events()}
    tables = {qualified_name(table) for table in (*raw.TABLES, *core.TABLES, *serve.TABLES)}
    assert written == tables | {"report.brief"}
    assert [found.check_name for found in result.get_asset_check_evaluations() if not found.passed] == []


def test_maintenance_folds_small_parts_and_says_so(tmp_path: Path) -> None:
    place = workspace(tmp_path)
    lake = filled(place.settings.lake_dir, 9, buckets=1)
    before = content_hash(lake.read(raw.StockBar).sort(raw.StockBar.primary_key()))
    with dg.DagsterInstance.ephemeral() as instance:
        result = (
            definitions()
            .get_repository_def()
            .get_job("maintenance")
            .execute_in_process(instance=instance, resources={"workspace": place}, run_config=QUIET)
        )
    assert result.success
    assert len(lake.files(raw.StockBar)) == 1
    assert content_hash(lake.read(raw.StockBar).sort(raw.StockBar.primary_key())) == before
    (output,) = result.filter_events(lambda event: event.is_successful_output)
    assert output.step_output_data.metadata["raw.stock_bar"].value == "9 files, now 1"
