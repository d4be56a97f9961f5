"""Columns of funds, members, companies, filings, revenue shares, sector weights and breadth."""

from __future__ import annotations

from pipelines.contracts.vocabulary import placing as p

SECTORS = (
    "Communication Services",
    "Consumer Discretionary",
    "Consumer Staples",
    "Energy",
    "Financials",
    "Health Care",
    "Industrials",
    "Information Technology",
    "Materials",
    "Real Estate",
    "Utilities",
)
"""The eleven GICS sectors by their own names."""
UNCLASSIFIED = "Unclassified"
"""Sector of a member whose holdings line names none of the eleven."""
ALL_SECTORS = "ALL"
MEMBERSHIP_QUALITIES = ("pit_official", "pit_reconstructed", "current_backfilled")
WEIGHT_SOURCES = ("market_value", "price", "printed_weight", "none")
EXCLUSION_REASONS = ("not_equity", "no_ticker", "unlisted", "not_common_stock", "no_weight", "duplicate")
"""Why a line of a holdings file is no member of the index."""
CIK_MATCHES = ("exact", "class", "table", "unresolved")
REVENUE_METHODS = ("explicit_us", "explicit_foreign", "bucket", "all_foreign", "not_reported")
"""How a domestic share was found; with ``_segments`` behind it where business segments stood for regions."""
REVENUE_REASONS = ("no_filing", "no_revenue", "no_geo", "unreconciled", "stale", "conflict")
REVENUE_TAGS = (
    "RevenueFromContractWithCustomerExcludingAssessedTax",
    "Revenues",
    "RevenueFromContractWithCustomerIncludingAssessedTax",
    "SalesRevenueNet",
    "RevenuesNetOfInterestExpense",
    "SalesRevenueGoodsNet",
    "SalesRevenueServicesNet",
    "Revenue",
)
"""Tags of revenue by their whole names, the preferred one first."""
AGGREGATIONS = ("cap_weighted", "revenue_sum", "median")
EXPOSURE_BASES = ("reported", "imputed")
EXPOSURE_REASONS = ("coverage", "no_company", "no_exchange_rate")
BREADTH_MEASURES = (
    "pct_above_50",
    "pct_above_200",
    "advances",
    "declines",
    "unchanged",
    "advance_decline_line",
    "new_highs_252",
    "new_lows_252",
    "new_high_closes_252",
    "new_low_closes_252",
    "record_high_pct",
    "high_low_index",
    "return_equal_pct",
    "return_cap_pct",
)
BREADTH_REASONS = ("coverage", "no_members", "warm_up", "no_weights", "no_new_highs_or_lows")

FUND_PROVIDERS = ("ishares", "ssga", "invesco")

# Funds and members
first_known_from = p.moment(
    "When holdings of the index and date were first known; a correction of them, or another fund's, moves it not."
)
fund_name = p.text("Name of the fund as its holdings file prints it.")
fund_provider = p.choice("Who publishes the holdings, and so their layout", FUND_PROVIDERS)
fund_weighting = p.choice("What members of the index are weighted by", ("market_value", "price"))
fund_priority = p.count("1 for the fund that speaks for the index where several do on one date.", "rank", min=1)
fund_page = p.text("Product id and page name that the provider's download address is made of; empty where none is.")
region = p.text("Name of a region that holds the United States, in capitals without blanks, as members are compared.")
domestic_gdp_share = p.number(
    "Gross domestic product of the United States in that of the region.", "fraction", min=0, max=1
)
fund_id = p.text("Ticker of the fund whose holdings stand for the index, such as IVV.")
index_id = p.text("Index, or named universe, whose members are meant: an instrument_id such as SPX, or panel.")
holdings_date = p.date("Date of the holdings that the fund itself states.")
as_of_basis = p.choice("Where the date of the holdings stands", ("file", "file_name"))
line = p.count("Line of the file on which the record begins, from 1.", "lines", min=1)
ticker = p.text("Ticker as the file prints it, such as BRKB; - where there is none.")
symbol = p.text("Symbol of the security in the spelling of the SEC and of Yahoo, such as BRK-B.")
holding_name = p.text("Name of the holding as printed.")
printed_sector = p.text("Sector as printed; null for -.")
printed_asset_class = p.text("Asset class as printed, such as Equity, Cash or Futures; null where the file has none.")
security_identifier = p.text("CUSIP or other identifier as printed.")
market_value = p.number("Market value of the position.", "dollars")
printed_weight_pct = p.number(
    "Weight as printed, whose denominator holds every line of the fund: a check only.", "per cent"
)
quantity = p.number("Shares or units held.", "shares")
holding_price = p.number("Price of one share as printed.", "dollars")
location = p.text("Country as printed.")
exchange = p.text("Exchange as printed.")
holding_currency = p.text("Currency as printed.")
cik = p.count("Central Index Key of the company at the SEC.", "key", min=1)
company_id = p.text("The company: its CIK in ten digits, or symbol: and the symbol where none is known.")
company_name = p.text("Name of the company; says so where it is made up.")
cik_match = p.choice("How the ticker led to the company", CIK_MATCHES)
effective_from = p.date("First date of membership; a change takes effect at the open.")
effective_to = p.date("First date on which it is no member any more; null while it is one.")
membership_quality = p.choice("How the membership is known", MEMBERSHIP_QUALITIES)
weight_source = p.choice("What the weight was computed from", WEIGHT_SOURCES)
weight_share = p.number("Share of the index in all its members.", "fraction", min=0, max=1)
exclusion_reason = p.choice("Why the line is no member", EXCLUSION_REASONS)
sector = p.text("GICS sector by its own name, Unclassified, or ALL for the whole index.")
sector_scheme = p.text("Classification that a sector belongs to, such as gics or yahoo; never mapped to one another.")
scheme_sector = p.text("Sector in the words of its scheme.")
industry = p.text("Industry in the words of its scheme.")
country = p.text("Country of the company in the words of the source.")
market_cap = p.number("Market value of the whole company.", "dollars", min=0)
attribute_date = p.date("Date of the attributes.")

