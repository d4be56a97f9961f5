"""Members of an index as of the date of a fund's holdings, with recomputed weights, and the lines that are none.

Belongs here: ``core.membership`` and ``core.excluded_holding`` (docs/methods.md, B7): which version and fund speak,
what excludes a line, the sector, the weight.
Not here: reading files (``sources``), the company of a ticker (``member_symbol``), sums over members.
"""

from __future__ import annotations

import polars as pl

from pipelines.contracts import core
from pipelines.contracts.vocabulary import SECTORS, UNCLASSIFIED
from pipelines.transforms.member_symbol import with_companies

_OF_FILE = ("fund_id", "as_of")
_OF_INDEX = ("index_id", "as_of")
_SECTOR_OF_PRINTED = {**{sector: sector for sector in SECTORS}, "Communication": "Communication Services"}
_EQUITY = "equity"
_NO_TICKER = ("", "-")
_UNLISTED = r"(?i)^(no market|non-nms)"
_NOT_COMMON_STOCK = r"(?i)^\W*\w+\W(?:.*\W)?(?:cvr|escrow|prvt|warrants?|rights|contra)(?:\W|$)"
"""One of the words as a whole, after the first word of the name: CVR Energy and Bright Horizons are companies."""


def memberships(
    holdings: pl.DataFrame, listings: pl.DataFrame, funds: pl.DataFrame, class_tickers: pl.DataFrame
) -> pl.DataFrame:
    """Return the members of each index as of each date of holdings, one row per symbol.

    Of each fund and date the newest version counts; where several funds of an index have members on one date, the one
    of the lowest priority number speaks. A weight is the member's value in that of all members of the date: the market
    value; the price of a share for an index weighted by price; the printed weight where the file has neither. The
    denominator holds no cash, futures or other excluded line. A sector that is none of the eleven is ``Unclassified``.
    The date counts as known from its first version on, though the values are those of the newest.

    Args:
        holdings: ``raw.Holding`` rows known.
        listings: ``raw.Listing`` rows known.
        funds: ``core.Fund``.
        class_tickers: ``core.ClassTicker``.

    Returns:
        ``core.Membership``, sorted by its key; the weights of an index and date sum to one.

    Raises:
        ValueError: a fund of the holdings is not among ``funds``.
    """
    kept = (
        _judged(holdings, listings, funds, class_tickers)
        .filter(pl.col("exclusion_reason").is_null())
        .join(_first_known(holdings, funds), on=_OF_INDEX)
    )
    speaks = pl.col("fund_priority") == pl.col("fund_priority").min().over(_OF_INDEX)
    # The order matters for the last digit of a sum.
    members = kept.filter(speaks).filter(_is_first_fund()).sort(core.Membership.primary_key())
    sector = pl.col("printed_sector").str.strip_chars().fill_null("")
    return members.with_columns(
        company_name=pl.coalesce("listed_name", "holding_name", "ticker"),
        sector=sector.replace_strict(_SECTOR_OF_PRINTED, default=UNCLASSIFIED, return_dtype=pl.String),
        weight_share=pl.col("value") / pl.col("value").sum().over(_OF_INDEX),
        membership_quality=pl.lit("pit_official"),
    ).select(core.Membership.column_names())


def excluded_holdings(
    holdings: pl.DataFrame, listings: pl.DataFrame, funds: pl.DataFrame, class_tickers: pl.DataFrame
) -> pl.DataFrame:
    """Return the lines of the newest version of each file that are no members, each with the first reason that holds.

    ``not_equity``: an asset class is printed and is not equity. ``no_ticker``: the ticker is a hyphen or nothing, as
    for cash where a file has no asset classes. ``unlisted``: the exchange says no market or non-NMS.
    ``not_common_stock``: the name has CVR, escrow, prvt, warrant, warrants, rights or contra as a whole word after its
    first. ``no_weight``: what the members are weighed by is missing or not above zero. ``duplicate``: another line of
    the same symbol weighs more, or as much and stands before it. Together with the members of the fund these are all
    lines of the file, also of a fund that does not speak for its index on the date.

    Args:
        holdings: ``raw.Holding`` rows known.
        listings: ``raw.Listing`` rows known; two tickers can be one symbol.
        funds: ``core.Fund``.
        class_tickers: ``core.ClassTicker``.

    Returns:
        ``core.ExcludedHolding``, sorted by its key.

    Raises:
        ValueError: a fund of the holdings is not among ``funds``.
    """
    excluded = _judged(holdings, listings, funds, class_tickers).filter(pl.col("exclusion_reason").is_not_null())
    return excluded.select(core.ExcludedHolding.column_names()).sort(core.ExcludedHolding.primary_key())


