"""Where a company's revenue comes from, as its annual reports say it, from the moment each was known.

Belongs here: ``core.company_revenue_geography`` (docs/methods.md, B7): which reports can be used, which of them speaks
at what moment, and the share that is imputed. Not here: what one report says (``revenue_answer``), or whether it is too
old on a date (``company_revenue``).
"""

from __future__ import annotations

import polars as pl

from pipelines.contracts.core import CompanyRevenueGeography
from pipelines.parameters import Parameters
from pipelines.transforms.revenue_answer import revenue_answers

ANNUAL_FORMS = ("10-K", "10-KT", "20-F", "40-F")
"""Forms of annual reports; each may be amended, with /A behind its name."""
_AMENDED = "/A"
_TRANSITION = "10-KT"


def company_revenue_geographies(
    filings: pl.DataFrame, facts: pl.DataFrame, regions: pl.DataFrame, parameters: Parameters
) -> pl.DataFrame:
    """Return what is known of each company's domestic revenue, one row per moment at which another report speaks.

    At any moment the report of the latest fiscal year speaks, of those known by then. Of several reports of one year
    it is the one that splits its revenue, then the one that states any, then the amendment, then the later one. A
    report of a year that is no full one, and an amendment, that states no revenue of a year speaks only where no other
    report does. So a report that comes later changes nothing before it was known, and one of an earlier year nothing
    at all.

    A report without split of a filer in the United States has an ``imputed_share`` of 1; any other one has that which
    it reports, or none.

    Args:
        filings: ``raw.Filing``; those that cannot be used are in ``refused_filings``.
        facts: ``raw.FilingFact``.
        regions: ``core.RegionShare``.
        parameters: the ``revenue_`` thresholds.

    Returns:
        ``core.CompanyRevenueGeography``, sorted by its key; revenue in the unit of the report, shares as fractions.
    """
    usable = filings.filter(_refusal().is_null())
    answers = revenue_answers(usable, facts, regions, parameters)
    is_at_home = (pl.col("country_incorporated") == "US") | (pl.col("country_business") == "US")
    is_silent = pl.col("null_reason") == "no_geo"
    return (
        usable.join(answers, on="adsh", how="left")
        .with_columns(
            states_revenue=pl.col("unit_of_measure").is_not_null(),
            has_split=pl.col("has_split").fill_null(value=False),
            method=pl.col("method").fill_null("not_reported"),
        )
        .with_columns(
            null_reason=pl.when("states_revenue").then("null_reason").otherwise(pl.lit("no_revenue")),
            imputed_share=pl.coalesce("domestic_share", pl.when(is_silent & is_at_home).then(1.0)),
        )
        .pipe(_speaking)
        .select(CompanyRevenueGeography.column_names())
        .sort(CompanyRevenueGeography.primary_key())
    )


def refused_filings(filings: pl.DataFrame) -> pl.DataFrame:
    """Return the filings that cannot speak for a company, with the reason, sorted by company and filing.

    ``form``: no annual report. ``no_period``: the fiscal year's end is not stated. ``period_after_filing``: the year
    ends after the month in which it was reported, so that it would hide every report to come.

    Args:
        filings: ``raw.Filing``.

    Returns:
        ``cik``, ``adsh``, ``form``, ``filed``, ``period_end``, ``reason``.
    """
    return (
        filings.with_columns(reason=_refusal())
        .filter(pl.col("reason").is_not_null())
        .select("cik", "adsh", "form", "filed", "period_end", "reason")
        .sort("cik", "adsh")
    )


def _refusal() -> pl.Expr:
    """Return why a filing cannot be used, null where it can."""
    is_annual = pl.col("form").str.strip_suffix(_AMENDED).is_in(ANNUAL_FORMS)
    return (
        pl.when(~is_annual)
        .then(pl.lit("form"))
        .when(pl.col("period_end").is_null())
        .then(pl.lit("no_period"))
        .when(pl.col("period_end") > pl.col("filed").dt.month_end())
        .then(pl.lit("period_after_filing"))
    )


def _speaking(filings: pl.DataFrame) -> pl.DataFrame:
    """Return the filings that speak for their company from the moment on which they were known, one per moment."""
    is_amendment = pl.col("form").str.ends_with(_AMENDED)
    is_whole = ~is_amendment & ~pl.col("form").str.starts_with(_TRANSITION)
    precedence = [
        pl.col("states_revenue") | is_whole,
        pl.col("period_end"),
        pl.col("has_split"),
        pl.col("states_revenue"),
        is_amendment,
        pl.col("known_from"),
        pl.col("filed"),
        pl.col("adsh"),
    ]
    best_so_far = pl.col("place").cum_max().over("cik")
    return (
        filings.sort("cik", *precedence)
        .with_columns(place=pl.int_range(pl.len()))
        .sort("cik", "known_from", "place")
        .unique(["cik", "known_from"], keep="last", maintain_order=True)
        .filter(pl.col("place") == best_so_far)
    )
