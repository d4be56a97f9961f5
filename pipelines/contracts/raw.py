"""Layer raw: what a source said and when we learnt it. Append-only, no derived values."""

from __future__ import annotations

from pipelines.contracts import vocabulary as v
from pipelines.contracts.table import Table, tables_in


class Bar(Table):
    """One version of a daily bar as a source gave it; a correction is a new row with a later known_from."""

    instrument_id = v.instrument_id(primary_key=True)
    session = v.session(primary_key=True)
    known_from = v.known_from(primary_key=True)
    known_basis = v.known_basis()
    open = v.open(min_exclusive=0)
    high = v.high(min_exclusive=0)
    low = v.low(min_exclusive=0)
    close = v.close(min_exclusive=0)
    adjusted_close = v.adjusted_close(nullable=True)
    volume = v.volume(nullable=True)
    vendor_symbol = v.vendor_symbol()
    source = v.source()
    payload_hash = v.payload_hash()
    fetched_at = v.fetched_at()


class StockBar(Bar):
    """One version of a daily bar of a stock in the shares of its own session; a correction is a new, later row.

    A source that adjusts for splits is undone by the splits it had adjusted for: ``split_factor`` times a stored price
    is the received one (volume: divided). So a split restates nothing.
    """

    split_factor = v.split_factor(nullable=True)


class SecondBar(Bar):
    """One version of a daily bar of an index by the second source, which only checks the first."""


class StockAction(Table):
    """One version of a split or dividend as a source stated it; a correction or withdrawal is a new, later row."""

    instrument_id = v.instrument_id(primary_key=True)
    ex_session = v.ex_session(primary_key=True)
    action_type = v.action_type(primary_key=True)
    known_from = v.known_from(primary_key=True)
    known_basis = v.known_basis()
    split_ratio = v.split_ratio(nullable=True, min_exclusive=0)
    dividend_amount = v.dividend_amount(nullable=True, min_exclusive=0)
    currency = v.currency(nullable=True)
    is_withdrawn = v.is_withdrawn()
    vendor_symbol = v.vendor_symbol()
    source = v.source()
    payload_hash = v.payload_hash()
    fetched_at = v.fetched_at()


class FetchOutcome(Table):
    """One question to a vendor, and what became of it."""

    vendor_symbol = v.vendor_symbol(primary_key=True)
    asked_from = v.asked_from(primary_key=True)
    asked_to = v.asked_to(primary_key=True)
    fetched_at = v.fetched_at(primary_key=True)
    instrument_id = v.instrument_id()
    outcome = v.outcome()
    outcome_detail = v.outcome_detail(nullable=True)
    rows_received = v.rows_received()
    ask_again_from = v.ask_again_from(nullable=True)
    source = v.source()
    payload_hash = v.payload_hash(nullable=True)


class Holding(Table):
    """One line of a fund's holdings file as printed; a file that came later with other content is a new version."""

    fund_id = v.fund_id(primary_key=True)
    as_of = v.holdings_date(primary_key=True)
    known_from = v.known_from(primary_key=True)
    line = v.line(primary_key=True)
    known_basis = v.known_basis()
    as_of_basis = v.as_of_basis()
    ticker = v.ticker()
    holding_name = v.holding_name(nullable=True)
    printed_sector = v.printed_sector(nullable=True)
    printed_asset_class = v.printed_asset_class(nullable=True)
    security_identifier = v.security_identifier(nullable=True)
    market_value = v.market_value(nullable=True)
    printed_weight_pct = v.printed_weight_pct(nullable=True)
    quantity = v.quantity(nullable=True)
    holding_price = v.holding_price(nullable=True)
    location = v.location(nullable=True)
    exchange = v.exchange(nullable=True)
    holding_currency = v.holding_currency(nullable=True)
    source = v.source()
    locator = v.locator()
    payload_hash = v.payload_hash()
    fetched_at = v.fetched_at()


class Listing(Table):
    """Which symbols a company has at the SEC, as of the list's fetch: a list of today, without those delisted."""

    cik = v.cik(primary_key=True)
    symbol = v.symbol(primary_key=True)
    known_from = v.known_from(primary_key=True)
    known_basis = v.known_basis()
    company_name = v.company_name()
    source = v.source()
    payload_hash = v.payload_hash()
    fetched_at = v.fetched_at()


class MembershipSpell(Table):
    """A stretch of membership of an index as a reconstruction of its history gives it."""

    index_id = v.index_id(primary_key=True)
    symbol = v.symbol(primary_key=True)
    effective_from = v.effective_from(primary_key=True)
    known_from = v.known_from(primary_key=True)
    known_basis = v.known_basis()
    effective_to = v.effective_to(nullable=True)
    company_name = v.company_name()
    source = v.source()
    payload_hash = v.payload_hash()
    fetched_at = v.fetched_at()


class Filing(Table):
    """One annual report at the SEC, from the sub table of a Financial Statement Data Set."""

    adsh = v.adsh(primary_key=True)
    cik = v.cik()
    filer_name = v.filer_name()
    sic = v.sic(nullable=True)
    country_business = v.country_business(nullable=True)
    country_incorporated = v.country_incorporated(nullable=True)
    form = v.form()
    period_end = v.fiscal_year_end(nullable=True)
    filed = v.filed()
    accepted = v.accepted(nullable=True)
    filers = v.filers()
    known_from = v.known_from()
    known_basis = v.known_basis()
    source = v.source()
    locator = v.locator()
    payload_hash = v.payload_hash()
    fetched_at = v.fetched_at()


class FilingFact(Table):
    """One revenue of a full year that an annual report states, with its axes and members."""

    adsh = v.adsh(primary_key=True)
    tag = v.tag(primary_key=True)
    taxonomy = v.taxonomy(primary_key=True)
    fact_date = v.fact_date(primary_key=True)
    quarters = v.quarters(primary_key=True)
    unit_of_measure = v.unit_of_measure(primary_key=True)
    segments = v.segments(primary_key=True)
    coregistrant = v.coregistrant(primary_key=True)
    occurrence = v.occurrence(primary_key=True)
    fact_value = v.fact_value(nullable=True)
    locator = v.locator()
    payload_hash = v.payload_hash()


class CompanyAttribute(Table):
    """Sector, industry and size of a security as a vendor states them today, under the vendor's own scheme."""

    sector_scheme = v.sector_scheme(primary_key=True)
    symbol = v.symbol(primary_key=True)
    as_of = v.attribute_date(primary_key=True)
    known_from = v.known_from(primary_key=True)
    known_basis = v.known_basis()
    company_name = v.company_name()
    scheme_sector = v.scheme_sector(nullable=True)
    industry = v.industry(nullable=True)
    country = v.country(nullable=True)
    market_cap = v.market_cap(nullable=True)
    source = v.source()
    payload_hash = v.payload_hash()
    fetched_at = v.fetched_at()


class RejectedRow(Table):
    """One row that a source handed over and a row rule kept out of its raw table, as received."""

    row_id = v.row_id(primary_key=True)
    raw_table = v.raw_table()
    instrument_id = v.rejected_subject()
    session = v.session(nullable=True)
    rule = v.rule()
    locator = v.locator()
    payload = v.payload()
    source = v.source()
    payload_hash = v.payload_hash()
    fetched_at = v.fetched_at()


TABLES = tables_in(dict(globals()), __name__)
