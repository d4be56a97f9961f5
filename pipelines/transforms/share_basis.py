"""In which shares a source states a dividend: those of the day it was read, after the splits that it stated by then.

Belongs here: which splits lie between a dividend and its reading (docs/methods.md, B8). Not here: what an action
adjusts (``corporate_action``), or when one is said anew (``stock_version``).
"""

from __future__ import annotations

import polars as pl

ACTION = ("instrument_id", "ex_session", "action_type")
"""Key of an action."""
EXCHANGE_TIME_ZONE = "America/New_York"
"""A split is effective on the date of the exchange."""


def split_statements(actions: pl.DataFrame, is_doubtful: pl.Expr | None = None) -> pl.DataFrame:
    """Return what was stated of splits.

    Args:
        actions: Versions of actions with ``is_withdrawn``, in the order in which they were stated.
        is_doubtful: Of which versions the answer is in doubt; none by default.

    Returns:
        ``instrument_id``, ``split`` (its ex-session), ``ratio``, null where it was taken back, ``said_at`` and
        ``is_doubtful``, in the same order.
    """
    return actions.filter(pl.col("action_type") == "split").select(
        "instrument_id",
        split="ex_session",
        ratio=pl.when(~pl.col("is_withdrawn")).then("split_ratio"),
        said_at="fetched_at",
        is_doubtful=pl.lit(value=False) if is_doubtful is None else is_doubtful,
    )


def later_ratios(read: pl.DataFrame, splits: pl.DataFrame) -> pl.DataFrame:
    """Return for each action the product of the ratios of the splits from its ex-session to the day it was read.

    A split counts as it stood when the action was read; one that did not stand then counts as it stands by the last
    word that is not in doubt, as the source stated it late and left the action as it was.

    Args:
        read: ``ACTION`` and ``read_at``, one row per action; further columns are kept.
        splits: See ``split_statements``.

    Returns:
        ``read`` with ``later_ratio``, 1 where no split counts, in the same order.
    """
    day = pl.col("read_at").dt.convert_time_zone(EXCHANGE_TIME_ZONE).dt.date()
    ratios = (
        read.select(*ACTION, "read_at")
        .join(splits, on="instrument_id", maintain_order="left_right")
        .filter(pl.col("split").is_between("ex_session", day))
        .group_by(*ACTION, "split", maintain_order=True)
        .agg(
            then=pl.col("ratio").filter(pl.col("said_at") <= pl.col("read_at")).last(),
            now=pl.col("ratio").filter(~pl.col("is_doubtful")).last(),
        )
        .group_by(ACTION)
        .agg(later_ratio=pl.coalesce("then", "now").fill_null(1.0).product())
    )
    return read.join(ratios, on=ACTION, how="left", maintain_order="left").with_columns(
        pl.col("later_ratio").fill_null(1.0)
    )
