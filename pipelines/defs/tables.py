"""How a declared table becomes a Dagster asset: its spec, its contract check and what a run reports of it."""

import base64
import datetime as dt
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import dagster as dg
import polars as pl

from pipelines.contracts.check import ContractError
from pipelines.contracts.table import Table, description_of, layer_of, name_of, qualified_name
from pipelines.defs.workspace import Workspace
from pipelines.projections.dagster import asset_key, column_schema
from pipelines.settings import Settings
from pipelines.storage.content_hash import content_hash
from pipelines.storage.lake import Lake, LakeError, extended

CONTRACT = "contract"
NEW_YORK = "America/New_York"
FRESHNESS = dg.FreshnessPolicy.cron(
    deadline_cron="0 19 * * 1-5", lower_bound_delta=dt.timedelta(hours=2), timezone=NEW_YORK
)
"""Every table is written anew between 17:00 and 19:00 on a weekday. What counts is when a table was last written, not
its last session, and the job runs on a holiday as on any weekday: a holiday raises no false alarm."""
_PREVIEW_ROWS = 5
_PREVIEW_COLUMNS = 12
_KINDS = {"raw": {"parquet", "bronze"}, "core": {"polars", "silver"}, "serve": {"duckdb", "gold"}}
Plot = Callable[[pl.DataFrame, str], bytes]
"""Draws rows of a table, with what has to be said first of made-up bars, as a PNG."""


def spec_of(table: type[Table], reads: list[str] | None = None) -> dg.AssetSpec:
    """Return the asset spec of a table.

    Args:
        table: The contract.
        reads: ``layer.table`` names of the tables it is made from.
    """
    return dg.AssetSpec(
        asset_key(table),
        deps=[dg.AssetKey(name.split(".")) for name in reads or []],
        group_name=layer_of(table),
        **marked(description_of(table), _KINDS[layer_of(table)]),
        owners=["team:market-state"],
        metadata={"dagster/column_schema": column_schema(table)},
        freshness_policy=FRESHNESS,
    )


def marked(description: str, kinds: set[str]) -> dict[str, Any]:
    """Return an asset's description and kinds, which say so where bars are made up.

    At the end of the description, as lists of assets show its first words only; as a kind wherever an asset is seen.
    """
    note = Settings().note
    text = f"{description} {note}".strip()
    return {"description": text, "kinds": kinds | ({"synthetic"} if note else set())}


def contract_check(table: type[Table]) -> dg.AssetCheckSpec:
    """Return the blocking check that a table keeps its contract."""
    return dg.AssetCheckSpec(
        CONTRACT,
        asset=asset_key(table),
        blocking=True,
        description="Columns, types, keys, nulls and row rules are as declared.",
    )


def report_of(rows: pl.DataFrame, workspace: Workspace) -> dict[str, Any]:
    """Return what the UI shows of stored rows: their count, last session, a preview, and whether bars are made up.

    The preview is of the last session where there is one, so that it shows more than one series.
    """
    report: dict[str, Any] = {
        "dagster/row_count": rows.height,
        "bars": workspace.settings.note or f"source: {workspace.settings.source}",
        "parameter_set_id": workspace.parameters.set_id,
    }
    last = rows["session"].max() if "session" in rows.columns else None
    if last is not None:
        report["last_session"] = str(last)
        rows = rows.filter(pl.col("session") == pl.lit(last, pl.Date))
    return report | {"preview": as_table(rows.tail(_PREVIEW_ROWS).select(rows.columns[:_PREVIEW_COLUMNS]))}


def as_table(rows: pl.DataFrame) -> dg.MarkdownMetadataValue:
    """Return rows as the UI shows them, a table."""
    return dg.MetadataValue.md(as_markdown(rows))


def as_picture(name: str, png: bytes) -> dg.MarkdownMetadataValue:
    """Return a picture as the UI shows it; the name is ours."""
    return dg.MetadataValue.md(f"![{name}](data:image/png;base64,{base64.b64encode(png).decode()})")


def drawn(plot: Plot | None, rows: pl.DataFrame, workspace: Workspace) -> dict[str, Any]:
    """Return the plot of rows as the UI shows it; nothing where there is none, or no row."""
    return {"plot": as_picture("plot", plot(rows, workspace.settings.note))} if plot and rows.height else {}


def as_markdown(rows: pl.DataFrame) -> str:
    """Return rows as a Markdown table whose cells carry no markup of their own."""
    lines = [rows.columns, ["---"] * rows.width, *rows.rows()]
    return "\n".join("| " + " | ".join(_cell(value) for value in line) + " |" for line in lines)


