"""Revenue and domestic share of the companies that are members on a date, as known at its end.

Belongs here: ``core.company_revenue`` (docs/methods.md, B7): companies from share classes, which report counts.
Not here: what a report says (``revenue_geography``), sums over companies (``revenue_exposure``).
"""

from __future__ import annotations

import polars as pl

from pipelines.contracts import core
from pipelines.parameters import Parameters
from pipelines.transforms.member_symbol import end_of

_REVENUE = ("total_revenue", "domestic_revenue")
_SHARES = ("domestic_share", "domestic_share_low", "domestic_share_high", "imputed_share")


def company_revenues(memberships: pl.DataFrame, geographies: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Return what is known of each member company's revenue, one row per date of holdings and company.

    The share classes of a company, and its lines in all indices of the date, are one row under the symbol of the
    heaviest line. It says what the newest report says that was known by the end of the date in New York. A report
    whose year ended more than ``revenue_stale_months`` before the date says nothing any more (``stale``): it is still
    named, without figures. A company without report, or without a place in the SEC's list, has ``no_filing``.

    Args:
        memberships: ``core.Membership``.
        geographies: ``core.CompanyRevenueGeography``.
        parameters: ``revenue_stale_months``.

    Returns:
        ``core.CompanyRevenue``, sorted by its key; revenue in the unit of the report, shares as fractions.
    """
    companies = (
        memberships.sort("as_of", "company_id", "weight_share", "symbol", descending=[False, False, True, False])
        .group_by("as_of", "company_id", maintain_order=True)
        .agg(pl.col("cik", "symbol", "company_name").first())
        .with_columns(asked_at=end_of(pl.col("as_of")))
    )
    reported = companies.sort("asked_at").join_asof(
        geographies.sort("known_from"),
        left_on="asked_at",
        right_on="known_from",
        by="cik",
        check_sortedness=False,
    )
    age_limit = pl.col("as_of").dt.offset_by(f"-{parameters.revenue_stale_months}mo")
    is_stale = (pl.col("period_end") < age_limit).fill_null(value=False)
    has_report = pl.col("adsh").is_not_null()
    reason = (
        pl.when(~has_report).then(pl.lit("no_filing")).when(is_stale).then(pl.lit("stale")).otherwise("null_reason")
    )
    return (
        reported.with_columns(
            pl.when(~is_stale).then(pl.col(*_REVENUE, *_SHARES)),
            method=pl.when(has_report & ~is_stale).then("method").otherwise(pl.lit("not_reported")),
            null_reason=reason,
        )
        .select(core.CompanyRevenue.column_names())
        .sort(core.CompanyRevenue.primary_key())
    )
