"""Statements of sectors and of revenue (docs/methods.md, B9; the numbers are those of B7)."""

from __future__ import annotations

import itertools
from zoneinfo import ZoneInfo

from pipelines.contracts import core
from pipelines.contracts.table import Table, qualified_name
from pipelines.contracts.vocabulary import AGGREGATIONS, ALL_SECTORS, ANY, EXPOSURE_BASES, UNCLASSIFIED
from pipelines.transforms.claim.answer import Answer, CannotTellError, is_met, on_each
from pipelines.transforms.claim.view import Claim, Row, View

_PERCENT = 100.0
_NEW_YORK = ZoneInfo("America/New_York")


def largest_sector(claim: Claim, view: View) -> list[Answer]:
    """Check the sector with the largest weight in the newest holdings up to the claim's date."""

    def answer(basis: str) -> Answer:
        rows = _newest(claim, view, core.SectorWeight)
        by_rank = sorted(rows, key=lambda row: int(row["rank"]))
        first, others = by_rank[0], by_rank[1:2]
        unclassified = sum(row["weight_share"] for row in rows if row["sector"] == UNCLASSIFIED)
        computed = f"{first['sector']}, {first['weight_share'] * _PERCENT:.2f} %"
        evidence = tuple(row.says("rank", "weight_share") for row in (first, *others))
        limits = (
            *_holdings(claim, view, first),
            f"weights by {first['weight_source']}, {unclassified * _PERCENT:.2f} % of them without a sector",
        )
        return Answer(basis, first["sector"] == claim.stated, computed, evidence=evidence, limits=limits)

    return on_each(["holdings"], answer)


def revenue_share(claim: Claim, view: View) -> list[Answer]:
    """Check a domestic or international share of revenue, on each aggregation and basis that the note may mean."""
    aggregations = AGGREGATIONS if claim["aggregation"] == ANY else (claim["aggregation"],)
    bases = EXPOSURE_BASES if claim.values["basis"] == ANY else (claim.values["basis"],)
    names = [f"{aggregation}, {basis}" for aggregation, basis in itertools.product(aggregations, bases)]
    return on_each(names, lambda name: _share(claim, view, *name.split(", ")))


def _share(claim: Claim, view: View, aggregation: str, basis: str) -> Answer:
    sector = claim.parameters.get("sector", ALL_SECTORS)
    key = {"sector": sector, "aggregation": aggregation, "basis": basis}
    rows = [row for row in _newest(claim, view, core.RevenueExposure) if {name: row[name] for name in key} == key]
    if not rows:
        raise CannotTellError(f"expected a revenue share of {claim.subject}, {sector}, was none")
    row, column = rows[0], f"{claim['side']}_share"
    limits = (*_holdings(claim, view, row), _coverage(row))
    if row[column] is None:
        raise CannotTellError(f"no share is given ({row['null_reason']})", *limits)
    value = float(row[column]) * _PERCENT
    difference = value - claim.values["stated_value"]
    return Answer(
        f"{aggregation}, {basis}",
        is_met(difference, claim.values["stated_tolerance"]),
        f"{value:.1f} %",
        value,
        difference,
        (row.says(column, "coverage_weight_share", "companies_covered", "companies_total"),),
        limits,
    )


def _newest(claim: Claim, view: View, table: type[Table]) -> list[Row]:
    """Return the rows of the newest holdings up to the claim's date.

    Raises:
        CannotTellError: there are none, or they are older than holdings may stand for.
    """
    index, most = claim.subject, view.parameters.membership_max_age_days
    as_of = view.newest(table, index_id=index)
    if as_of is None:
        members = view.newest(core.Membership, index_id=index)
        was = f"holdings of {members} that name no sectors" if members else "none"
        raise CannotTellError(f"expected {qualified_name(table)} of {index} by {view.as_of}, was {was}")
    if (view.as_of - as_of).days > most:
        raise CannotTellError(f"expected holdings of {index} at most {most} days before {view.as_of}, was {as_of}")
    return view.rows(table, index_id=index, as_of=as_of)


def _holdings(claim: Claim, view: View, row: Row) -> tuple[str, ...]:
    """Return what is to be known of the holdings: their date, fund and quality."""
    as_of = row["as_of"]
    member = view.row(core.Membership, index_id=claim.subject, as_of=as_of)
    fund = f" of {member['fund_id']}" if member else ""
    days = (view.as_of - as_of).days
    published = (view.as_of - claim.values["published_at"].astimezone(_NEW_YORK).date()).days
    after = f", asked {published} days after the publication" if published > 0 else ""
    return (f"holdings{fund} of {as_of} ({row['membership_quality']}), {days} days before {view.as_of}{after}",)


def _coverage(row: Row) -> str:
    low, high = row["domestic_share_low"], row["domestic_share_high"]
    bounds = (
        "" if low is None or high is None else f", domestic between {low * _PERCENT:.1f} and {high * _PERCENT:.1f} %"
    )
    companies = f"{row['companies_covered']} of {row['companies_total']} companies"
    return f"covers {row['coverage_weight_share'] * _PERCENT:.1f} % of the weight, {companies}{bounds}"
