"""Index members, companies, what filings say of their revenue, sector weights and breadth."""

from __future__ import annotations

import dataframely as dy
import polars as pl

from pipelines.contracts import vocabulary as v
from pipelines.contracts.table import Table


class Fund(Table):
    """The funds whose published holdings stand for the members of an index, from a curated seed."""

    fund_id = v.fund_id(primary_key=True)
    index_id = v.index_id()
    fund_name = v.fund_name()
    fund_provider = v.fund_provider()
    fund_weighting = v.fund_weighting()
    fund_priority = v.fund_priority()
    fund_page = v.fund_page(nullable=True)
    source = v.source()
    as_of = v.as_of()


class ClassTicker(Table):
    """Tickers of share classes as iShares prints them, and their symbols, from a curated seed."""

    ticker = v.ticker(primary_key=True)
    symbol = v.symbol()
    source = v.source()
    as_of = v.as_of()


class RegionShare(Table):
    """What part of a region's economy the United States are, from a curated seed: rule C of the revenue shares."""

    region = v.region(primary_key=True)
    domestic_gdp_share = v.domestic_gdp_share()
    source = v.source()
    as_of = v.as_of()


class Membership(Table):
    """Members of an index as of the date of a fund's holdings, one row per security, with recomputed weights."""

    index_id = v.index_id(primary_key=True)
    as_of = v.holdings_date(primary_key=True)
    symbol = v.symbol(primary_key=True)
    company_id = v.company_id()
    cik = v.cik(nullable=True)
    cik_match = v.cik_match()
    company_name = v.company_name()
    ticker = v.ticker()
    sector = v.sector()
    market_value = v.market_value(nullable=True)
    weight_share = v.weight_share()
    weight_source = v.weight_source()
    membership_quality = v.membership_quality()
    fund_id = v.fund_id()
    known_from = v.known_from()
    first_known_from = v.first_known_from()


class ExcludedHolding(Table):
    """A line of a fund's holdings that is no member of the index, and why."""

    fund_id = v.fund_id(primary_key=True)
    as_of = v.holdings_date(primary_key=True)
    line = v.line(primary_key=True)
    ticker = v.ticker()
    holding_name = v.holding_name(nullable=True)
    printed_asset_class = v.printed_asset_class(nullable=True)
    market_value = v.market_value(nullable=True)
    exclusion_reason = v.exclusion_reason()


class MemberSpell(Table):
    """Which securities belong to an index or universe when: what breadth counts on each session."""

    index_id = v.index_id(primary_key=True)
    symbol = v.symbol(primary_key=True)
    effective_from = v.effective_from(primary_key=True)
    effective_to = v.effective_to(nullable=True)
    sector = v.sector()
    weight_share = v.weight_share(nullable=True)
    membership_quality = v.membership_quality()

    @dy.rule()
    def a_spell_ends_after_it_begins(cls) -> pl.Expr:
        """A spell is at least a day long."""
        return cls.effective_to.col.is_null() | (cls.effective_to.col > cls.effective_from.col)


class SectorWeight(Table):
    """Weight of each sector in an index, as of the date of the holdings."""

    index_id = v.index_id(primary_key=True)
    as_of = v.holdings_date(primary_key=True)
    sector = v.sector(primary_key=True)
    weight_share = v.weight_share()
    rank = v.sector_rank()
    members = v.members()
    previous_as_of = v.previous_as_of(nullable=True)
    weight_change_pct_points = v.weight_change_pct_points(nullable=True)
    weight_source = v.weight_source()
    membership_quality = v.membership_quality()

    @dy.rule()
    def weights_sum_to_one(cls) -> pl.Expr:
        """The sectors of an index make up the whole of it."""
        total = cls.weight_share.col.sum().over(cls.index_id.col, cls.as_of.col)
        return (total - 1.0).abs() <= 1e-9


