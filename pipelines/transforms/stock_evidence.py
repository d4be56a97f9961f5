"""What an answer shows beyond its rows: a split that concerns the whole history, another company under the symbol.

Belongs here: comparing an answer of some days with what is known (docs/methods.md, B8). Not here: versions
(``stock_version``), or asking again (``pipelines.ingestion``).
"""

from __future__ import annotations

import polars as pl

from pipelines.parameters import Parameters

_BAR = ("instrument_id", "session")
_ACTION = ("instrument_id", "ex_session", "action_type")
_BP = 1e-4


def instruments_to_read_whole(
    known: pl.DataFrame,
    received: pl.DataFrame,
    known_actions: pl.DataFrame,
    stated: pl.DataFrame,
    parameters: Parameters,
) -> list[str]:
    """Return the instruments whose answers of a few days show that their whole history has to be read.

    That is so where a split is stated whose ex-session has come, and that was not known, or with another ratio, or that
    no known bar follows: until then it was announced only. And where the vendor adjusted for
    something that it does not state: of the sessions that both have, the oldest and at least
    ``restated_least_sessions`` in all have a close that moved by more than ``restated_least_share``, all by one ratio
    (to within ``revision_range_bp``). Newer ones may have stayed: they are in the new shares anyway.

    Args:
        known: ``raw.StockBar`` rows.
        received: instrument_id, session, close as traded.
        known_actions: ``raw.StockAction`` rows.
        stated: instrument_id, ex_session, action_type, split_ratio.
        parameters: see above.
    """
    effective = _effective_splits(known, received, known_actions, stated)
    ratio = pl.col("ratio")
    has_moved = (ratio - 1).abs() > parameters.restated_least_share
    restated = (
        _overlap(known, received)
        .sort("session")
        .group_by("instrument_id")
        .agg(
            sessions=has_moved.sum(),
            spread=ratio.filter(has_moved).max() / ratio.filter(has_moved).min() - 1,
            oldest_moved=has_moved.first(),
        )
        .filter(
            pl.col("oldest_moved"),
            pl.col("sessions") >= parameters.restated_least_sessions,
            pl.col("spread") <= parameters.revision_range_bp * _BP,
        )
    )
    return sorted({*effective["instrument_id"], *restated["instrument_id"]})


def _effective_splits(
    known: pl.DataFrame, received: pl.DataFrame, known_actions: pl.DataFrame, stated: pl.DataFrame
) -> pl.DataFrame:
    """Return the splits that came into effect, or were heard of, since the last known bar."""
    key = ["instrument_id", "ex_session", "split_ratio"]
    is_split = pl.col("action_type") == "split"
    newest = known_actions.sort("known_from").group_by(_ACTION).last().filter(is_split, ~pl.col("is_withdrawn"))
    before = known.group_by("instrument_id").agg(last_known=pl.col("session").max())
    now = received.group_by("instrument_id").agg(last_received=pl.col("session").max())
    return (
        stated.filter(is_split)
        .join(newest.select(*key, is_heard=pl.lit(value=True)), on=key, how="left")
        .join(before, on="instrument_id", how="left")
        .join(now, on="instrument_id", how="inner")
        .filter(
            pl.col("ex_session") <= pl.col("last_received"),
            pl.col("is_heard").is_null() | (pl.col("ex_session") > pl.col("last_known")),
        )
    )


def reused_symbols(
    known: pl.DataFrame, received: pl.DataFrame, first_trades: pl.DataFrame, parameters: Parameters
) -> list[str]:
    """Return the instruments whose symbol has passed to another company.

    That is so where the vendor says that trading began after a session that is known, and not one close received is
    the known one (to within ``revision_close_bp``). A company whose beginning the vendor merely moved still agrees.

    Args:
        known: ``raw.StockBar`` rows within the days asked for.
        received: instrument_id, session, close as traded.
        first_trades: instrument_id, first_trade (null where the vendor does not say).
        parameters: see above.
    """
    is_equal = (pl.col("ratio") - 1).abs() <= parameters.revision_close_bp * _BP
    agreeing = _overlap(known, received).filter(is_equal)
    begun_late = (
        known.group_by("instrument_id")
        .agg(first=pl.col("session").min())
        .join(first_trades, on="instrument_id")
        .filter(pl.col("first_trade") > pl.col("first"))
    )
    return begun_late.join(agreeing, on="instrument_id", how="anti")["instrument_id"].sort().to_list()


def doubtful_histories(bars: pl.DataFrame, calendar: pl.DataFrame, parameters: Parameters) -> dict[str, str]:
    """Return what is odd about histories that there is nothing to hold against, in words, by instrument.

    A session is missing between their first and last one, or a close moved by more than ``jump_share``.

    Args:
        bars: instrument_id, session, close in shares of one day.
        calendar: the sessions that bars may stand on.
        parameters: see above.
    """
    numbered = calendar.select(pl.col("session").sort()).with_row_index("number")
    before = pl.col("close").shift(1).over("instrument_id", order_by="session")
    found = (
        bars.join(numbered, on="session")
        .with_columns(is_jump=(pl.col("close") / before - 1).abs() > parameters.jump_share)
        .group_by("instrument_id")
        .agg(gaps=pl.col("number").max() - pl.col("number").min() + 1 - pl.len(), jumps=pl.col("is_jump").sum())
        .filter((pl.col("gaps") > 0) | (pl.col("jumps") > 0))
        .sort("instrument_id")
    )
    return {name: f"a chart with {gaps} missing sessions and {jumps} jumps" for name, gaps, jumps in found.rows()}


def _overlap(known: pl.DataFrame, received: pl.DataFrame) -> pl.DataFrame:
    """Return received over known close of every session that has both."""
    newest = known.sort("known_from").group_by(_BAR).last().select(*_BAR, before="close")
    return received.join(newest, on=_BAR).select(*_BAR, ratio=pl.col("close") / pl.col("before"))
