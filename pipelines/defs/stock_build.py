"""Layer core, of all stocks: bars, averages, trend states, of which a run derives what changed since the last one."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from pipelines.contracts import core, raw
from pipelines.contracts.check import ContractError
from pipelines.contracts.table import Table, qualified_name
from pipelines.defs.tables import CONTRACT, contract_check, inherited_snapshot, report_of, spec_of
from pipelines.defs.workspace import Workspace
from pipelines.derivation.bucket_build import Report
from pipelines.derivation.stock_bar import BarBuild
from pipelines.derivation.stock_trend import TrendBuild
from pipelines.projections.dagster import asset_key
from pipelines.storage.bucket_store import BucketStore
from pipelines.storage.lake import LakeError
from pipelines.transforms.quarantine import accepted_stock_bars

_TRENDS = (core.StockMovingAverage, core.StockTrendState)


@dg.multi_asset(
    name="core_stock_bar",
    specs=[spec_of(core.StockBar, [qualified_name(raw.StockBar), qualified_name(raw.StockAction)])],
    check_specs=[contract_check(core.StockBar)],
)
def stock_bar(workspace: dg.ResourceParam[Workspace]):  # type: ignore[no-untyped-def]  # Dagster reads the annotations
    """The newest good version of each bar of a stock that is known, in shares of today."""
    yield from _built(bar_build(workspace), (core.StockBar,), workspace)


@dg.multi_asset(
    name="core_stock_trend",
    specs=[spec_of(table, [qualified_name(core.StockBar), qualified_name(core.Session)]) for table in _TRENDS],
    check_specs=[contract_check(table) for table in _TRENDS],
)
def stock_trend(workspace: dg.ResourceParam[Workspace]):  # type: ignore[no-untyped-def]  # Dagster reads the annotations
    """Averages and trend states of stocks."""
    lake = workspace.lake
    snapshot = inherited_snapshot(lake, (core.StockBar, core.Session))
    sessions = lake.read(core.Session)
    build = TrendBuild(lake, workspace.settings.stock_buckets, workspace.parameters, snapshot, sessions=sessions)
    yield from _built(build, _TRENDS, workspace)


def bar_build(workspace: Workspace) -> BarBuild:
    """Return the build of ``core.stock_bar``, with what it says of the bars it holds back."""
    settings = workspace.settings
    known_at = settings.knowledge_time()
    return BarBuild(workspace.lake, settings.stock_buckets, known_at, workspace.parameters, accepted_stock_bars)


def _built(
    build: BarBuild | TrendBuild, tables: tuple[type[Table], ...], workspace: Workspace
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:
    """Run a build and yield what Dagster is to know of its tables.

    Raises:
        dg.Failure: rows break their contract, or a bucket is unfinished; buckets that are done stay done.
    """
    try:
        report = build.run()
    except (ContractError, LakeError) as error:
        for table in tables:
            yield dg.AssetCheckResult(
                passed=False, asset_key=asset_key(table), check_name=CONTRACT, metadata={"broken": str(error)}
            )
        raise dg.Failure(str(error)) from error
    for table in tables:
        yield dg.MaterializeResult(
            asset_key=asset_key(table),
            metadata=_metadata(BucketStore(build.lake, table, build.buckets), report, workspace),
            check_results=[dg.AssetCheckResult(passed=True, asset_key=asset_key(table), check_name=CONTRACT)],
        )


def _metadata(store: BucketStore, report: Report, workspace: Workspace) -> dict[str, Any]:
    """Return counts of a table and of what the build did, with a preview of one bucket's last session."""
    records = [record for record in map(store.record, range(store.buckets)) if record and record.rows]
    last = max((record.last_session for record in records if record.last_session), default=None)
    bucket = next((b for b in range(store.buckets) if (r := store.record(b)) and r.last_session == last), 0)
    metadata = report_of(store.scan(bucket, last).collect(), workspace)
    return {
        **metadata,
        "dagster/row_count": sum(record.rows for record in records),
        "buckets": store.buckets,
        "rows_read": report.rows_read,
        "rows_derived": report.rows_derived,
        "stocks_carried_on": report.carried_on,
        "stocks_derived_anew": report.derived_anew,
        "buckets_built_anew": report.buckets_anew,
    }