class CompanyRevenueGeography(Table):
    """What a company's annual report says of where its revenue comes from, from the moment it was known on."""

    cik = v.cik(primary_key=True)
    known_from = v.known_from(primary_key=True)
    adsh = v.adsh()
    filer_name = v.filer_name()
    form = v.form()
    filed = v.filed()
    period_end = v.fiscal_year_end()
    tag = v.tag(nullable=True)
    unit_of_measure = v.unit_of_measure(nullable=True)
    total_revenue = v.total_revenue(nullable=True)
    domestic_revenue = v.domestic_revenue(nullable=True)
    domestic_share = v.domestic_share(nullable=True)
    domestic_share_low = v.domestic_share_low(nullable=True)
    domestic_share_high = v.domestic_share_high(nullable=True)
    imputed_share = v.imputed_share(nullable=True)
    method = v.revenue_method()
    flags = v.flags(nullable=True)
    null_reason = v.revenue_reason(nullable=True)

    @dy.rule()
    def a_null_share_has_a_reason(cls) -> pl.Expr:
        """A share is either given or explained."""
        return cls.domestic_share.col.is_null() == cls.null_reason.col.is_not_null()

    @dy.rule()
    def bounds_hold_the_share(cls) -> pl.Expr:
        """The share lies between its bounds, which are given with it."""
        share, low, high = (
            column.col for column in (cls.domestic_share, cls.domestic_share_low, cls.domestic_share_high)
        )
        is_inside = (low <= share) & (share <= high)
        return pl.when(share.is_null()).then(low.is_null() & high.is_null()).otherwise(is_inside.fill_null(value=False))


class CompanyRevenue(Table):
    """Revenue and domestic share of each company of a holdings date, as known at the end of that date."""

    as_of = v.holdings_date(primary_key=True)
    company_id = v.company_id(primary_key=True)
    cik = v.cik(nullable=True)
    symbol = v.symbol()
    company_name = v.company_name()
    adsh = v.adsh(nullable=True)
    period_end = v.fiscal_year_end(nullable=True)
    unit_of_measure = v.unit_of_measure(nullable=True)
    total_revenue = v.total_revenue(nullable=True)
    domestic_revenue = v.domestic_revenue(nullable=True)
    domestic_share = v.domestic_share(nullable=True)
    domestic_share_low = v.domestic_share_low(nullable=True)
    domestic_share_high = v.domestic_share_high(nullable=True)
    imputed_share = v.imputed_share(nullable=True)
    method = v.revenue_method()
    flags = v.flags(nullable=True)
    null_reason = v.revenue_reason(nullable=True)

    @dy.rule()
    def a_null_share_has_a_reason(cls) -> pl.Expr:
        """A share is either given or explained."""
        return cls.domestic_share.col.is_null() == cls.null_reason.col.is_not_null()


class RevenueExposure(Table):
    """Domestic share of the revenue of an index or sector, added up in three ways and on two bases."""

    index_id = v.index_id(primary_key=True)
    as_of = v.holdings_date(primary_key=True)
    sector = v.sector(primary_key=True)
    aggregation = v.aggregation(primary_key=True)
    basis = v.exposure_basis(primary_key=True)
    domestic_share = v.domestic_share(nullable=True)
    international_share = v.international_share(nullable=True)
    domestic_share_low = v.domestic_share_low(nullable=True)
    domestic_share_high = v.domestic_share_high(nullable=True)
    coverage_weight_share = v.coverage_weight_share()
    coverage_revenue_share = v.coverage_revenue_share(nullable=True)
    companies_covered = v.companies_covered()
    companies_total = v.companies_total()
    weight_by_method = v.weight_by_method()
    membership_quality = v.membership_quality()
    null_reason = v.exposure_reason(nullable=True)

    @dy.rule()
    def a_null_share_has_a_reason(cls) -> pl.Expr:
        """A share is either given or explained."""
        return cls.domestic_share.col.is_null() == cls.null_reason.col.is_not_null()


class Breadth(Table):
    """How many members take part: a measure of an index or of one of its sectors at a session."""

    index_id = v.index_id(primary_key=True)
    sector = v.sector(primary_key=True)
    session = v.session(primary_key=True)
    measure = v.breadth_measure(primary_key=True)
    value = v.breadth_value(nullable=True)
    eligible = v.eligible()
    members = v.members()
    coverage_share = v.coverage_share(nullable=True)
    membership_quality = v.membership_quality(nullable=True)
    null_reason = v.breadth_reason(nullable=True)

    @dy.rule()
    def a_null_value_has_a_reason(cls) -> pl.Expr:
        """A value is either given or explained."""
        return cls.value.col.is_null() == cls.null_reason.col.is_not_null()


class CompanyAttribute(Table):
    """Sector, industry and size of a security in the words of a vendor's own scheme, by date; never mapped to GICS."""

    sector_scheme = v.sector_scheme(primary_key=True)
    symbol = v.symbol(primary_key=True)
    as_of = v.attribute_date(primary_key=True)
    company_name = v.company_name()
    scheme_sector = v.scheme_sector(nullable=True)
    industry = v.industry(nullable=True)
    country = v.country(nullable=True)
    market_cap = v.market_cap(nullable=True)
