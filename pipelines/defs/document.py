"""Layer raw, from documents: holdings, lists, filings, attributes; and what was kept out of all raw."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import dagster as dg
import polars as pl

from pipelines import seeds
from pipelines.contracts import raw
from pipelines.contracts.check import checked
from pipelines.contracts.table import Table, name_of
from pipelines.defs.ingestion import Reading, refusals
from pipelines.defs.tables import at_rest, contract_check, spec_of, stored
from pipelines.defs.workspace import Workspace
from pipelines.ingestion.rejected import append_rejected
from pipelines.sources import SourceError
from pipelines.sources.calendar import sessions_between
from pipelines.sources.company_attribute import read_company_attributes
from pipelines.sources.company_list import read_company_list
from pipelines.sources.document import Document, Kind
from pipelines.sources.financial_statements import SUB, read_financial_statements
from pipelines.sources.holdings import read_holdings
from pipelines.sources.membership import read_membership
from pipelines.storage.lake import Lake
from pipelines.transforms.document import as_rows, changed_holdings, known_after, unseen_filings

_NEXT_SESSION = dt.timedelta(days=14)


Read = Callable[[Document, Lake], Reading]


def ingested(
    context: dg.AssetExecutionContext,
    workspace: Workspace,
    kind: Kind,
    tables: Sequence[type[Table]],
    read: Read,
    ending: str = "",
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:
    """Read every document of a kind whose content is not stored yet, one after another, and append what it gave."""
    if workspace.settings.is_past:
        yield from at_rest(context, workspace, *tables)
        return
    lake, settings = workspace.lake, workspace.settings
    added: dict[type[Table], list[pl.DataFrame]] = {table: [table.create_empty()] for table in tables}
    counts: Counter[str] = Counter()
    with lake.locked():
        seen = set(lake.scan(tables[0]).select("payload_hash").unique().collect()["payload_hash"])
        if raw.StockBar in tables:
            seen -= _read_too_early(lake, settings.clock().date())
        found, left_aside = workspace.documents(kind)
        for document in (document for document in found if document.path.name.lower().endswith(ending)):
            if document.payload_hash in seen:
                continue
            try:
                reading = read(document, lake)
                # Before the rows, as a document whose rows are stored is not read again.
                if reading.rejected is not None:
                    counts.update(append_rejected(lake, reading.rejected, settings.source, settings.clock()))
                # The first table says which documents were read, so it comes last.
                for table in reversed(tables):
                    added[table].append(lake.append(table, reading.rows[table]))
            except (SourceError, ValueError) as error:
                reason = str(error).removeprefix(f"{document.path.name}: ")
                raise dg.Failure(f"{document.locator}: {reason}") from error
            seen.add(document.payload_hash)
            counts["documents read"] += 1
        context.log.info(f"{kind}: {dict(counts)}; left aside: {left_aside}")
    for table in tables:
        rows = pl.concat(added[table])
        facts: dict[str, Any] = {"dagster/row_count": lake.read(table).height, "new_rows": rows.height, **counts}
        yield from stored(table, _appended, rows, workspace, **facts, **left_aside)


def _read_too_early(lake: Lake, today: dt.date) -> set[str]:
    """Return the documents with bars whose session had not closed when they were read, and may have by now."""
    rejected = lake.read(raw.RejectedRow).filter(raw_table=name_of(raw.StockBar))
    is_early = pl.col("rule") == "session_not_closed"
    key = ["instrument_id", "session"]
    judged = pl.concat([lake.read(raw.StockBar).select(key), rejected.filter(~is_early).select(key)])
    waiting = rejected.filter(is_early, pl.col("session") <= today).join(judged, on=key, how="anti")
    return set(waiting["payload_hash"])


def _appended(table: type[Table], rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows that stand in the lake already, checked as they were appended."""
    return rows


@dg.multi_asset(name="raw_holding", specs=[spec_of(raw.Holding)], check_specs=[contract_check(raw.Holding)])
def holdings(context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]):  # type: ignore[no-untyped-def]  # Dagster reads the annotations
    """Read the holdings files that are new."""
    funds = seeds.funds()

    def read(document: Document, lake: Lake) -> Reading:
        file = read_holdings(document.path.read_bytes(), document.path.name, funds)
        latest = max(workspace.settings.clock(), dt.datetime.now(dt.UTC)).date()
        if file.as_of > latest:
            raise SourceError(f"expected holdings of a day up to {latest}, was of {file.as_of}")
        known = lake.read(raw.Holding)
        is_first = known.filter(fund_id=file.fund_id, as_of=file.as_of).is_empty()
        calendar = sessions_between(file.as_of, file.as_of + _NEXT_SESSION)
        origin = workspace.origin(document)
        when = known_after(file.as_of, calendar, origin.fetched_at, is_first=is_first, parameters=workspace.parameters)
        stated = file.rows.with_columns(
            fund_id=pl.lit(file.fund_id), as_of=pl.lit(file.as_of), as_of_basis=pl.lit(file.as_of_basis)
        )
        rows = changed_holdings(as_rows(raw.Holding, stated, origin, when), known)
        return Reading({raw.Holding: rows}, refusals(raw.Holding, file.refused, file.fund_id, document))

    yield from ingested(context, workspace, "holdings", [raw.Holding], read)