def _first_known(holdings: pl.DataFrame, funds: pl.DataFrame) -> pl.DataFrame:
    """Return since when some holdings of an index and date are known."""
    files = holdings.group_by(_OF_FILE).agg(first_known_from=pl.col("known_from").min())
    of_index = files.join(funds.select("fund_id", "index_id"), on="fund_id").group_by(_OF_INDEX)
    return of_index.agg(pl.col("first_known_from").min())


def _judged(
    holdings: pl.DataFrame, listings: pl.DataFrame, funds: pl.DataFrame, class_tickers: pl.DataFrame
) -> pl.DataFrame:
    """Return the newest version of every file, each line with its fund, company, value and reason for exclusion."""
    unknown = holdings.join(funds, on="fund_id", how="anti")["fund_id"].unique().sort()
    if len(unknown):
        raise ValueError(f"raw.holding: expected funds of core.fund, was {unknown.to_list()}")
    newest = holdings.filter(pl.col("known_from") == pl.col("known_from").max().over(_OF_FILE))
    facts = funds.select("fund_id", "index_id", "fund_weighting", "fund_priority")
    lines = newest.join(facts, on="fund_id").with_columns(exclusion_reason=_reason_of_kind())
    weighed = _with_value(with_companies(lines, listings, class_tickers))
    is_candidate = pl.col("exclusion_reason").is_null()
    has_no_weight = ~(pl.col("value") > 0).fill_null(value=False)
    reasoned = weighed.with_columns(
        exclusion_reason=pl.when(is_candidate & has_no_weight).then(pl.lit("no_weight")).otherwise("exclusion_reason")
    ).sort(*_OF_FILE, "value", "line", descending=[False, False, True, False], nulls_last=True)
    rank_in_symbol = is_candidate.cum_sum().over(*_OF_FILE, "symbol")
    return reasoned.with_columns(
        exclusion_reason=pl.when(is_candidate & (rank_in_symbol > 1))
        .then(pl.lit("duplicate"))
        .otherwise("exclusion_reason")
    )


def _reason_of_kind() -> pl.Expr:
    """Return why a line is no listed common stock, null where it is one."""
    asset_class = pl.col("printed_asset_class").str.strip_chars().str.to_lowercase()
    return (
        pl.when(asset_class != _EQUITY)
        .then(pl.lit("not_equity"))
        .when(pl.col("ticker").str.strip_chars().is_in(_NO_TICKER))
        .then(pl.lit("no_ticker"))
        .when(pl.col("exchange").str.strip_chars().str.contains(_UNLISTED))
        .then(pl.lit("unlisted"))
        .when(pl.col("holding_name").str.contains(_NOT_COMMON_STOCK))
        .then(pl.lit("not_common_stock"))
    )


def _with_value(lines: pl.DataFrame) -> pl.DataFrame:
    """Add what a member is weighed by, and its source: one for all lines of a file."""
    candidate = pl.when(pl.col("exclusion_reason").is_null())

    def is_given(column: str) -> pl.Expr:
        return (candidate.then(column) > 0).any().over(_OF_FILE)

    by_price = pl.col("fund_weighting") == "price"
    source = (
        pl.when(by_price & is_given("holding_price"))
        .then(pl.lit("price"))
        .when(is_given("market_value"))
        .then(pl.lit("market_value"))
        .when(is_given("printed_weight_pct"))
        .then(pl.lit("printed_weight"))
        .otherwise(pl.lit("none"))
    )
    return lines.with_columns(weight_source=source).with_columns(
        value=pl.when(pl.col("weight_source") == "price")
        .then("holding_price")
        .when(pl.col("weight_source") == "market_value")
        .then("market_value")
        .when(pl.col("weight_source") == "printed_weight")
        .then("printed_weight_pct")
    )


def _is_first_fund() -> pl.Expr:
    """Tell apart two funds of one priority, by the alphabet."""
    return pl.col("fund_id") == pl.col("fund_id").min().over(_OF_INDEX)
