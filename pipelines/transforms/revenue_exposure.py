"""Domestic share of the revenue of an index and of its sectors, added up over companies.

Belongs here: ``core.revenue_exposure`` (docs/methods.md, B7): aggregations, bases, coverage and its gate, bounds.
Not here: the share of one company (``revenue_geography``, ``company_revenue``), or published claims.
"""

from __future__ import annotations

import polars as pl

from pipelines.contracts import core
from pipelines.contracts.vocabulary import (
    AGGREGATIONS,
    ALL_SECTORS,
    EXPOSURE_BASES,
    REVENUE_METHODS,
    SECTORS,
    UNCLASSIFIED,
)
from pipelines.parameters import Parameters

_DATE = ("index_id", "as_of")
_SCOPE = (*_DATE, "sector")
_GRAIN = (*_SCOPE, "basis")
_CURRENCY = "USD"
_FIGURES = {"domestic_share": "share", "domestic_share_low": "low", "domestic_share_high": "high"}
_TENTHS = 1000
"""Tenths of a per cent in the whole."""
_METHOD_ORDER = [f"{method}{suffix}" for method in REVENUE_METHODS for suffix in ("", "_segments")]


def revenue_exposures(
    memberships: pl.DataFrame, company_revenues: pl.DataFrame, parameters: Parameters
) -> pl.DataFrame:
    """Return the domestic share of every index and sector, in three aggregations on two bases.

    Share classes of a company are one company, with the sum of their weights and the sector of the heaviest.
    ``cap_weighted`` is the mean of the companies' shares by weight, ``revenue_sum`` the domestic in the total revenue
    of all, ``median`` the middle company's share. On the basis ``reported`` companies count whose report gives a
    share; on ``imputed`` also those whose missing split is taken as domestic. Bounds are the companies' bounds added
    up in the same way; a share that is imputed is bounded by 0 and 1, as the report rules nothing out.

    Only companies that report in dollars enter ``revenue_sum``; its coverage counts those alone. A share is null where
    the companies that count on the row's basis and enter the aggregation weigh less than
    ``exposure_min_weight_share``. The reason is ``no_company`` for a sector without companies, ``no_exchange_rate``
    where reports in other currencies make the difference, else ``coverage``. The part of revenue in coverage is of the
    known revenue in dollars, null without any.

    Args:
        memberships: ``core.Membership``.
        company_revenues: ``core.CompanyRevenue`` of the same members.
        parameters: ``exposure_min_weight_share``.

    Returns:
        ``core.RevenueExposure``, sorted by its key: per index and date all eleven sectors, ``Unclassified`` and
        ``ALL``; ``weight_by_method`` in per cent of the weight of all companies, a hundred in sum.

    Raises:
        ValueError: a member has no row in ``company_revenues``.
    """
    companies = _companies(memberships, company_revenues)
    scoped = pl.concat([companies, companies.with_columns(sector=pl.lit(ALL_SECTORS))])
    by_basis = pl.concat([_on_basis(scoped, basis) for basis in EXPOSURE_BASES])
    figures = pl.concat([_aggregated(by_basis, aggregation) for aggregation in AGGREGATIONS])
    return (
        _frame_of_rows(memberships)
        .join(figures, on=[*_GRAIN, "aggregation"], how="left")
        .join(_weight_by_method(scoped), on=_SCOPE, how="left")
        .with_columns(null_reason=_reason(parameters.exposure_min_weight_share))
        .with_columns(
            pl.when(pl.col("null_reason").is_null()).then(pl.col(*_FIGURES)),
            pl.col("companies_total", "companies_covered").fill_null(0),
            pl.col("coverage_weight_share").fill_null(0.0),
            pl.col("weight_by_method").fill_null("none"),
        )
        .with_columns(international_share=1.0 - pl.col("domestic_share"))
        .select(core.RevenueExposure.column_names())
        .sort(core.RevenueExposure.primary_key())
    )


def _companies(memberships: pl.DataFrame, company_revenues: pl.DataFrame) -> pl.DataFrame:
    """Return one row per index, date and company: sector, weight, what is known of its revenue."""
    of_company = (*_DATE, "company_id")
    collapsed = (
        memberships.sort(*of_company, "weight_share", "symbol", descending=[False, False, False, True, False])
        .group_by(of_company, maintain_order=True)
        .agg(pl.col("sector").first(), weight=pl.col("weight_share").sum())
    )
    known = company_revenues.select(
        "as_of",
        "company_id",
        "method",
        "domestic_share",
        "domestic_share_low",
        "domestic_share_high",
        "imputed_share",
        revenue=pl.when((pl.col("unit_of_measure") == _CURRENCY) & (pl.col("total_revenue") > 0)).then("total_revenue"),
    )
    found = collapsed.join(known, on=["as_of", "company_id"], how="left", maintain_order="left")
    without = found.filter(pl.col("method").is_null()).select(of_company)
    if len(without):
        raise ValueError(f"core.company_revenue: expected a row for every member, was none for {without.row(0)}")
    return found


