"""Layer serve: one step that builds, checks and publishes the DuckDB file."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from pipelines.contracts import core, serve
from pipelines.contracts.table import Table, name_of, qualified_name
from pipelines.defs.tables import as_table, report_of, spec_of
from pipelines.defs.workspace import Workspace
from pipelines.projections.dagster import asset_key
from pipelines.storage.build import Build, BuildFacts
from pipelines.storage.lake import LakeError
from pipelines.storage.statements import read_statements, tables_read_by
from pipelines.storage.warehouse import WarehouseError, last_rows, publish
from pipelines.version import code_version

CHECKS = read_statements("checks")
_SELECTS = {statement.name: statement for statement in read_statements("serve")}


def _reads(table: type[Table]) -> list[str]:
    """Return the tables a served table is made from.

    The build table states all of core; of those it names the ones that no SELECT reads, so that the build
    waits for every core table and the graph stays readable.
    """
    if table is serve.WarehouseBuild:
        selected = {name for statement in _SELECTS.values() for name in tables_read_by(statement)}
        return sorted({qualified_name(read) for read in core.TABLES} - selected)
    return tables_read_by(_SELECTS[name_of(table)])


def _facts(workspace: Workspace) -> BuildFacts:
    settings = workspace.settings
    # Once where the two are one, as a clock goes on.
    now = settings.clock()
    known_at = settings.knowledge_time() if settings.is_past else now
    return BuildFacts(
        settings.source, settings.is_synthetic, now, known_at, workspace.parameters.set_id, code_version()
    )


@dg.multi_asset(
    name="warehouse",
    specs=[spec_of(table, _reads(table)) for table in serve.TABLES],
    check_specs=[
        dg.AssetCheckSpec(
            check.name,
            asset=dg.AssetKey(check.head["table"].split(".")),
            description=f"{check.head['claim']} (sql/checks/{check.name}.sql)",
            blocking=check.head["severity"] == "error",
        )
        for check in CHECKS
    ],
)
def warehouse(workspace: dg.ResourceParam[Workspace]):  # type: ignore[no-untyped-def]  # Dagster reads the annotations
    """Build the DuckDB file beside the published one, run the SQL checks on it and swap it in."""
    database = workspace.settings.database_path
    try:
        build = publish(database, workspace.lake, _facts(workspace), keep=workspace.settings.keep_warehouses)
    except (LakeError, WarehouseError) as error:
        raise dg.Failure(f"{database.name}: not published, the old file stays: {error}") from error
    yield from _check_results(build)
    if not build.is_published:
        found = "; ".join(f"{outcome.statement.name}: {outcome.example}" for outcome in build.blocking)
        raise dg.Failure(f"{database.name}: not published, the old file stays, as checks failed: {found}")
    for table, rows in zip(serve.TABLES, last_rows(database, serve.TABLES), strict=True):
        name = qualified_name(table)
        metadata = {**report_of(rows, workspace), "content_hash": build.hashes[name]}
        metadata.pop("dagster/row_count")
        if name in build.rows:
            metadata["dagster/row_count"] = build.rows[name]
        yield dg.MaterializeResult(asset_key=asset_key(table), metadata=metadata)


def _check_results(build: Build) -> Iterator[dg.AssetCheckResult]:
    for outcome in build.outcomes:
        severity = dg.AssetCheckSeverity.ERROR if outcome.blocks else dg.AssetCheckSeverity.WARN
        metadata: dict[str, Any] = {"failing_rows": outcome.failing_rows, "first": outcome.example or "none"}
        if outcome.failing_rows:
            metadata["rows"] = as_table(outcome.first)
        yield dg.AssetCheckResult(
            passed=outcome.failing_rows == 0,
            asset_key=dg.AssetKey(outcome.statement.head["table"].split(".")),
            check_name=outcome.statement.name,
            severity=severity,
            metadata=metadata,
        )
