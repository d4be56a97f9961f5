"""Series: instruments and ratio pairs stacked into one table of closes and ranges.

Belongs here: ``core.series_price``. Not here: the ratios themselves, or anything derived from a series.
"""

from __future__ import annotations

import polars as pl

from pipelines.contracts.core import SeriesPrice


def series_prices(bars: pl.DataFrame, ratios: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    """Return one value a session of every instrument and every ratio pair.

    A pair has closes only, as the two highs (or lows) need not fall in the same moment; a close-only bar has no
    range either. ``missing_before`` counts the sessions without a value since the row before, 0 at the first row.

    Args:
        bars: accepted bars (``core.Bar``).
        ratios: ratio pairs (``core.Ratio``).
        sessions: the numbered calendar (``core.Session``).

    Returns:
        ``core.SeriesPrice``, key series_id and session, in that order.

    Raises:
        ValueError: a row stands on a day that is no session.
    """
    has_range = ~pl.col("is_close_only")
    of_instruments = bars.select(
        "session",
        "close",
        series_id="instrument_id",
        series_kind=pl.lit("instrument"),
        high=pl.when(has_range).then("high"),
        low=pl.when(has_range).then("low"),
    )
    of_pairs = ratios.select("session", close="ratio", series_id="pair_id", series_kind=pl.lit("pair"))
    stacked = pl.concat([of_instruments, of_pairs], how="diagonal")
    numbered = stacked.join(sessions.select("session", "session_number"), on="session", how="left")
    _require_sessions(numbered)
    step = pl.col("session_number").diff().over("series_id", order_by="session")
    return (
        numbered.with_columns(missing_before=step.fill_null(1) - 1)
        .select(SeriesPrice.column_names())
        .sort(SeriesPrice.primary_key())
    )


def _require_sessions(numbered: pl.DataFrame) -> None:
    """Raise where a value stands on a day that the calendar does not know."""
    stray = numbered.filter(pl.col("session_number").is_null())
    if not stray.is_empty():
        row = stray.sort("series_id", "session").row(0, named=True)
        raise ValueError(
            f"core.series_price {row['series_id']} {row['session']}: expected a session of core.session, was none"
        )
