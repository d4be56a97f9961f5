"""Layer raw, stocks: bars and actions of a universe asked of a vendor, or bars from panels."""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import dagster as dg
import polars as pl
from pydantic import Field

from pipelines.contracts import core, raw
from pipelines.contracts.table import Table, name_of
from pipelines.defs.document import ingested
from pipelines.defs.ingestion import Reading
from pipelines.defs.tables import at_rest, contract_check, spec_of, stored
from pipelines.defs.workspace import Workspace
from pipelines.ingestion.progress import Progress
from pipelines.ingestion.rejected import calendar_for
from pipelines.ingestion.run import IngestResult, ingest_universe
from pipelines.ingestion.spool import Spool
from pipelines.ingestion.universe import asks_for_members, has_universe, universe_of
from pipelines.projections.dagster import asset_key
from pipelines.settings import Settings
from pipelines.sources import SourceError
from pipelines.sources.document import Document
from pipelines.sources.panel import read_panel
from pipelines.storage.lake import Lake
from pipelines.transforms.stock_bar import screen_stock_bars
from pipelines.transforms.stock_version import new_stock_versions, superseded_bars

TABLES = (raw.StockBar, raw.StockAction, raw.FetchOutcome)
ALL_READ = "all_that_was_due_was_read"
_READS = ["raw.holding", "raw.listing"] if asks_for_members(Settings()) else []
"""Members have to be known before they are asked for; nothing else has to wait for the holdings."""
_SHOWN = 20
_MOMENT = pl.Datetime("us", "UTC")


class IngestStocks(dg.Config):
    """What to ask the vendor for. Empty: what is due of the whole universe."""

    symbols: list[str] = Field(
        default=[],
        description="Stocks to ask for, of those that MARKET_UNIVERSE names, such as BRK-B; none named asks for all.",
    )
    whole_history: bool = Field(
        default=False,
        description="Whether to read whole histories again that were read a week ago or more, as on Saturdays.",
    )


@dg.multi_asset(
    name="raw_stock_bar",
    specs=[spec_of(table, _READS) for table in TABLES],
    check_specs=[
        *[contract_check(table) for table in TABLES],
        dg.AssetCheckSpec(
            ALL_READ,
            asset=asset_key(raw.FetchOutcome),
            description="Every symbol that was due has been read, or is known to have no bars.",
        ),
    ],
)
def stock_bars(context: dg.AssetExecutionContext, config: IngestStocks, workspace: dg.ResourceParam[Workspace]):  # type: ignore[no-untyped-def]  # Dagster reads the annotations
    """Ask the vendor for the universe, or read the panels that are new; keep what is new or changed."""
    if workspace.settings.is_past:
        yield from at_rest(context, workspace, *TABLES)
        yield _all_read(IngestResult())
    elif has_universe(workspace.settings):
        yield from _asked(context, config, workspace)
    else:
        if config.symbols:
            raise dg.Failure(
                f"symbols: expected none, as MARKET_UNIVERSE names no stocks, was {config.symbols[:_SHOWN]}"
            )
        yield from ingested(context, workspace, "panel", TABLES, lambda found, lake: _panel(found, lake, workspace))
        yield _all_read(IngestResult())


def _panel(document: Document, lake: Lake, workspace: Workspace) -> Reading:
    now, source, parameters = workspace.settings.clock(), workspace.settings.source, workspace.parameters
    received = read_panel(document.path)
    calendar = calendar_for(received, now)
    accepted, rejected = screen_stock_bars(received, calendar, now, parameters)
    # A panel says nothing of splits.
    read = accepted.with_columns(fetched_at=pl.lit(now, _MOMENT), split_factor=pl.lit(None, pl.Float64))
    known = lake.read(raw.StockBar)
    if superseded := superseded_bars(known, read, parameters):
        raise ValueError(f"expected a reading later than those known, was no later for {superseded} bars that differ")
    rows: dict[type[Table], pl.DataFrame] = {table: table.create_empty() for table in TABLES}
    rows[raw.StockBar] = new_stock_versions(known, read, calendar, source, parameters)
    return Reading(rows, rejected.with_columns(raw_table=pl.lit(name_of(raw.StockBar))))


