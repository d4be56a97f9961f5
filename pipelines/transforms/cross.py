"""Golden and death crosses of the 50- and 200-session average.

Belongs here: the events of ``core.cross`` (docs/methods.md, B1).
Not here: the averages themselves (``moving_average``).
"""

from __future__ import annotations

import polars as pl

from pipelines.contracts.core import Cross

ROUND_OFF = 1e-12
"""Share of the average below which two averages differ by floating point alone, and so are equal."""


def crosses(averages: pl.DataFrame) -> pl.DataFrame:
    """Return the sessions on which SMA50 changes to the other side of SMA200.

    Equal averages, and sessions on which either is null, keep the side held before. The first known side is no event.

    Args:
        averages: ``core.MovingAverage`` of any number of series, in any order.

    Returns:
        ``core.Cross``, one row per event, sorted by ``series_id`` and ``session``; ``golden`` where SMA50 rises above
        SMA200, ``death`` where it falls below. Formula: docs/methods.md, B1.
    """
    side = pl.col("side")
    return (
        averages.lazy()
        .with_columns(_side().forward_fill().over("series_id", order_by="session").alias("side"))
        .with_columns(side.shift(1).over("series_id", order_by="session").alias("side_before"))
        .filter(side != pl.col("side_before"))
        .with_columns(side.alias("cross"))
        .select(Cross.column_names())
        .sort(Cross.primary_key())
        .collect()
    )


def _side() -> pl.Expr:
    """Name of the cross that leads to this side; null where the averages are equal or one is null."""
    lead = pl.col("sma_50") / pl.col("sma_200") - 1
    return pl.when(lead > ROUND_OFF).then(pl.lit("golden")).when(lead < -ROUND_OFF).then(pl.lit("death"))