@dg.multi_asset(name="raw_listing", specs=[spec_of(raw.Listing)], check_specs=[contract_check(raw.Listing)])
def listings(context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]):  # type: ignore[no-untyped-def]
    """Read the SEC's company lists that are new."""

    def read(document: Document, lake: Lake) -> Reading:
        found = read_company_list(document.path.read_bytes(), document.path.name)
        rows = as_rows(raw.Listing, found.listings, workspace.origin(document))
        return Reading({raw.Listing: rows}, refusals(raw.Listing, found.refused, "sec", document))

    yield from ingested(context, workspace, "sec", [raw.Listing], read, ".json")


@dg.multi_asset(
    name="raw_filing",
    specs=[spec_of(raw.Filing), spec_of(raw.FilingFact)],
    check_specs=[contract_check(raw.Filing), contract_check(raw.FilingFact)],
)
def filings(context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]):  # type: ignore[no-untyped-def]
    """Read the SEC's quarterly archives that are new."""

    def read(document: Document, lake: Lake) -> Reading:
        found = read_financial_statements(document.path)
        origin = workspace.origin(document)
        new, facts = unseen_filings(
            as_rows(raw.Filing, found.filings, origin),
            as_rows(raw.FilingFact, found.facts, origin),
            lake.read(raw.Filing),
            lake.read(raw.FilingFact),
        )
        context.log.info(f"{document.locator}: {found.counts.sub_rows} filings, {found.counts.num_rows} numbers read")
        refused = [
            refusals(
                raw.Filing if member == SUB else raw.FilingFact,
                found.refused.filter(member=member),
                "sec",
                document,
                str(member),
            )
            for member in found.refused["member"].unique(maintain_order=True)
        ]
        return Reading({raw.Filing: new, raw.FilingFact: facts}, pl.concat(refused) if refused else None)

    yield from ingested(context, workspace, "sec", [raw.Filing, raw.FilingFact], read, ".zip")


@dg.multi_asset(
    name="raw_membership_spell", specs=[spec_of(raw.MembershipSpell)], check_specs=[contract_check(raw.MembershipSpell)]
)
def membership_spells(context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]):  # type: ignore[no-untyped-def]
    """Read the reconstructions of membership that are new."""

    def read(document: Document, lake: Lake) -> Reading:
        found = read_membership(document.path.read_bytes(), document.path.name)
        rows = as_rows(raw.MembershipSpell, found.spells, workspace.origin(document))
        return Reading(
            {raw.MembershipSpell: rows}, refusals(raw.MembershipSpell, found.refused, "membership", document)
        )

    yield from ingested(context, workspace, "membership", [raw.MembershipSpell], read)


@dg.multi_asset(
    name="raw_company_attribute",
    specs=[spec_of(raw.CompanyAttribute)],
    check_specs=[contract_check(raw.CompanyAttribute)],
)
def company_attributes(context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]):  # type: ignore[no-untyped-def]
    """Read the vendors' attributes of companies that are new."""

    def read(document: Document, lake: Lake) -> Reading:
        found = read_company_attributes(document.path.read_bytes(), document.path.name)
        rows = as_rows(raw.CompanyAttribute, found.attributes, workspace.origin(document))
        return Reading({raw.CompanyAttribute: rows}, refusals(raw.CompanyAttribute, found.refused, "yahoo", document))

    yield from ingested(context, workspace, "yahoo", [raw.CompanyAttribute], read)


@dg.multi_asset(
    name="raw_rejected_row",
    specs=[
        spec_of(
            raw.RejectedRow,
            [
                "raw.bar",
                "raw.company_attribute",
                "raw.filing",
                "raw.filing_fact",
                "raw.holding",
                "raw.listing",
                "raw.membership_spell",
                "raw.stock_bar",
            ],
        )
    ],
    check_specs=[contract_check(raw.RejectedRow)],
)
def rejected_rows(workspace: dg.ResourceParam[Workspace]):  # type: ignore[no-untyped-def]
    """Count what the ingesting steps kept out, by rule."""
    known = pl.col("fetched_at") <= workspace.settings.knowledge_time()
    found = workspace.lake.scan(raw.RejectedRow).filter(known).collect()
    rows = found.with_columns(raw_table=pl.col("raw_table").fill_null(name_of(raw.Bar)))
    counts = rows.group_by("raw_table", "rule").len().sort("raw_table", "rule").rows()
    rules = {f"rejected: {table}, {rule}": count for table, rule, count in counts}
    yield from stored(raw.RejectedRow, checked, rows, workspace, **rules)