def _asked(
    context: dg.AssetExecutionContext, config: IngestStocks, workspace: Workspace
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:
    """Ask for what is due and report it; what could not be read is a warning, nothing at all a failure."""
    from pipelines.ingestion.yahoo import yahoo_vendor  # Takes a while, and only this source needs it.

    lake, settings = workspace.lake, workspace.settings
    try:
        universe = universe_of(settings, lake)
        symbols = _wanted(universe.symbols, config.symbols)
        with yahoo_vendor(settings) as vendor:
            result = ingest_universe(
                symbols,
                vendor,
                lake,
                Spool(settings.spool_dir),
                workspace.parameters,
                whole_history=config.whole_history,
                suspects=_suspects(lake),
                tell=_teller(context.log.info),
            )
    except SourceError as error:
        raise dg.Failure(str(error)) from error
    if result.is_nothing:
        raise dg.Failure(f"yahoo: expected bars of {result.status['ask']} symbols, was none; {_summary(result)}")
    if result.is_partial:
        context.log.warning(f"not all that was due could be read: {_summary(result)}")
    facts = _facts(result) | {"symbols": len(symbols)}
    if universe.left_aside:
        facts["no symbols"] = f"{len(universe.left_aside)}: {', '.join(universe.left_aside[:_SHOWN])}"
    for table in TABLES:
        rows = lake.scan(table)
        counts = {
            "dagster/row_count": rows.select(pl.len()).collect().item(),
            "new_rows": result.rows[name_of(table)],
        }
        yield from stored(table, lambda _, kept: kept, rows.tail(5).collect(), workspace, **facts, **counts)
    yield _all_read(result)


def _suspects(lake: Lake) -> list[str]:
    """Return the stocks of which the build before held bars back: what is asked depends on it, not what is true."""
    held = lake.scan(core.QuarantinedBar).filter(pl.col("asset_class") == "stock")
    return held.select(pl.col("instrument_id").unique().sort()).collect()["instrument_id"].to_list()


def _wanted(universe: list[str], symbols: list[str]) -> list[str]:
    unknown = sorted(set(symbols) - set(universe))
    if unknown:
        known = f"{', '.join(universe[:_SHOWN])}{' ...' if len(universe) > _SHOWN else ''}"
        raise dg.Failure(
            f"symbols: expected some of the {len(universe)} of MARKET_UNIVERSE ({known}), was {unknown[:_SHOWN]}"
        )
    return symbols or universe


def _teller(log: Callable[[str], None]) -> Callable[[Progress], None]:
    """Return what tells of progress: Dagster's log, and a line on a terminal."""

    def tell(progress: Progress) -> None:
        log(str(progress))
        if sys.stderr.isatty():
            print(
                f"\r{progress}\x1b[K", end="\n" if progress.done >= progress.total else "", file=sys.stderr, flush=True
            )

    return tell


def _summary(result: IngestResult) -> str:
    return "; ".join(f"{name}: {value}" for name, value in _facts(result).items())


def _facts(result: IngestResult) -> dict[str, Any]:
    """Return the counts of a run as facts for Dagster."""
    facts: dict[str, Any] = {f"due: {name}": count for name, count in sorted(result.status.items())}
    facts |= {f"outcome: {name}": count for name, count in sorted(result.outcomes.items())}
    facts |= {name: count for name, count in sorted(result.counts.items()) if count}
    further = {
        "whole histories on evidence": result.whole,
        "answers that wait for a whole history": result.held,
        "answers of an earlier run": result.from_spool,
        "refused for asking too fast": result.refusals,
        "stopped": result.stopped,
    }
    return facts | {name: value for name, value in further.items() if value}


def _all_read(result: IngestResult) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=not result.is_partial,
        severity=dg.AssetCheckSeverity.WARN,
        asset_key=asset_key(raw.FetchOutcome),
        check_name=ALL_READ,
        metadata=_facts(result),
    )
