"""The main job from a terminal: ``python -m pipelines`` runs every asset through Dagster, then prints a summary."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import filelock
from sqlalchemy.exc import DBAPIError

from pipelines.settings import Settings
from pipelines.sources import SourceError, source_of

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def main() -> int:
    """Run the job; return 0, or 1 with the reason on standard error."""
    try:
        settings = _usable_settings()
    except (ValueError, SourceError) as refusal:
        print(refusal, file=sys.stderr)
        return 1
    os.environ.setdefault("DAGSTER_HOME", str(Path(__file__).resolve().parents[1]))
    from pipelines.definitions import definitions
    from pipelines.defs.alert import tell
    from pipelines.defs.jobs import JOB
    from pipelines.report.summary import summary
    from pipelines.report.unread import symbols_without_bars
    from pipelines.storage.lake import Lake

    began = time.monotonic()
    print(_announcement(settings), flush=True)
    job = definitions().get_repository_def().get_job(JOB)
    try:
        with _alone(settings), _instance(settings) as instance:
            result = job.execute_in_process(instance=instance, run_config=_QUIET, raise_on_error=False)
            for problem in tell(instance, result.run_id, settings):
                print(f"an alert was not delivered: {problem}", file=sys.stderr)
    except (OSError, DBAPIError) as error:  # of Dagster's state; what befalls an asset is a step that failed
        place = f"DAGSTER_HOME: expected {os.environ['DAGSTER_HOME']} to take Dagster's state"
        reason = f"was: {getattr(error, 'orig', error)}; make room on its disk, or let it be written"
        print(f"{place}, {reason}", file=sys.stderr)
        return 1
    if not result.success:
        return _report_failure(result, settings)
    steps = len(result.get_step_success_events())
    print(f"{steps} steps in {time.monotonic() - began:.1f} s; {_ingested(result, settings)}")
    if note := symbols_without_bars(Lake(settings.lake_dir), settings):
        print(f"note: {note}")
    print(summary(settings.database_path))
    return 0


def _usable_settings() -> Settings:
    """Return the settings of the environment, with a folder that can be built into.

    Raises:
        ValueError: a variable is wrong, or its folder cannot be written; the text names it.
        SourceError: the source needs a variable that is not set.
    """
    settings = Settings.of_environment()
    if not settings.is_past:
        source_of(settings)
    try:
        settings.build_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = f"{error.filename}: {error.strerror}"
        raise ValueError(f"MARKET_WAREHOUSE_DIR: expected a folder that can be written, was {reason}") from error
    for folder in (settings.source_dir, settings.build_dir):
        if not os.access(folder, os.W_OK):
            raise ValueError(f"MARKET_WAREHOUSE_DIR: expected a folder that can be written, was {folder}: read-only")
    return settings


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Wait until no other run from a terminal builds the same warehouse. A killed run holds nothing."""
    lock = filelock.FileLock(settings.source_dir / ".run.lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        print("Another run builds this warehouse; waiting for it ...", flush=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _announcement(settings: Settings) -> str:
    """Return what is about to be built, and as known when."""
    if settings.is_past:
        moment = f"{settings.knowledge_time():%Y-%m-%d %H:%M:%S} UTC"
        return (
            f"Building the warehouse of source '{settings.source}' as known at {moment} into {settings.build_dir};"
            " nothing is fetched ..."
        )
    return f"Building the warehouse from source '{settings.source}' into {settings.build_dir} ..."


def _instance(settings: Settings) -> dg.DagsterInstance:
    """Return where the run is recorded; one of a past moment nowhere, as it would pass for the newest of its assets."""
    return dg.DagsterInstance.ephemeral() if settings.is_past else dg.DagsterInstance.get()


def _ingested(result: dg.ExecuteInProcessResult, settings: Settings) -> str:
    """Return what the source brought: rows received, new ones, and what it left aside."""
    if settings.is_past:
        return "raw tables as they were"
    materializations = (event.materialization for event in result.get_asset_materialization_events())
    metadata = next(found.metadata for found in materializations if found.asset_key.path == ["raw", "bar"])
    facts = {
        name: metadata[name].value for name in ("received_rows", "new_rows", "ignored", "absent") if name in metadata
    }
    return ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in facts.items())


def _report_failure(result: dg.ExecuteInProcessResult, settings: Settings) -> int:
    for event in result.filter_events(lambda event: event.is_step_failure):
        data = event.step_failure_data
        cause = data.user_failure_data.description if data.user_failure_data else None
        error = data.error
        print(f"{event.step_key}: {cause or (error and (error.cause or error).message)}", file=sys.stderr)
    kept = settings.database_path
    stands = f"The last good warehouse stays: {os.path.relpath(kept)}" if kept.exists() else "There is no warehouse yet"
    print(f"{stands}. Mend what is named above and run it again.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