def _cell(value: object) -> str:
    """Return one value for a Markdown table; vendor text can neither break the row nor carry markup."""
    text = f"{value:.6g}" if isinstance(value, float) else "" if value is None else str(value)
    for character, entity in (
        ("&", "&amp;"),
        ("<", "&lt;"),
        (">", "&gt;"),
        ("|", "&#124;"),
        ("`", "&#96;"),
        ("[", "&#91;"),
        ("\n", " "),
        ("\r", " "),
    ):
        text = text.replace(character, entity)
    return text


def stored(
    table: type[Table],
    write: Callable[[type[Table], pl.DataFrame], pl.DataFrame],
    rows: pl.DataFrame,
    workspace: Workspace,
    **facts: Any,
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:
    """Write rows and yield what Dagster is to know of it, ``facts`` among it.

    Raises:
        dg.Failure: the rows break the contract; the failed check says where, and the stored table is the old one.
    """
    try:
        kept = write(table, rows)
    except ContractError as error:
        metadata: dict[str, Any] = {"broken": str(error), **error.counts}
        if not error.rows.is_empty():
            metadata["rows"] = as_table(error.rows)
        yield dg.AssetCheckResult(passed=False, asset_key=asset_key(table), check_name=CONTRACT, metadata=metadata)
        raise dg.Failure(str(error)) from error
    yield dg.MaterializeResult(
        asset_key=asset_key(table),
        metadata={**report_of(kept, workspace), **facts},
        check_results=[dg.AssetCheckResult(passed=True, asset_key=asset_key(table), check_name=CONTRACT)],
    )


def at_rest(
    context: dg.AssetExecutionContext, workspace: Workspace, *tables: type[Table]
) -> Iterator[dg.MaterializeResult]:
    """Yield what tables that are only appended to tell of a build of a past moment: nothing is asked for or added."""
    moment = f"{workspace.settings.knowledge_time():%Y-%m-%d %H:%M:%S} UTC"
    for table in tables:
        name = qualified_name(table)
        context.log.info(f"{name}: nothing is asked for or added, as the build is as known at {moment}")
        passed = dg.AssetCheckResult(passed=True, asset_key=asset_key(table), check_name=CONTRACT)
        yield dg.MaterializeResult(
            asset_key=asset_key(table), metadata={"at_rest": f"as known at {moment}"}, check_results=[passed]
        )


def derived(
    table: type[Table],
    *reads: type[Table],
    scans: Sequence[type[Table]] = (),
    adds_facts: bool = False,
    plot: Plot | None = None,
) -> Callable[[Callable[..., pl.DataFrame]], dg.AssetsDefinition]:
    """Make an asset of a function that derives one core table from others.

    Args:
        table: The table that is derived.
        reads: The tables it is derived from. The function gets the workspace, then one frame for each.
        scans: Further tables that it is derived from, of which the function reads what it needs by itself.
        adds_facts: Whether the rows hold facts that none of ``reads`` does, so that they extend the snapshot, as those
            of a table derived from raw do.
        plot: Draws the rows for the UI.
    """

    def decorate(derive: Callable[..., pl.DataFrame]) -> dg.AssetsDefinition:
        @dg.multi_asset(
            name=f"{layer_of(table)}_{name_of(table)}",
            specs=[spec_of(table, [qualified_name(read) for read in (*reads, *scans)])],
            check_specs=[contract_check(table)],
        )
        def asset(workspace: dg.ResourceParam[Workspace]):  # type: ignore[no-untyped-def]  # Dagster reads the annotations
            lake = workspace.lake
            snapshot = inherited_snapshot(lake, (*reads, *scans))
            inputs = [lake.read(read) for read in reads]
            rows = derive(workspace, *inputs)
            if adds_facts or any(layer_of(read) == "raw" for read in (*reads, *scans)):
                state = {name_of(table): short_hash(rows), "parameters": workspace.parameters.set_id}
                snapshot = extended(snapshot, state)
            facts = {"rows_read": sum(map(len, inputs)), **drawn(plot, rows, workspace)}
            yield from stored(table, functools.partial(lake.replace, snapshot=snapshot), rows, workspace, **facts)

        return asset

    return decorate


def inherited_snapshot(lake: Lake, reads: Sequence[type[Table]]) -> str | None:
    """Return the state of the data that the inputs share.

    Raises:
        dg.Failure: an input was never materialised, or two inputs stem from different states of the data: after
            one of them was materialised alone, or while another run is going on.
    """
    inputs = [read for read in reads if layer_of(read) == "core"]
    absent = [qualified_name(read) for read in inputs if not lake.is_stored(read)]
    if absent:
        raise dg.Failure(f"expected inputs that are materialised, was none of {', '.join(absent)}")
    try:
        return lake.common_snapshot(inputs)
    except LakeError as error:
        raise dg.Failure(str(error)) from error


def short_hash(rows: pl.DataFrame) -> str:
    """Return what a snapshot says of the rows of a table."""
    return content_hash(rows)[:12]
