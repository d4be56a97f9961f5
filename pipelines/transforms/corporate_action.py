"""Splits and dividends: undoing a source's own adjustment, the actions that stand, and the factors they make.

Belongs here: arithmetic of corporate actions (docs/methods.md, B8). Not here: which bars are accepted
(``quarantine``), or reading a source (``sources``).
"""

from __future__ import annotations

import datetime as dt
import math
from typing import Literal

import polars as pl

from pipelines.contracts import core
from pipelines.parameters import Parameters
from pipelines.transforms.share_basis import later_ratios, split_statements

_RULES_OF_SPLITS = ("unseen_split", "partial_split")
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
    matched = _with_next_step(bars.with_row_index("position"), ratios).sort("position")
    ratio = pl.col("later_ratio").fill_null(1.0)
    prices = pl.col([name for name in _PRICES if name in bars.columns])
    return matched.with_columns(prices * ratio, volume=pl.col("volume") / ratio, split_factor=1.0 / ratio).select(
        *bars.columns, "split_factor"
    )


def _with_next_step(bars: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """Add to each bar the step that holds for it, the first with an ex-session after its own; in order of session."""
    return bars.sort("session").join_asof(
        steps.sort("ex_session"),
        left_on="session",
        right_on="ex_session",
        by="instrument_id",
        strategy="forward",
        allow_exact_matches=False,
        check_sortedness=False,
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


def stock_actions(
    actions: pl.DataFrame,
    bars: pl.DataFrame,
    known_at: dt.datetime,
    parameters: Parameters,
    held: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return the actions as known at a moment, what each multiplies earlier prices by, and why some adjust nothing.

    A split multiplies by 1/ratio, a dividend by 1 - D/C, where C is the close of the session before. A source states
    dividends in shares of the day it was read, so C is brought there by the splits up to that day, as the source stated
    them then (``share_basis.later_ratios``). Left out are an action whose ex-session is after the last bar
    (``not_effective``) or before the first (``no_bar_before``), a dividend that is not less than C, and a split of
    ``split_checked_ratio`` or more that the traded closes on both sides do not show: the quotient of the two, less what
    dividends of the same session explain, is nearer to 1 than to 1/ratio.

    Args:
        actions: every version (``raw.StockAction``) of the instruments given.
        bars: all accepted bars of the same instruments: instrument_id, session and ``traded_close``.
        known_at: versions known later are left out, and those withdrawn by then.
        parameters: see above.
        held: ``core.QuarantinedBar`` of the same instruments. What an answer says anew of a dividend counts for nothing
            while its bars are held back for a split: it adjusts both by it.

    Returns:
        ``core.StockAction``, sorted by its key.
    """
    known = _with_doubt(actions, held).filter(pl.col("known_from") <= known_at).sort("known_from")
    stated = known_actions(known.filter(~_is_restated_in_doubt()), known_at)
    closes = bars.select("instrument_id", "session", "traded_close").sort("session")
    sides = _between(stated, closes).join(
        bars.group_by("instrument_id").agg(last_session=pl.col("session").max()), on="instrument_id", how="left"
    )
    splits = split_statements(known, pl.col("is_doubtful"))
    rows = later_ratios(sides.with_columns(read_at="fetched_at"), splits)
    is_split = pl.col("action_type") == "split"
    close_before = pl.when(is_split).then("closed_before").otherwise(pl.col("closed_before") / pl.col("later_ratio"))
    paid = 1 - pl.col("dividend_amount") / pl.col("close_before")
    factor = pl.when(is_split).then(1 / pl.col("split_ratio")).otherwise(paid)
    is_paid = (pl.col("action_type") == "dividend") & paid.is_between(0, 1, closed="none")
    paid_log = pl.when(is_paid).then(paid.log()).sum().over("instrument_id", "ex_session")
    return (
        rows.with_columns(close_before=close_before)
        .with_columns(paid_log=paid_log)
        .with_columns(left_out_reason=_left_out(factor, parameters))
        .with_columns(action_factor=pl.when(pl.col("left_out_reason").is_null()).then(factor))
        .select(core.StockAction.column_names())
        .sort(core.StockAction.primary_key())
    )


def _with_doubt(actions: pl.DataFrame, held: pl.DataFrame | None) -> pl.DataFrame:
    """Add ``is_doubtful``: whether a version came with bars that are held back for a split."""
    if held is None or held.is_empty():
        return actions.with_columns(is_doubtful=pl.lit(value=False))
    of_splits = held.filter(pl.col("rule").is_in(_RULES_OF_SPLITS))
    answers = of_splits.select("instrument_id", fetched_at="known_from", is_doubtful=pl.lit(value=True)).unique()
    return actions.join(answers, on=["instrument_id", "fetched_at"], how="left").with_columns(
        pl.col("is_doubtful").fill_null(value=False)
    )


def _is_restated_in_doubt() -> pl.Expr:
    """Whether a version of a dividend is in doubt and not the first: the one before it stands."""
    is_later = pl.col("known_from") > pl.col("known_from").min().over(core.StockAction.primary_key())
    return pl.col("is_doubtful") & is_later & (pl.col("action_type") == "dividend")


def known_actions(actions: pl.DataFrame, known_at: dt.datetime) -> pl.DataFrame:
    """Return the newest version of each action that is known and not withdrawn."""
    key = core.StockAction.primary_key()
    newest = actions.filter(pl.col("known_from") <= known_at).sort("known_from").group_by(key).last()
    return newest.filter(~pl.col("is_withdrawn"))


def _between(stated: pl.DataFrame, closes: pl.DataFrame) -> pl.DataFrame:
    """Add the traded closes on both sides of each action: ``closed_before`` its ex-session, and ``closed_after``."""
    rows = stated.sort("ex_session")
    sides: tuple[tuple[str, Literal["backward", "forward"], bool], ...] = (
        ("closed_before", "backward", False),
        ("closed_after", "forward", True),
    )
    for name, strategy, exact in sides:
        rows = rows.join_asof(
            closes.rename({"traded_close": name}),
            left_on="ex_session",
            right_on="session",
            by="instrument_id",
            strategy=strategy,
            allow_exact_matches=exact,
            check_sortedness=False,
            coalesce=False,
        ).drop("session")
    return rows


def _left_out(factor: pl.Expr, parameters: Parameters) -> pl.Expr:
    """Return why an action adjusts nothing, null where it does."""
    log_ratio = pl.col("split_ratio").log()
    move = (pl.col("closed_after") / pl.col("closed_before")).log() - pl.col("paid_log")
    is_checked = log_ratio.abs() >= math.log(parameters.split_checked_ratio)
    return (
        pl.when(pl.col("last_session").is_null() | (pl.col("ex_session") > pl.col("last_session")))
        .then(pl.lit("not_effective"))
        .when(pl.col("closed_before").is_null())
        .then(pl.lit("no_bar_before"))
        .when((pl.col("action_type") == "split") & is_checked & (move.abs() < (move + log_ratio).abs()))
        .then(pl.lit("split_without_jump"))
        .when((factor <= 0) | (factor >= 1) & (pl.col("action_type") == "dividend"))
        .then(pl.lit("impossible_dividend"))
    )


def adjustment_factors(actions: pl.DataFrame) -> pl.DataFrame:
    """Return the cumulative factors of all actions that adjust, as steps.

    The factor of a session is that of the first row after it: the product over the actions with a later ex-session.
    Sessions from the last ex-session on have no row and the factor 1.

    Args:
        actions: ``core.StockAction``, all of the instruments given.

    Returns:
        ``core.AdjustmentFactor``, sorted by its key.
    """
    is_split = pl.col("action_type") == "split"
    counted = actions.filter(pl.col("action_factor").is_not_null())
    by_day = counted.group_by("instrument_id", "ex_session").agg(
        split_factor=pl.col("action_factor").filter(is_split).product(),
        dividend_factor=pl.col("action_factor").filter(~is_split).product(),
    )
    cumulative = pl.col("split_factor", "dividend_factor").cum_prod(reverse=True)
    return (
        by_day.with_columns(cumulative.over("instrument_id", order_by="ex_session"))
        .select(core.AdjustmentFactor.column_names())
        .sort(core.AdjustmentFactor.primary_key())
    )


def with_factors(bars: pl.DataFrame, factors: pl.DataFrame) -> pl.DataFrame:
    """Add ``split_factor`` and ``dividend_factor`` to rows of instrument_id and session, 1 where no action follows.

    Args:
        bars: rows with instrument_id and session, sorted by these.
        factors: ``core.AdjustmentFactor``.

    Returns:
        The same rows in the same order.
    """
    both = ("split_factor", "dividend_factor")
    concerned = pl.col("instrument_id").is_in(factors["instrument_id"].unique().implode())
    stepped = _with_next_step(bars.filter(concerned), factors).select(*bars.columns, pl.col(both).fill_null(1.0))
    others = bars.filter(~concerned).with_columns(pl.lit(1.0).alias(name) for name in both)
    return pl.concat([others, stepped]).sort("instrument_id", "session") if len(stepped) else others
