"""Layer core, of index members: companies, weights, what filings say of revenue. One asset a table."""

from __future__ import annotations

import polars as pl

from pipelines import seeds
from pipelines.contracts import core, raw
from pipelines.defs.tables import derived
from pipelines.defs.workspace import Workspace
from pipelines.storage.bucket_content import spans_of
from pipelines.transforms.company_attribute import company_attributes
from pipelines.transforms.company_revenue import company_revenues
from pipelines.transforms.member_spell import member_spells
from pipelines.transforms.membership import excluded_holdings, memberships
from pipelines.transforms.revenue_exposure import revenue_exposures
from pipelines.transforms.revenue_geography import company_revenue_geographies
from pipelines.transforms.sector_weight import sector_weights


def _known(rows: pl.DataFrame, workspace: Workspace) -> pl.DataFrame:
    """Return the rows of a raw table that are known."""
    return rows.filter(pl.col("known_from") <= workspace.settings.knowledge_time())


def _lists(listings: pl.DataFrame, workspace: Workspace) -> pl.DataFrame:
    """Return the company lists known; where a past moment knows none those of the first day, as none older is offered.

    Only those: a list that comes later must not change what is known of the past.
    """
    known = _known(listings, workspace)
    day = pl.col("known_from").dt.date()
    return listings.filter(day == day.min()) if known.is_empty() else known


# Seeds


@derived(core.Fund)
def fund(workspace: Workspace) -> pl.DataFrame:
    """The seed of funds that stand for indices."""
    return seeds.funds()


@derived(core.ClassTicker)
def class_ticker(workspace: Workspace) -> pl.DataFrame:
    """The seed of share class tickers."""
    return seeds.class_tickers()


@derived(core.RegionShare)
def region_share(workspace: Workspace) -> pl.DataFrame:
    """The seed of the United States' part in regions."""
    return seeds.region_shares()


# Members; what is derived of their bars stands in ``stock_build``


@derived(core.CompanyAttribute, raw.CompanyAttribute)
def company_attribute(workspace: Workspace, attributes: pl.DataFrame) -> pl.DataFrame:
    """Vendors' sectors and sizes, under their own schemes."""
    return company_attributes(_known(attributes, workspace))


@derived(core.Membership, raw.Holding, raw.Listing, core.Fund, core.ClassTicker)
def membership(
    workspace: Workspace,
    holdings: pl.DataFrame,
    listings: pl.DataFrame,
    funds: pl.DataFrame,
    class_tickers: pl.DataFrame,
) -> pl.DataFrame:
    """Members, companies and recomputed weights as of each date of holdings."""
    return memberships(_known(holdings, workspace), _lists(listings, workspace), funds, class_tickers)


@derived(core.ExcludedHolding, raw.Holding, raw.Listing, core.Fund, core.ClassTicker)
def excluded_holding(
    workspace: Workspace,
    holdings: pl.DataFrame,
    listings: pl.DataFrame,
    funds: pl.DataFrame,
    class_tickers: pl.DataFrame,
) -> pl.DataFrame:
    """Lines of holdings that are no members."""
    return excluded_holdings(_known(holdings, workspace), _lists(listings, workspace), funds, class_tickers)


@derived(core.MemberSpell, core.Membership, raw.MembershipSpell, scans=[core.StockBar])
def member_spell(workspace: Workspace, members: pl.DataFrame, reconstructions: pl.DataFrame) -> pl.DataFrame:
    """Who belongs to an index when."""
    traded = spans_of(workspace.lake, core.StockBar)
    return member_spells(members, _known(reconstructions, workspace), traded, workspace.parameters)


@derived(core.SectorWeight, core.Membership)
def sector_weight(workspace: Workspace, members: pl.DataFrame) -> pl.DataFrame:
    """Weights of sectors."""
    return sector_weights(members)


# Revenue


@derived(core.CompanyRevenueGeography, raw.Filing, raw.FilingFact, core.RegionShare)
def company_revenue_geography(
    workspace: Workspace, filings: pl.DataFrame, facts: pl.DataFrame, regions: pl.DataFrame
) -> pl.DataFrame:
    """Domestic share of each company by its annual reports."""
    return company_revenue_geographies(_known(filings, workspace), facts, regions, workspace.parameters)


@derived(core.CompanyRevenue, core.Membership, core.CompanyRevenueGeography)
def company_revenue(workspace: Workspace, members: pl.DataFrame, geographies: pl.DataFrame) -> pl.DataFrame:
    """Domestic share of each member company as known at each date of holdings."""
    return company_revenues(members, geographies, workspace.parameters)


@derived(core.RevenueExposure, core.Membership, core.CompanyRevenue)
def revenue_exposure(workspace: Workspace, members: pl.DataFrame, companies: pl.DataFrame) -> pl.DataFrame:
    """Domestic share of indices and sectors."""
    return revenue_exposures(members, companies, workspace.parameters)
