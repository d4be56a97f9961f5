"""Published levels: when they are valid, how they revise one another, and the numbers bars are held against.

Belongs here: ``core.level`` from the rows of the level books (docs/methods.md, B4).
Not here: reading books (see ``seeds``), what bars do to a level (see ``level_state``).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from pipelines.contracts.core import Level
from pipelines.parameters import Parameters


def levels(
    book: pl.DataFrame, sessions: pl.DataFrame, prices: pl.DataFrame, known_at: dt.datetime, parameters: Parameters
) -> pl.DataFrame:
    """Return the published levels that are known, one row per level.

    Args:
        book: ``BookLevel`` rows of all books.
        sessions: ``core.Session``.
        prices: ``core.SeriesPrice``, for the basis of a quote instrument that has prices.
        known_at: Knowledge time; what was published later is left out.
        parameters: ``level_basis_sessions``.

    Returns:
        ``core.Level``, sorted by level.
    """
    known = book.filter(pl.col("published_at") <= known_at).with_columns(known_from="published_at")
    dated = _with_validity(known.rename({"valid_from": "book_valid_from"}), sessions)
    return _with_basis(_with_revision(dated), prices, parameters).select(Level.column_names()).sort("level_id")


def _with_validity(known: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    """Add the first session that closes after the publication, and the first valid one."""
    calendar = sessions.sort("session")
    session = calendar["session"]
    # A session that closes at the very moment of the publication did not see it.
    first = calendar["closes_at"].search_sorted(known["published_at"], side="right")
    pending_from = session.gather(first.set(first >= len(session), None))
    asked = pl.select(pl.max_horizontal(known["book_valid_from"], pending_from)).to_series()
    valid = session.search_sorted(asked, side="left")
    valid_from = session.gather(valid.set((valid >= len(session)) | pending_from.is_null(), None))
    return known.with_columns(pending_from.alias("pending_from"), valid_from.alias("valid_from"))


def _with_revision(dated: pl.DataFrame) -> pl.DataFrame:
    """Add what became of each level, and what each is to the one it supersedes."""
    middle, width = (pl.col("low") + pl.col("high")) / 2, pl.col("high") - pl.col("low")
    old = dated.select(old_id="level_id", old_role="role", old_middle=middle, old_width=width)
    successors = dated.drop_nulls("supersedes").select(level_id="supersedes", superseded_from="valid_from")
    is_support = pl.col("role").str.ends_with("support")
    is_higher, is_same = middle > pl.col("old_middle"), middle == pl.col("old_middle")
    kind = (
        pl.when(is_same & ((pl.col("role") != pl.col("old_role")) | (width == pl.col("old_width"))))
        .then(pl.lit("restated"))
        .when(pl.col("role") != pl.col("old_role"))
        .then(pl.when(is_higher).then(pl.lit("raised")).otherwise(pl.lit("lowered")))
        .when(pl.when(is_same).then(width < pl.col("old_width")).otherwise(is_higher == is_support))
        .then(pl.lit("tightened"))
        .otherwise(pl.lit("widened"))
    )
    return (
        dated.join(old, left_on="supersedes", right_on="old_id", how="left")
        .join(successors, on="level_id", how="left")
        .with_columns(revision_kind=pl.when(pl.col("supersedes").is_not_null()).then(kind))
    )


def _with_basis(revised: pl.DataFrame, prices: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Add the numbers that bars are held against: less the basis of the quote instrument where that has prices."""
    basis = pl.DataFrame(
        [
            (row["level_id"], _basis(row, prices, parameters.level_basis_sessions))
            for row in revised.iter_rows(named=True)
        ],
        schema={"level_id": pl.String, "basis_points": pl.Float64},
        orient="row",
    )
    is_cash = pl.col("quote_instrument") == pl.col("instrument_id")
    usable = pl.when(pl.col("basis_points") < pl.col("low")).then("basis_points")
    flag = pl.when(is_cash).then(pl.lit("cash")).when(pl.col("basis_points").is_null()).then(pl.lit("unadjusted"))
    return (
        revised.join(basis, on="level_id", how="left", maintain_order="left")
        .with_columns(basis_points=usable)
        .with_columns(
            evaluated_low=pl.col("low") - pl.col("basis_points").fill_null(0.0),
            evaluated_high=pl.col("high") - pl.col("basis_points").fill_null(0.0),
            basis_flag=flag.otherwise(pl.lit("adjusted")),
        )
    )


def _basis(level: dict[str, Any], prices: pl.DataFrame, count: int) -> float | None:
    """Return the median of quote less instrument over the last common closes before a level's first session."""
    quote, cash = level["quote_instrument"], level["instrument_id"]
    if quote == cash or level["valid_from"] is None:
        return None
    own = prices.filter(pl.col("series_id") == cash, pl.col("session") < level["valid_from"])
    other = prices.filter(pl.col("series_id") == quote, pl.col("session") < level["valid_from"])
    common = own.join(other, on="session").sort("session").tail(count)
    if len(common) < count:
        return None
    return float(common.select((pl.col("close_right") - pl.col("close")).median()).item())
