"""Quality of bars: the second source, rules, what is held back or odd. One asset a table."""

import dagster as dg
import polars as pl

from pipelines import seeds
from pipelines.contracts import core, raw
from pipelines.contracts.table import name_of
from pipelines.defs.stock_build import bar_build
from pipelines.defs.tables import at_rest, contract_check, derived, spec_of, stored
from pipelines.defs.workspace import Workspace
from pipelines.ingestion.rejected import append_rejected, calendar_for
from pipelines.sources import SourceError
from pipelines.sources.files import FilesSource
from pipelines.transforms.bar import new_versions
from pipelines.transforms.quality import bar_warnings, quality_rules, source_gaps
from pipelines.transforms.quarantine import accepted_bars
from pipelines.transforms.screen import screen_bars

_SECOND = "second"


@dg.multi_asset(name="raw_second_bar", specs=[spec_of(raw.SecondBar)], check_specs=[contract_check(raw.SecondBar)])
def second_bar(context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]):  # type: ignore[no-untyped-def]  # Dagster reads the annotations
    """Read the second source's folder; keep what is new or changed, and keep apart what breaks a rule."""
    if workspace.settings.is_past:
        yield from at_rest(context, workspace, raw.SecondBar)
        return
    lake, now, folder = workspace.lake, workspace.settings.clock(), workspace.settings.second_source_dir
    with lake.locked():
        known = lake.read(raw.SecondBar)
        if folder is None:
            context.log.info("no second source is named (MARKET_SECOND_SOURCE_DIR)")
            yield from stored(raw.SecondBar, lake.append, known.clear(), workspace, second_source="none named")
            return
        try:
            received = FilesSource(folder).bars(seeds.instruments(workspace.settings.is_synthetic), {}, None, now)
        except SourceError as error:
            raise dg.Failure(f"second source: {error}") from error
        calendar = calendar_for(received, now)
        accepted, rejected = screen_bars(received, calendar, now, workspace.parameters)
        versions = new_versions(known, accepted, calendar, _SECOND, now, workspace.parameters)
        rejected = rejected.with_columns(raw_table=pl.lit(name_of(raw.SecondBar)))
        rules = append_rejected(lake, rejected, _SECOND, now)
        context.log.info(f"{received.height} rows received, {versions.height} new, {sum(rules.values())} rejected")
        facts = {"dagster/row_count": known.height + versions.height, "new_rows": versions.height}
        yield from stored(raw.SecondBar, lake.append, versions, workspace, **facts, **rules)


@derived(core.QualityRule)
def quality_rule(workspace: Workspace) -> pl.DataFrame:
    """The declared rules."""
    return quality_rules()


@derived(core.QuarantinedBar, raw.Bar, scans=[core.StockBar])
def quarantined_bar(workspace: Workspace, versions: pl.DataFrame) -> pl.DataFrame:
    """Bars whose newest version is held back."""
    of_indices = accepted_bars(versions, workspace.settings.knowledge_time(), workspace.parameters)[1]
    return pl.concat([of_indices, bar_build(workspace).held()])


@derived(core.BarWarning, core.Bar)
def bar_warning(workspace: Workspace, bars: pl.DataFrame) -> pl.DataFrame:
    """Bars of indices that are odd."""
    return bar_warnings(bars, workspace.parameters)


@derived(core.SourceGap, core.Bar, raw.SecondBar)
def source_gap(workspace: Workspace, bars: pl.DataFrame, second: pl.DataFrame) -> pl.DataFrame:
    """How far the second source's closes are from ours."""
    return source_gaps(bars, second, workspace.settings.knowledge_time(), workspace.parameters)
