"""Runs that go wrong, through Dagster itself: who is told, how often, and that no secret gets anywhere."""

from __future__ import annotations

import datetime as dt
import json
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from pipelines.__main__ import main
from pipelines.definitions import definitions
from pipelines.defs.alert import alert_on_failure, alert_on_finding, alerts_of, tell
from pipelines.defs.jobs import JOB
from pipelines.defs.workspace import Workspace
from tests.defs.test_main_job import EVENING, QUIET, workspace, write_bars
from tests.sources.webhook_server import webhook

ROOT = Path(__file__).resolve().parents[2]
CONTACT, TOKEN = "Marker Person marker.person@example.test", "MARKERTOKEN1234"
BAD_ROW = "2024-03-09,1,1,1,1,1\n"


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as found:
        yield found


def run_in(instance: dg.DagsterInstance, place: Workspace) -> dg.ExecuteInProcessResult:
    job = definitions().get_repository_def().get_job(JOB)
    return job.execute_in_process(
        instance=instance, resources={"workspace": place}, run_config=QUIET, raise_on_error=False
    )


def logged(place: Workspace) -> list[dict[str, str]]:
    path = place.settings.alert_log_path
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def break_dow(folder: Path) -> None:
    (folder / "files" / "dji.csv").write_text("<!DOCTYPE html><p>Too many requests</p>")


def test_a_failed_run_is_told_of_by_the_sensor_as_the_daemon_ticks_it(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    write_bars(tmp_path / "files")
    with webhook() as hook:
        place = workspace(tmp_path, alert_url=f"{hook.url}/{TOKEN}")
        sensors = [alert_on_failure, alert_on_finding]

        def tick(cursors: list[str | None]) -> list[str | None]:
            contexts = [
                dg.build_sensor_context(instance, cursor=cursor, resources={"workspace": place}) for cursor in cursors
            ]
            return [sensor.evaluate_tick(context).cursor for sensor, context in zip(sensors, contexts, strict=True)]

        cursors = tick([None, None])
        assert run_in(instance, place).success
        cursors = tick(cursors)
        assert (logged(place), hook.received) == ([], [])
        break_dow(tmp_path)
        result = run_in(instance, place)
        assert not result.success
        cursors = tick(tick(cursors))
        (told,) = logged(place)
        assert (told["kind"], told["run_id"], told["job"], told["subject"]) == (
            *("run_failed", result.run_id),
            *(JOB, "raw_bar"),
        )
        assert told["message"].endswith("dji.csv: expected CSV, was an HTML or XML page")
        assert [message["alerts"] for message in hook.received] == [[told]]


def test_sensors_are_on_and_in_the_code_location() -> None:
    repository = definitions().get_repository_def()
    for name in ("alert_on_failure", "alert_on_finding"):
        assert repository.get_sensor_def(name).default_status is dg.DefaultSensorStatus.RUNNING


def test_a_check_is_told_of_when_it_gets_worse_and_not_again(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    write_bars(tmp_path / "files")

    def findings(hours: int) -> list[tuple[str, str]]:
        result = run_in(instance, workspace(tmp_path, now=EVENING + dt.timedelta(hours=hours)))
        assert result.success
        return [(alert.kind, alert.subject) for alert in alerts_of(instance, result.run_id)]

    assert findings(0) == []
    with (tmp_path / "files" / "rut.csv").open("a") as file:
        file.write(BAD_ROW)
    told = [("check_failed", "serve.data_health, no_row_was_rejected (warn)")]
    assert findings(1) == told
    assert findings(2) == []


def test_a_sensor_that_cannot_tell_does_not_fail(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    write_bars(tmp_path / "files")
    break_dow(tmp_path)
    place = workspace(tmp_path)
    result = run_in(instance, place)
    place.settings.alert_log_path.mkdir()
    event = result.filter_events(lambda event: event.is_run_failure)[0]
    context = dg.build_run_status_sensor_context(
        "alert_on_failure", event, instance, result.dagster_run, resources={"workspace": place}
    ).for_run_failure()
    alert_on_failure(context)
    assert tell(instance, result.run_id, place.settings) == ["alerts.log: Is a directory"]
    assert tell(instance, "no such run", place.settings) == []


def test_no_secret_gets_into_a_file_an_event_or_a_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """A run that succeeds and one that fails, from a terminal, with a webhook that does not take the alert."""
    shutil.copy(ROOT / "dagster.yaml", tmp_path)
    write_bars(tmp_path / "files")
    caplog.set_level(logging.DEBUG)
    with webhook() as hook:
        for name, value in {
            "DAGSTER_HOME": str(tmp_path),
            "MARKET_WAREHOUSE_DIR": str(tmp_path / "warehouse"),
            "MARKET_SOURCE": "files",
            "MARKET_FILES_DIR": str(tmp_path / "files"),
            "MARKET_NOW": EVENING.isoformat(),
            "MARKET_SEC_CONTACT": CONTACT,
            "MARKET_ALERT_URL": f"{hook.url}/services/{TOKEN}",
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        assert main() == 0
        break_dow(tmp_path)
        hook.statuses = [403]
        assert main() == 1
        assert hook.paths == [f"/services/{TOKEN}"]
    printed = capfd.readouterr()
    assert "an alert was not delivered: webhook: 1 alerts: status 403" in printed.err
    kinds = [json.loads(line)["kind"] for line in (tmp_path / "warehouse/files/alerts.log").read_text().splitlines()]
    assert kinds == ["run_failed", "not_delivered"]
    read = 0
    for path in filter(Path.is_file, tmp_path.rglob("*")):
        content = path.read_bytes()
        read += 1
        for marker in (TOKEN, "marker.person", "Marker Person", hook.url):
            assert marker.encode() not in content, path
    assert read > 50
    assert list(tmp_path.glob(".dagster/storage/**/*.db")), "expected Dagster's event log among the files"
    for text in (printed.out, printed.err, caplog.text):
        assert TOKEN not in text
        assert "marker.person" not in text


def test_an_error_that_quotes_secrets_is_told_without_them(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    with webhook() as hook:
        place = workspace(tmp_path, sec_contact=CONTACT, alert_url=f"{hook.url}/{TOKEN}")

        @dg.op
        def fails() -> None:
            raise dg.Failure(f"asked as {CONTACT}, told {hook.url}/{TOKEN}")

        @dg.job
        def quoting() -> None:
            fails()

        result = quoting.execute_in_process(instance=instance, raise_on_error=False, run_config=QUIET)
        assert tell(instance, result.run_id, place.settings) == []
        assert [alert["message"] for alert in hook.received[0]["alerts"]] == ["asked as ***, told ***"]
    assert [found["message"] for found in logged(place)] == ["asked as ***, told ***"]
