"""Layer raw: one step that asks the source, applies the row rules and appends what is new."""

import datetime as dt

import dagster as dg
import polars as pl
from pydantic import Field

from pipelines import seeds
from pipelines.contracts import raw
from pipelines.defs.tables import at_rest, contract_check, spec_of, stored
from pipelines.defs.workspace import Workspace
from pipelines.ingestion.rejected import append_rejected, calendar_for
from pipelines.sources import BarSource, SourceError
from pipelines.sources.base import Span
from pipelines.transforms.bar import new_versions
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
    start = _first_day(config.start, now.date())
    with lake.locked():
        known = lake.read(raw.Bar)
        try:
            received = source.bars(_wanted(workspace, config.symbols), _spans(known), start, now)
        except SourceError as error:
            raise dg.Failure(str(error)) from error
        calendar = calendar_for(received, now)
        accepted, rejected = screen_bars(received, calendar, now, workspace.parameters)
        versions = new_versions(known, accepted, calendar, source.name, now, workspace.parameters)
        rules = append_rejected(lake, rejected.with_columns(raw_table=pl.lit("bar")), source.name, now)
        context.log.info(f"{received.height} rows received, {versions.height} new, {sum(rules.values())} rejected")
        rows = known.height + versions.height
        facts = {"dagster/row_count": rows, "new_rows": versions.height, "received_rows": received.height}
        yield from stored(raw.Bar, lake.append, versions, workspace, **facts, **rules, **_notes(source))


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


def _spans(known: pl.DataFrame) -> dict[str, Span]:
    """Return the first and last stored session of each instrument."""
    spans = known.group_by("instrument_id").agg(first=pl.col("session").min(), last=pl.col("session").max())
    return {name: (first, last) for name, first, last in spans.rows()}


def _notes(source: BarSource) -> dict[str, str]:
    """Return what a source says beyond its rows, such as the files it left aside."""
    return {name: ", ".join(value) for name in ("ignored", "absent") if (value := getattr(source, name, None))}
