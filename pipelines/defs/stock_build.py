"""Layer core, of all stocks: tables carried on bucket by bucket, of which a run derives what changed since the last."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import dagster as dg
import polars as pl

from pipelines.contracts import core, raw
from pipelines.contracts.check import ContractError
from pipelines.contracts.table import Table, qualified_name
from pipelines.defs.tables import CONTRACT, Plot, contract_check, drawn, inherited_snapshot, report_of, spec_of
from pipelines.defs.workspace import Workspace
from pipelines.derivation.breadth import BreadthBuild, TallyBuild
from pipelines.derivation.bucket_build import BucketBuild, Report
from pipelines.derivation.stock_action import ActionBuild, FactorBuild
from pipelines.derivation.stock_bar import BarBuild
from pipelines.derivation.stock_trend import TrendBuild
from pipelines.derivation.stock_warning import WarningBuild
from pipelines.projections.dagster import asset_key
from pipelines.report.plot import breadth as breadth_plot
from pipelines.storage.bucket_content import content_of
from pipelines.storage.bucket_store import time_of
from pipelines.storage.lake import Lake, LakeError
from pipelines.transforms.quarantine import accepted_stock_bars

Builds = Sequence[BarBuild | BucketBuild]
_PLOTTED = dt.timedelta(days=500)


def _carried_on(
    name: str, tables: tuple[type[Table], ...], *reads: type[Table], plot: Plot | None = None
) -> Callable[[Callable[..., Builds]], dg.AssetsDefinition]:
    """Make an asset of a function that says which builds bring tables up to what is known, in their order.

    The function gets the workspace and the state of the data that ``reads`` share; ``plot`` draws what is recent.
    """

    def decorate(builds_of: Callable[..., Builds]) -> dg.AssetsDefinition:
        @dg.multi_asset(
            name=name,
            specs=[spec_of(table, [qualified_name(read) for read in reads]) for table in tables],
            check_specs=[contract_check(table) for table in tables],
        )
        def asset(workspace: dg.ResourceParam[Workspace]):  # type: ignore[no-untyped-def]  # Dagster reads the annotations
            snapshot = inherited_snapshot(workspace.lake, reads)
            yield from _built(builds_of(workspace, snapshot), tables, workspace, plot)

        return asset

    return decorate


@_carried_on("core_stock_bar", (core.StockBar,), raw.StockBar, raw.StockAction)
def stock_bar(workspace: Workspace, snapshot: str | None) -> Builds:
    """The newest good version of each bar of a stock that is known, in shares of today."""
    return [bar_build(workspace)]


@_carried_on("core_stock_trend", (core.StockMovingAverage, core.StockTrendState), core.StockBar, core.Session)
def stock_trend(workspace: Workspace, snapshot: str | None) -> Builds:
    """Averages and trend states of stocks."""
    return [TrendBuild(*_place(workspace), snapshot, sessions=workspace.lake.read(core.Session))]


@_carried_on("core_stock_action", (core.StockAction,), core.StockBar, raw.StockAction)
def stock_action(workspace: Workspace, snapshot: str | None) -> Builds:
    """Splits and dividends as they stand, and why some adjust nothing."""
    return [ActionBuild(*_place(workspace), snapshot, known_at=workspace.settings.knowledge_time())]


@_carried_on("core_adjustment_factor", (core.AdjustmentFactor,), core.StockAction)
def adjustment_factor(workspace: Workspace, snapshot: str | None) -> Builds:
    """Cumulative factors of the actions that adjust."""
    return [FactorBuild(*_place(workspace), snapshot)]


@_carried_on("core_stock_bar_warning", (core.StockBarWarning,), core.StockBar, core.StockAction, core.Session)
def stock_bar_warning(workspace: Workspace, snapshot: str | None) -> Builds:
    """Bars of stocks that are odd."""
    return [WarningBuild(*_place(workspace), snapshot, sessions=workspace.lake.read(core.Session))]


@_carried_on("core_breadth", (core.Breadth,), core.StockBar, core.MemberSpell, core.Session, plot=breadth_plot)
def breadth(workspace: Workspace, snapshot: str | None) -> Builds:
    """How many members take part: what the buckets of stocks add up to, then the measures."""
    sessions, spells = (workspace.lake.read(table) for table in (core.Session, core.MemberSpell))
    return [
        build(*_place(workspace), snapshot, sessions=sessions, spells=spells) for build in (TallyBuild, BreadthBuild)
    ]


def bar_build(workspace: Workspace) -> BarBuild:
    """Return the build of ``core.stock_bar``, with what it says of the bars it holds back."""
    settings = workspace.settings
    known_at = settings.knowledge_time()
    return BarBuild(workspace.lake, settings.stock_buckets, known_at, workspace.parameters, accepted_stock_bars)


def _place(workspace: Workspace) -> tuple[Lake, int, Any]:
    return workspace.lake, workspace.settings.stock_buckets, workspace.parameters


def _built(
    builds: Builds, tables: tuple[type[Table], ...], workspace: Workspace, plot: Plot | None
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:
    """Run builds and yield what Dagster is to know of their tables.

    Raises:
        dg.Failure: rows break their contract, or a bucket is unfinished; buckets that are done stay done.
    """
    try:
        report = sum((build.run() for build in builds), Report())
    except (ContractError, LakeError) as error:
        for table in tables:
            yield dg.AssetCheckResult(
                passed=False, asset_key=asset_key(table), check_name=CONTRACT, metadata={"broken": str(error)}
            )
        raise dg.Failure(str(error)) from error
    for table in tables:
        yield dg.MaterializeResult(
            asset_key=asset_key(table),
            metadata=_metadata(table, report, workspace, plot),
            check_results=[dg.AssetCheckResult(passed=True, asset_key=asset_key(table), check_name=CONTRACT)],
        )


def _metadata(table: type[Table], report: Report, workspace: Workspace, plot: Plot | None) -> dict[str, Any]:
    """Return counts of a table and of what the build did, a preview of its last session and a plot of recent ones."""
    content, time = content_of(workspace.lake, table), time_of(table)
    since = content.last - _PLOTTED if plot else content.last
    recent = workspace.lake.scan(table).filter(pl.col(time) >= since).collect().sort(table.primary_key())
    return {
        **report_of(recent.filter(pl.col(time) == content.last), workspace),
        **drawn(plot, recent, workspace),
        "dagster/row_count": content.rows,
        "rows_read": report.rows_read,
        "rows_derived": report.rows_derived,
        "series_carried_on": report.carried_on,
        "series_derived_anew": report.derived_anew,
        "buckets_built_anew": report.buckets_anew,
    }
