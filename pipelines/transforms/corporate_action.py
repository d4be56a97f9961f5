"""Corporate actions: prices in the shares of their own session.

Belongs here: undoing the splits that a vendor had adjusted for. Not here: versions of actions (``stock_action``).
"""

from __future__ import annotations

import datetime as dt

import polars as pl

_PRICES = ("open", "high", "low", "close", "adjusted_close")


def as_traded(bars: pl.DataFrame, splits: pl.DataFrame, day: dt.date) -> pl.DataFrame:
    """Undo the splits effective by ``day`` in bars that a vendor adjusted for them.

    A price is multiplied by the product of the ratios of all splits with session < ex_session <= day, the volume
    divided by it. A split still to come by ``day`` changes nothing.

    Args:
        bars: instrument_id, session, open, high, low, close, adjusted_close, volume; other columns stay.
        splits: instrument_id, ex_session, split_ratio (new shares per old one).
        day: The date on the exchange when the bars were read.

    Returns:
        The bars in their order, with ``split_factor``: one over the product.
    """
    later = (
        splits.filter(pl.col("ex_session") <= day)
        .sort("instrument_id", "ex_session")
        .select(
            "instrument_id",
            "ex_session",
            product=pl.col("split_ratio").cum_prod(reverse=True).over("instrument_id"),
        )
        .sort("ex_session")
    )
    placed = (
        bars.with_row_index("position")
        .sort("session")
        .join_asof(
            later,
            left_on="session",
            right_on="ex_session",
            by="instrument_id",
            strategy="forward",
            allow_exact_matches=False,
            check_sortedness=False,
        )
        .sort("position")
    )
    product = pl.col("product").fill_null(1.0)
    return placed.select(
        *[
            (pl.col(name) * product if name in _PRICES else pl.col(name) / product if name == "volume" else name)
            for name in bars.columns
        ],
        split_factor=1.0 / product,
    )
