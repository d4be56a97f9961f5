"""Pivots: confirmed swing highs and lows by fractals and by two zigzags.

Belongs here: ``core.pivot`` (docs/methods.md, B4), the fractal rule and the distances of the zigzags.
Not here: the loop of the zigzag (see ``scan.zigzag``), and whatever is made of pivots.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.contracts.core import Pivot
from pipelines.parameters import Parameters
from pipelines.transforms.scan import zigzag as scan
from pipelines.transforms.scan.layout import by_row

PERCENT = 100.0
KEY = ["series_id", "session"]
SIGNS = {"high": 1.0, "low": -1.0}


def pivots(prices: pl.DataFrame, averages: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Return the confirmed pivots of every series by each method.

    A row without a high or low (a pair, a close-only bar) counts with its close. The ATR zigzag starts with the
    first ATR of a series, so a pair has none, and sees no reversal on a row whose ATR is null.

    Args:
        prices: ``core.SeriesPrice`` of any number of series, in any order.
        averages: ``core.MovingAverage`` of the same rows, for ``atr_14``.
        parameters: ``pivot_span_sessions``, ``zigzag_atr`` and ``zigzag_pct``.

    Returns:
        ``core.Pivot``, one row per series, method, kind and session of the extreme, sorted by these. The rows confirmed
        up to a session do not change with later sessions.
    """
    rows = (
        prices.join(averages.select(*KEY, "atr_14"), on=KEY, how="left")
        .select(*KEY, "atr_14", *(pl.coalesce(side, "close") for side in SIGNS))
        .sort(KEY)
        .with_columns(row=pl.int_range(pl.len()).over("series_id"), series=pl.col("series_id").rank("dense") - 1)
    )
    atr, none = pl.col("atr_14") * parameters.zigzag_atr, pl.lit(0.0)
    found = [
        *(_fractals(rows, kind, parameters.pivot_span_sessions) for kind in SIGNS),
        _zigzags(rows, "zigzag_atr", points=atr, share=0.0),
        _zigzags(rows, "zigzag_pct", points=none, share=parameters.zigzag_pct / PERCENT),
    ]
    return pl.concat(found).sort(Pivot.primary_key())


def _fractals(rows: pl.DataFrame, kind: str, span: int) -> pl.DataFrame:
    """Return the rows that are the extreme of ``span`` rows on either side; of equal extremes the latest."""
    value = pl.col(kind) * SIGNS[kind]
    highest = value.rolling_max(span)
    is_extreme = (value >= highest.shift(1)) & (value > highest.shift(-span))
    marked = rows.with_columns(
        is_extreme=is_extreme.over("series_id", order_by="session"),
        confirmed_session=pl.col("session").shift(-span).over("series_id", order_by="session"),
        method=pl.lit("fractal"),
        kind=pl.lit(kind),
    )
    named = marked.filter("is_extreme").rename({"session": "extreme_session", kind: "price"})
    return named.select(Pivot.column_names())


def _zigzags(rows: pl.DataFrame, method: str, points: pl.Expr, share: float) -> pl.DataFrame:
    """Return the turning points of a zigzag whose reversals measure ``points`` plus ``share`` of the extreme."""
    with_points = rows.with_columns(points=points)
    highs, lows, distances = (by_row(with_points, with_points[column]) for column in ("high", "low", "points"))
    turns = scan.zigzag(highs, lows, distances, share)
    start = np.flatnonzero(rows["row"].to_numpy() == 0)
    extreme, confirmed = (start[turns.series] + row for row in (turns.extreme_row, turns.confirmed_row))
    at_extreme = rows[extreme]
    is_high = pl.Series(turns.side == scan.HIGH)
    return at_extreme.select(
        "series_id",
        method=pl.lit(method),
        kind=pl.when(is_high).then(pl.lit("high")).otherwise(pl.lit("low")),
        extreme_session="session",
        price=pl.when(is_high).then("high").otherwise("low"),
        confirmed_session=rows["session"][confirmed],
    )