def _on_basis(companies: pl.DataFrame, basis: str) -> pl.DataFrame:
    """Return companies with the share, and its bounds, by which they count on a basis; null where they do not."""
    if basis == "reported":
        share, low, high = (pl.col(column) for column in _FIGURES)
    else:
        share = pl.col("imputed_share")
        low = pl.coalesce("domestic_share_low", pl.when(share.is_not_null()).then(0.0))
        high = pl.coalesce("domestic_share_high", pl.when(share.is_not_null()).then(1.0))
    return companies.with_columns(basis=pl.lit(basis), share=share, low=low, high=high)


def _aggregated(companies: pl.DataFrame, aggregation: str) -> pl.DataFrame:
    """Return the figures of one aggregation per index, date, sector and basis, and the coverage that they have."""
    enters = pl.col("revenue").is_not_null() if aggregation == "revenue_sum" else pl.lit(value=True)
    counted = pl.col("share").is_not_null() & enters

    def part(column: str, condition: pl.Expr) -> pl.Expr:
        # Zeros for what is left out or unknown keep the order of the sum, so that a part never exceeds the whole.
        whole = pl.col(column).fill_null(0.0)
        return pl.when(condition).then(whole).otherwise(0.0).sum() / whole.sum()

    if aggregation == "median":
        figures = {name: pl.col(column).median() for name, column in _FIGURES.items()}
    else:
        size = pl.when(counted).then("weight" if aggregation == "cap_weighted" else "revenue").otherwise(0.0)
        figures = {name: (size * pl.col(column).fill_null(0.0)).sum() / size.sum() for name, column in _FIGURES.items()}
    return companies.group_by(_GRAIN, maintain_order=True).agg(
        **figures,
        aggregation=pl.lit(aggregation),
        coverage_weight_share=part("weight", counted),
        coverage_revenue_share=pl.when(pl.col("revenue").count() > 0).then(
            part("revenue", pl.col("share").is_not_null())
        ),
        companies_covered=counted.sum().cast(pl.Int64),
        companies_total=pl.len().cast(pl.Int64),
        counting_share=part("weight", pl.col("share").is_not_null()),
    )


def _frame_of_rows(memberships: pl.DataFrame) -> pl.DataFrame:
    """Return the keys of all rows: each date with every sector, aggregation and basis."""
    dates = memberships.group_by(_DATE).agg(pl.col("membership_quality").first())
    for name, values in (
        ("sector", [*SECTORS, UNCLASSIFIED, ALL_SECTORS]),
        ("aggregation", AGGREGATIONS),
        ("basis", EXPOSURE_BASES),
    ):
        dates = dates.join(pl.DataFrame({name: list(values)}), how="cross")
    return dates


def _reason(least_share: float) -> pl.Expr:
    """Return why a share is not given, null where it is; without any company there is none, whatever the gate."""

    def is_too_little(share: str) -> pl.Expr:
        return (pl.col(share) < least_share) | (pl.col(share) <= 0)

    return (
        pl.when(pl.col("companies_total").is_null())
        .then(pl.lit("no_company"))
        .when(is_too_little("counting_share"))
        .then(pl.lit("coverage"))
        .when(is_too_little("coverage_weight_share"))
        .then(pl.lit("no_exchange_rate"))
    )


def _weight_by_method(companies: pl.DataFrame) -> pl.DataFrame:
    """Return the text of weights by method, rounded to tenths of a per cent so that they sum to a hundred."""
    position = pl.col("method").replace_strict(
        {method: place for place, method in enumerate(_METHOD_ORDER)}, default=len(_METHOD_ORDER)
    )
    exact = (pl.col("weight") / pl.col("weight").sum().over(_SCOPE) * _TENTHS).round(6)
    missing = _TENTHS - pl.col("floor").sum().over(_SCOPE)
    rank = pl.int_range(pl.len()).over(_SCOPE)
    tenths = pl.col("floor") + (rank < missing).cast(pl.Int64)
    return (
        companies.group_by(*_SCOPE, "method", maintain_order=True)
        .agg(pl.col("weight").sum())
        .with_columns(exact=exact, position=position)
        .with_columns(floor=pl.col("exact").floor().cast(pl.Int64))
        # The largest remainders are rounded up.
        .sort(pl.col("exact") - pl.col("floor"), "position", "method", descending=[True, False, False])
        .with_columns(tenths=tenths)
        .sort(*_SCOPE, "position", "method")
        .group_by(_SCOPE, maintain_order=True)
        .agg(
            weight_by_method=pl.format("{} {}.{}", "method", pl.col("tenths") // 10, pl.col("tenths") % 10).str.join(
                ", "
            )
        )
    )