# Filings
adsh = p.text("Accession number of the filing.")
filer_name = p.text("Name of the filer as filed.")
sic = p.count("Standard Industrial Classification of the filer.", "code")
country_business = p.text("Country of the filer's business address.")
country_incorporated = p.text("Country of incorporation.")
form = p.text("Form type, such as 10-K or 10-K/A.")
fiscal_year_end = p.date("End of the fiscal year, rounded to a month's end as the SEC does.")
filed = p.date("Date of filing.")
accepted = p.moment("When the SEC accepted the filing.")
filers = p.count("Registrants of the filing.", "registrants", min=1)
tag = p.text("Tag of the reported quantity, by the taxonomy's own name.")
taxonomy = p.text("Taxonomy and year of the tag, or the filing itself for a tag of its own.")
fact_date = p.date("End of the period that the fact is of, rounded to a month's end.")
quarters = p.count("Length of the period.", "quarters")
unit_of_measure = p.text("Unit of the value, a currency code for money.")
segments = p.text("Axes and members as Axis=Member; empty for the whole company.")
coregistrant = p.text("Co-registrant that the fact is of; empty for the filer.")
occurrence = p.count("1; 2 and more for further values under the same key.", "values", min=1)
fact_value = p.number("Reported value.", "units of measure")

# Revenue shares
total_revenue = p.number("Revenue of the fiscal year that the split is of.", "units of currency")
domestic_revenue = p.number("Part of it from the United States, where it is reported as such.", "units of currency")
domestic_share = p.number("Share of revenue from the United States.", "fraction", min=0, max=1)
international_share = p.number("One less the domestic share.", "fraction", min=0, max=1)
domestic_share_low = p.number("Least domestic share that the report allows.", "fraction", min=0, max=1)
domestic_share_high = p.number("Largest domestic share that the report allows.", "fraction", min=0, max=1)
imputed_share = p.number(
    "The reported domestic share, or 1 for a United States filer that reports no geography; else null.",
    "fraction",
    min=0,
    max=1,
)
revenue_method = p.text(
    f"How the share was found: {', '.join(REVENUE_METHODS)}; _segments behind it where business segments stand for "
    "regions."
)
flags = p.text("What is to be known of the figures, separated by commas; null for nothing.")
revenue_reason = p.choice("Why the domestic share is null", REVENUE_REASONS)
aggregation = p.choice("How companies are added up", AGGREGATIONS)
exposure_basis = p.choice(
    "Which companies count: those that report, or also those without a split taken as domestic", EXPOSURE_BASES
)
coverage_weight_share = p.number("Weight of the companies covered in that of all.", "fraction", min=0, max=1)
coverage_revenue_share = p.number(
    "Known revenue of the companies covered in the known revenue of all.", "fraction", min=0, max=1
)
companies_covered = p.count("Companies with a share.", "companies")
companies_total = p.count("Companies of the index or sector.", "companies")
weight_by_method = p.text("Weight of each method among all companies, in per cent.")
exposure_reason = p.choice("Why the share is null", EXPOSURE_REASONS)

# Sector weights and breadth
sector_rank = p.count("1 for the largest sector; the alphabet decides between equals.", "rank", min=1)
previous_as_of = p.date("Date of the holdings before.")
weight_change_pct_points = p.number("Change of the weight since previous_as_of.", "percentage points")
members = p.count("Members.", "members")
eligible = p.count("Members with what the measure needs: a bar of the session, and enough history.", "members")
coverage_share = p.number("Eligible members in all.", "fraction", min=0, max=1)
breadth_measure = p.choice("What is measured", BREADTH_MEASURES)
breadth_value = p.number(
    "Value of the measure: per cent for those with pct, members for counts and their running sum, percentage of highs "
    "for the index of highs and lows.",
    "see measure",
)
breadth_reason = p.choice("Why the value is null", BREADTH_REASONS)

# What breadth is made of
without_weight = p.count("Members without a weight.", "members")
of_quality = p.count("Members whose membership is known in the way that names the column.", "members")
present = p.count("Members with a bar.", "members")
that_hold = p.count("Eligible members of which holds what the column is named for.", "members")
change_sum = p.number("Sum of the changes of closes against the bar before.", "fraction")
weight_sum = p.number("Sum of the weights of members with such a change.", "fraction")
weighted_change_sum = p.number("Sum of weights times changes.", "fraction")

# One number of each in the overview
overview_holdings_date = p.date("Date of the newest holdings that were known at the close; null where there are none.")
largest_sector = p.text("Sector with the largest weight in those holdings.")
largest_sector_share = p.number("Its weight.", "fraction", min=0, max=1)
largest_sector_reason = p.choice("Why no sector can be called the largest", ("no_holdings", "no_sectors"))
overview_exposure_reason = p.choice(
    "Why domestic_share, cap-weighted and as reported, is null", (*EXPOSURE_REASONS, "no_holdings")
)
members_above_50_pct = p.number("Members whose close lies above their 50-session average.", "per cent")
members_above_200_pct = p.number("Members whose close lies above their 200-session average.", "per cent")
members_above_reason = p.choice(
    "Why the share of members above that average is null", (*BREADTH_REASONS, "no_membership", "no_bars")
)
