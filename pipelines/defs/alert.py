"""What becomes of runs that go wrong: two sensors that tell of failed steps and of checks that got worse.

Belongs here: reading a run's events. Not here: how somebody is told (``sources.alert``). A run from a terminal is seen
by no sensor; ``__main__`` calls ``tell`` for it.
"""

import datetime as dt
from collections.abc import Iterator

import dagster as dg
from dagster import DagsterEventType

from pipelines.defs.workspace import Workspace
from pipelines.settings import Settings
from pipelines.sources.alert import Alert, deliver

_HISTORY = 50


@dg.run_failure_sensor(
    name="alert_on_failure",
    description="Writes failed runs to alerts.log and, with MARKET_ALERT_URL, posts them to a webhook.",
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def alert_on_failure(context: dg.RunFailureSensorContext, workspace: dg.ResourceParam[Workspace]) -> None:
    """Tell of the steps and checks that failed."""
    _tell_and_log(context, workspace)


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    name="alert_on_finding",
    description="Tells, in the same way, of checks that fail since a run that succeeded.",
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def alert_on_finding(context: dg.RunStatusSensorContext, workspace: dg.ResourceParam[Workspace]) -> None:
    """Tell of the checks that a run made worse, though it succeeded."""
    _tell_and_log(context, workspace)


def _tell_and_log(context: dg.RunStatusSensorContext, workspace: Workspace) -> None:
    for problem in tell(context.instance, context.dagster_run.run_id, workspace.settings):
        context.log.warning(f"an alert was not delivered: {problem}")


def tell(instance: dg.DagsterInstance, run_id: str, settings: Settings) -> list[str]:
    """Deliver the alerts of a run that has ended, and return what could not be done. Raises nothing."""
    try:
        return deliver(list(alerts_of(instance, run_id)), settings)
    except Exception as error:  # a sensor that raises is tried again for ever; its text may quote anything
        return [f"alerts of run {run_id}: {type(error).__name__}"]


def alerts_of(instance: dg.DagsterInstance, run_id: str) -> Iterator[Alert]:
    """Yield what went wrong in a run: each failed step, the run if it failed without one, each check that got worse.

    A check got worse when it failed, and the run that evaluated it before had passed it or there was none.
    """
    run = instance.get_run_by_id(run_id)
    if run is None:
        return
    at = dt.datetime.now(dt.UTC)
    failed = [*_failed_steps(instance, run_id)]
    if run.status is dg.DagsterRunStatus.FAILURE and not failed:
        failed = [("run", "it ended without a failed step")]
    for step, message in failed:
        yield Alert(at, "run_failed", run_id, run.job_name, step, message)
    for subject, message in _worse_checks(instance, run_id):
        yield Alert(at, "check_failed", run_id, run.job_name, subject, message)


def _failed_steps(instance: dg.DagsterInstance, run_id: str) -> Iterator[tuple[str, str]]:
    for record in instance.get_records_for_run(run_id, of_type=DagsterEventType.STEP_FAILURE).records:
        event = record.event_log_entry.dagster_event
        if event is not None:
            data = event.step_failure_data
            cause = data.user_failure_data.description if data.user_failure_data else None
            error = data.error
            yield (
                event.step_key or "step",
                cause or str((error and (error.cause or error).message) or "no reason given"),
            )


def _worse_checks(instance: dg.DagsterInstance, run_id: str) -> Iterator[tuple[str, str]]:
    for record in instance.get_records_for_run(run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION).records:
        event = record.event_log_entry.dagster_event
        if event is None or event.asset_check_evaluation_data.passed:
            continue
        found = event.asset_check_evaluation_data
        history = instance.event_log_storage.get_asset_check_execution_history(found.asset_check_key, _HISTORY)
        before = next((past for past in history if past.id < _own(history, run_id)), None)
        if before is None or before.status.value != "FAILED":
            told = {name: value for name, value in found.metadata.items() if not _is_table(value)}
            facts = ", ".join(f"{name}: {value.value}" for name, value in told.items())
            subject = f"{'.'.join(found.asset_key.path)}, {found.check_name} ({found.severity.value.lower()})"
            yield subject, facts


def _is_table(value: dg.MetadataValue) -> bool:
    """Return whether a fact is a table to be looked at in the UI, too long for a message."""
    return isinstance(value, dg.MarkdownMetadataValue)


def _own(history, run_id: str) -> int:  # type: ignore[no-untyped-def]  # Dagster's records have no public name
    """Return the number of the run's own evaluation, among those of a check."""
    return min((past.id for past in history if past.run_id == run_id), default=0)
