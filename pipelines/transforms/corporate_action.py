"""Splits and dividends: undoing a source's own adjustment, the actions that stand, and the factors they make.

Belongs here: arithmetic of corporate actions (docs/methods.md, B8). Not here: which bars are accepted
(``quarantine``), or reading a source (``sources``).
"""

from __future__ import annotations

import datetime as dt

import polars as pl

_PRICES = ("open", "high", "low", "close", "adjusted_close")


def as_traded(bars: pl.DataFrame, splits: pl.DataFrame, day: dt.date) -> pl.DataFrame:
    """Return bars in the shares of their own session, as they traded, from bars that a source adjusted for splits.

    A source that adjusts does so for every split that was effective when it was read. Each is undone: prices times
    the ratio, volume over it. Splits after ``day`` were announced only, and do nothing. ``adjusted_close`` counts as a
    price, so that its quotient with the close stays what the source said.

    Args:
        bars: ``instrument_id``, ``session``, the prices and ``volume`` as received, in any order; further columns are
            kept.
        splits: ``instrument_id``, ``ex_session`` and ``split_ratio`` (new shares per old one) as the same answer
            states them.
        day: the exchange's date when the source was read; a split with its ex-session on it counts.

    Returns:
        The same rows in the same order, and ``split_factor``: received price over traded price, 1 where no split
        lies between the session and ``day``.
    """
    ratios = _later_splits(splits.filter(pl.col("ex_session") <= day))
    rows = bars.with_row_index("position").sort("session")
    matched = rows.join_asof(
        ratios.sort("ex_session"),
        left_on="session",
        right_on="ex_session",
        by="instrument_id",
        strategy="forward",
        allow_exact_matches=False,
        check_sortedness=False,
    ).sort("position")
    ratio = pl.col("later_ratio").fill_null(1.0)
    prices = pl.col([name for name in _PRICES if name in bars.columns])
    return matched.with_columns(prices * ratio, volume=pl.col("volume") / ratio, split_factor=1.0 / ratio).select(
        *bars.columns, "split_factor"
    )


def _later_splits(splits: pl.DataFrame) -> pl.DataFrame:
    """Return, for each ex-session, the product of the ratios of the splits from it on (``later_ratio``)."""
    return (
        splits.group_by("instrument_id", "ex_session")
        .agg(pl.col("split_ratio").product())
        .sort("instrument_id", "ex_session")
        .select(
            "instrument_id",
            "ex_session",
            later_ratio=pl.col("split_ratio").cum_prod(reverse=True).over("instrument_id", order_by="ex_session"),
        )
    )
