"""Upkeep: the job that folds the small parts of raw tables and logs, and when it runs by itself."""

import dagster as dg

from pipelines.contracts import core, raw
from pipelines.contracts.table import is_appended, qualified_name
from pipelines.defs.tables import NEW_YORK
from pipelines.defs.workspace import Workspace
from pipelines.storage.compaction import compact


@dg.op(description="Fold the small parts of each raw table and log into few files; rows stay what they are.")
def fold_small_parts(context: dg.OpExecutionContext, workspace: dg.ResourceParam[Workspace]) -> None:
    """Hold the lake for one table after another, so that an ingesting run never waits for all of them."""
    for table in filter(is_appended, (*raw.TABLES, *core.TABLES)):
        lake = workspace.lake
        with lake.locked():
            done = compact(lake, table)
        name = qualified_name(table)
        context.log.info(
            f"{name}: {done.files_before} files, now {done.files_after}; {done.rows_folded} rows written anew,"
            f" {done.files_deleted} old files deleted"
        )
        context.add_output_metadata({name: f"{done.files_before} files, now {done.files_after}"})


@dg.job(description="Fold the small files that daily runs leave behind. Publishes nothing, waits for who ingests.")
def maintenance() -> None:
    """Keep the lake quick to read."""
    fold_small_parts()


weekly_maintenance = dg.ScheduleDefinition(
    name="weekly_maintenance",
    job=maintenance,
    cron_schedule="0 8 * * 0",
    execution_timezone=NEW_YORK,
    description="Sundays, when no exchange is open and the weekly run of Saturday is over.",
)
