"""Layer raw: one step that asks the source, applies the row rules and appends what is new."""

import datetime as dt

import dagster as dg
import polars as pl
from pydantic import Field

from pipelines import seeds
from pipelines.contracts import core, raw
from pipelines.defs.tables import at_rest, contract_check, spec_of, stored
from pipelines.defs.workspace import Workspace
from pipelines.ingestion.rejected import append_rejected, calendar_for
from pipelines.sources import BarSource, SourceError
from pipelines.sources.base import Span
from pipelines.sources.calendar import sessions_between
from pipelines.storage.warehouse import WarehouseError, require_later_clock
from pipelines.transforms.bar import missing_sessions, new_versions, no_longer_given
from pipelines.transforms.screen import screen_bars

KNOWN = ", ".join(seeds.instruments(is_synthetic=False)["instrument_id"])


class Ingest(dg.Config):
    """What to ask the source for. Empty: every instrument, the whole history or what is missing of it."""

    symbols: list[str] = Field(
        default=[], description=f"Indices to ask for, some of {KNOWN}; none named asks for all of them."
    )
    start: str = Field(
        default="",
        description="First session to ask for, such as 2020-01-31; none given asks for what is missing. One before the"
        " first stored session asks for what lies before it.",
    )


@dg.multi_asset(
    name="raw_bar",
    specs=[spec_of(raw.Bar)],
    check_specs=[contract_check(raw.Bar)],
)
def bars(context: dg.AssetExecutionContext, config: Ingest, workspace: dg.ResourceParam[Workspace]):  # type: ignore[no-untyped-def]  # Dagster reads the annotations
    """Ask the source for bars; keep what is new or changed, and keep apart what breaks a rule."""
    if workspace.settings.is_past:
        yield from at_rest(context, workspace, raw.Bar)
        return
    lake, source, now = workspace.lake, workspace.source, workspace.settings.clock()
    try:  # Here, before anything is read or derived; publishing asks again, as it can be materialised alone.
        require_later_clock(workspace.settings.database_path, now)
    except WarehouseError as error:
        raise dg.Failure(str(error)) from error
    start = _first_day(config.start, now.date())
    with lake.locked():
        known = lake.read(raw.Bar)
        try:
            received = source.bars(_wanted(workspace, config.symbols), _spans(known, workspace), start, now)
        except SourceError as error:
            raise dg.Failure(str(error)) from error
        calendar = calendar_for(received, now)
        accepted, rejected = screen_bars(received, calendar, now, workspace.parameters)
        versions = new_versions(known, accepted, calendar, source.name, now, workspace.parameters)
        rules = append_rejected(lake, rejected.with_columns(raw_table=pl.lit("bar")), source.name, now)
        context.log.info(f"{received.height} rows received, {versions.height} new, {sum(rules.values())} rejected")
        rows = known.height + versions.height
        facts = {"dagster/row_count": rows, "new_rows": versions.height, "received_rows": received.height}
        if not workspace.settings.is_live:
            facts["no_longer_given"] = _no_longer_given(context, no_longer_given(known, received, start))
        yield from stored(raw.Bar, lake.append, versions, workspace, **facts, **rules, **_notes(source))


def _no_longer_given(context: dg.AssetExecutionContext, bars: pl.DataFrame) -> int:
    """Log and count the bars that stay though the source does not give them any more."""
    for name, first, last, count in (
        bars.group_by("instrument_id", maintain_order=True)
        .agg(first=pl.col("session").min(), last=pl.col("session").max(), count=pl.len())
        .rows()
    ):
        context.log.warning(
            f"{name}: {count} bars of {first} to {last} are not in the source any more; they stay as they were known"
        )
    return bars.height


def _wanted(workspace: Workspace, symbols: list[str]) -> pl.DataFrame:
    """Return the instruments of the seed, or the named ones of them."""
    instruments = seeds.instruments(workspace.settings.is_synthetic)
    unknown = sorted(set(symbols) - set(instruments["instrument_id"]))
    if unknown:
        raise dg.Failure(f"symbols: expected some of {instruments['instrument_id'].to_list()}, was {unknown}")
    return instruments.filter(pl.col("instrument_id").is_in(symbols)) if symbols else instruments


def _first_day(text: str, today: dt.date) -> dt.date | None:
    """Return the first day to ask for; none was named where the text is empty."""
    try:
        day = dt.date.fromisoformat(text) if text else None
    except ValueError as error:
        raise dg.Failure(f"start: expected a date such as 2020-01-31, was {text!r}") from error
    if day and day > today:
        raise dg.Failure(f"start: expected a date up to today, {today}, was {day}")
    return day


def _spans(known: pl.DataFrame, workspace: Workspace) -> dict[str, Span]:
    """Return the first stored session of each instrument, and the last one up to which nothing is left to be mended."""
    spans = known.group_by("instrument_id").agg(first=pl.col("session").min(), last=pl.col("session").max())
    if workspace.settings.is_live and not known.is_empty():
        left = _left_to_mend(known, workspace).group_by("instrument_id").agg(left=pl.col("session").min())
        spans = spans.join(left, on="instrument_id", how="left").with_columns(pl.min_horizontal("last", "left"))
    return {name: (first, last) for name, first, last in spans.select("instrument_id", "first", "last").rows()}


def _left_to_mend(known: pl.DataFrame, workspace: Workspace) -> pl.DataFrame:
    """Return sessions that are missing, and those of bars that the build before held back.

    What is asked for depends on the latter, not what is true.
    """
    first, last = known.select(first=pl.col("session").min(), last=pl.col("session").max()).row(0)
    calendar = sessions_between(min(max(first, workspace.parameters.calendar_checked_from), last), last)
    missing = missing_sessions(known, calendar, workspace.parameters)
    held = workspace.lake.read(core.QuarantinedBar).filter(asset_class="index")
    return pl.concat([frame.select("instrument_id", "session") for frame in (missing, held)])


def _notes(source: BarSource) -> dict[str, str]:
    """Return what a source says beyond its rows, such as the files it left aside."""
    return {
        name: ", ".join(value) for name in ("ignored", "absent", "partial") if (value := getattr(source, name, None))
    }
