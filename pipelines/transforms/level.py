"""Published levels: when they are valid, how they revise one another, and the numbers bars are held against.

Belongs here: ``core.level`` from the rows of the level books (docs/methods.md, B4).
Not here: reading books (see ``seeds``), what bars do to a level (see ``level_state``).
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from pipelines.contracts.core import Level
from pipelines.parameters import Parameters

_QUOTED = ["instrument_id", "quote_instrument"]


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
    # Twelve digits, so that the middle of 2450.1 and 2450.3 is 2450.2 in floats too.
    middle = ((pl.col("low") + pl.col("high")) / 2).round_sig_figs(12)
    old = dated.select(old_id="level_id", old_role="role", old_middle=middle, old_high="high")
    successors = dated.drop_nulls("supersedes").select(level_id="supersedes", superseded_from="valid_from")
    is_support = pl.col("role").str.ends_with("support")
    has_other_role = pl.col("role") != pl.col("old_role")
    is_higher, is_same = middle > pl.col("old_middle"), middle == pl.col("old_middle")
    # Round the same middle the one with the lower upper edge is the narrower.
    is_as_wide, is_narrower = pl.col("high") == pl.col("old_high"), pl.col("high") < pl.col("old_high")
    kind = (
        pl.when(is_same & (has_other_role | is_as_wide))
        .then(pl.lit("restated"))
        .when(has_other_role)
        .then(pl.when(is_higher).then(pl.lit("raised")).otherwise(pl.lit("lowered")))
        .when(pl.when(is_same).then(is_narrower).otherwise(is_higher == is_support))
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
    dated = revised.drop_nulls("valid_from").sort("valid_from")
    found = dated.join_asof(
        _basis(dated, prices, parameters.level_basis_sessions),
        left_on="valid_from",
        right_on="session",
        by=_QUOTED,
        strategy="backward",
        allow_exact_matches=False,
        check_sortedness=False,
    ).select("level_id", "basis_points")
    is_cash = pl.col("quote_instrument") == pl.col("instrument_id")
    # A basis that leaves nothing above zero is that of something else.
    usable = pl.when(pl.col("basis_points") < pl.col("low")).then("basis_points")
    flag = pl.when(is_cash).then(pl.lit("cash")).when(pl.col("basis_points").is_null()).then(pl.lit("unadjusted"))
    return (
        revised.join(found, on="level_id", how="left")
        .with_columns(basis_points=usable)
        .with_columns(
            evaluated_low=pl.col("low") - pl.col("basis_points").fill_null(0.0),
            evaluated_high=pl.col("high") - pl.col("basis_points").fill_null(0.0),
            basis_flag=flag.otherwise(pl.lit("adjusted")),
        )
    )


def _basis(levels: pl.DataFrame, prices: pl.DataFrame, count: int) -> pl.DataFrame:
    """Return, on each common session, the median of quote less instrument over the last ``count`` common closes."""
    closes = prices.filter(pl.col("series_kind") == "instrument").select("series_id", "session", "close")
    return (
        levels.select(_QUOTED)
        .unique()
        .filter(pl.col("quote_instrument") != pl.col("instrument_id"))
        .join(closes, left_on="instrument_id", right_on="series_id")
        .join(closes, left_on=["quote_instrument", "session"], right_on=["series_id", "session"], suffix="_of_quote")
        .sort("session")
        .with_columns(basis_points=(pl.col("close_of_quote") - pl.col("close")).rolling_median(count).over(_QUOTED))
        .select(*_QUOTED, "session", "basis_points")
    )
