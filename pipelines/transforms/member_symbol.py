"""From the ticker of a holdings file to the symbol and the company (docs/methods.md, B7).

Belongs here: the spelling of share classes, and which company a symbol belonged to on a date.
Not here: which lines of a file are members (see ``membership``).
"""

from __future__ import annotations

import datetime as dt

import polars as pl

_ALWAYS = dt.datetime(1, 1, 1, tzinfo=dt.UTC)
_NEW_YORK = "America/New_York"


def end_of(day: pl.Expr) -> pl.Expr:
    """Return the last microsecond of a date in New York, in UTC."""
    next_midnight = day.dt.offset_by("1d").cast(pl.Datetime("us")).dt.replace_time_zone(_NEW_YORK)
    return next_midnight.dt.convert_time_zone("UTC") - pl.duration(microseconds=1)


def with_companies(lines: pl.DataFrame, listings: pl.DataFrame, class_tickers: pl.DataFrame) -> pl.DataFrame:
    """Add the symbol and the company of each line of holdings; no line is lost.

    The symbol of a ticker is, by the first rule that applies: the ticker, where the SEC lists it (``exact``); the
    listed symbol that equals it with hyphens for points, or else the one that does when both are left out of either
    (``class``); that of the table of share classes (``table``); the ticker with hyphens for points. The company is the
    one that the symbol was listed under at the end of the date in New York. The list is one of today: before the first
    list that has a symbol its company is the one of that list. A symbol without a company, or to which one list gives
    several, is ``unresolved``.

    Args:
        lines: ``as_of``, ``ticker``, and any other column but those added.
        listings: ``raw.Listing`` rows known.
        class_tickers: ``core.ClassTicker``.

    Returns:
        The lines with ``symbol``, ``cik`` and ``listed_name`` (null where unresolved), ``cik_match`` and
        ``company_id``; their order is not kept.
    """
    found = lines.join(_symbols(lines["ticker"].unique(), listings, class_tickers), on="ticker", how="left")
    placed = (
        found.with_columns(asked_at=end_of(pl.col("as_of")))
        .sort("asked_at")
        .join_asof(
            _companies(listings).sort("listed_from"),
            left_on="asked_at",
            right_on="listed_from",
            by="symbol",
            check_sortedness=False,
        )
    )
    return placed.with_columns(
        cik_match=pl.when(pl.col("cik").is_null()).then(pl.lit("unresolved")).otherwise("cik_match"),
        company_id=pl.coalesce(
            pl.col("cik").cast(pl.String).str.zfill(10), pl.concat_str(pl.lit("symbol:"), pl.col("symbol"))
        ),
    ).drop("asked_at", "listed_from")


def _symbols(tickers: pl.Series, listings: pl.DataFrame, class_tickers: pl.DataFrame) -> pl.DataFrame:
    """Return the symbol of each ticker and the rule that found it, one row per ticker."""
    listed = listings.select("symbol").unique()
    by_letters = (
        listed.group_by(letters=_letters("symbol"))
        .agg(of_class=pl.col("symbol").first(), spellings=pl.len())
        .filter(pl.col("spellings") == 1)
        .drop("spellings")
    )
    by_table = class_tickers.select(letters=_letters("ticker"), of_table="symbol").unique("letters", keep="none")
    hyphened = pl.col("ticker").str.replace_all(".", "-", literal=True)
    return (
        pl.DataFrame({"ticker": tickers})
        .with_columns(letters=_letters("ticker"), hyphened=hyphened)
        .join(by_letters, on="letters", how="left")
        .join(by_table, on="letters", how="left")
        .with_columns(
            exact=_if_listed("ticker", listed),
            of_class=pl.coalesce(_if_listed("hyphened", listed), "of_class"),
        )
        .select(
            "ticker",
            symbol=pl.coalesce("exact", "of_class", "of_table", "hyphened"),
            cik_match=pl.when(pl.col("exact").is_not_null())
            .then(pl.lit("exact"))
            .when(pl.col("of_class").is_not_null())
            .then(pl.lit("class"))
            .otherwise(pl.lit("table")),
        )
    )


def _if_listed(column: str, listed: pl.DataFrame) -> pl.Expr:
    return pl.when(pl.col(column).is_in(listed["symbol"].implode())).then(column)


def _letters(column: str) -> pl.Expr:
    return pl.col(column).str.replace_all(r"[-.]", "")


def _companies(listings: pl.DataFrame) -> pl.DataFrame:
    """Return which company a symbol belongs to from each list on: symbol, listed_from, cik, listed_name.

    The first list of a symbol counts for all time before it too.
    """
    of_list = (
        listings.group_by("symbol", listed_from="known_from")
        .agg(
            cik=pl.col("cik").first(),
            listed_name=pl.col("company_name").first(),
            companies=pl.col("cik").n_unique(),
        )
        .with_columns(pl.when(pl.col("companies") == 1).then(pl.col("cik", "listed_name")))
        .drop("companies")
    )
    is_first = pl.col("listed_from") == pl.col("listed_from").min().over("symbol")
    always = pl.lit(_ALWAYS, pl.Datetime("us", "UTC"))
    return of_list.with_columns(listed_from=pl.when(is_first).then(always).otherwise("listed_from"))
