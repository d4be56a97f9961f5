"""What breadth is made of: how many members an index has, and what their bars add up to, per sector and session.

Belongs here: counts and sums. Not here: percentages, running measures and why one is null (``breadth``).
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from pipelines.contracts.vocabulary import ALL_SECTORS, MEMBERSHIP_QUALITIES
from pipelines.parameters import Parameters

SMA_SPANS = (50, 200)
FLOAT_NOISE = 1e-9
"""A close that exceeds its average by no more than this fraction of it equals it: the rest is the running sum's."""

_GROUP = ("index_id", "sector")
_KEY = (*_GROUP, "session")
_SYMBOLS_AT_ONCE = 250
"""Stocks whose bars are looked at together: it bounds the memory, whatever the number of stocks."""
_COUNTED = ("members", "without_weight", *MEMBERSHIP_QUALITIES)


def members_of(spells: pl.DataFrame, days: pl.Series) -> pl.DataFrame:
    """Return how many members each index and sector has at each session, and the weakest quality of theirs.

    Every index and sector has a row at every session. Members are counted by those who come and go.
    """
    counted = spells.select(
        *_GROUP,
        first=days.search_sorted(spells["effective_from"], side="left"),
        end=days.search_sorted(spells["effective_to"].fill_null(dt.date.max), side="left"),
        members=pl.lit(1),
        without_weight=pl.col("weight_share").is_null().cast(pl.Int32),
        **{name: (pl.col("membership_quality") == name).cast(pl.Int32) for name in MEMBERSHIP_QUALITIES},
    )
    counted = pl.concat([counted, counted.with_columns(sector=pl.lit(ALL_SECTORS))])
    changes = pl.concat(
        counted.select(*_GROUP, pl.col(edge).alias("day"), pl.col(_COUNTED).cast(pl.Int64) * sign)
        for edge, sign in (("first", 1), ("end", -1))
    )
    grid = counted.select(_GROUP).unique().join(pl.DataFrame({"session": days}).with_row_index("day"), how="cross")
    weakest = [pl.when(pl.col(name) > 0).then(pl.lit(name)) for name in reversed(MEMBERSHIP_QUALITIES)]
    return (
        grid.join(changes.group_by(*_GROUP, "day").sum(), on=[*_GROUP, "day"], how="left")
        .sort(_KEY)
        .with_columns(pl.col(_COUNTED).fill_null(0).cum_sum().over(_GROUP))
        .select(*_KEY, "members", "without_weight", membership_quality=pl.coalesce(weakest))
    )


def tallies_of(stock_bars: pl.DataFrame, spells: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Return what the bars of the members add up to, per index, sector (and ``ALL``) and session.

    Sums are made in a fixed order of symbols, for the sake of their last digit.
    """
    columns = stock_bars.select("instrument_id", "session", "high", "low", "close")
    symbols = spells["symbol"].unique().sort()
    parts = []
    for at in range(0, len(symbols), _SYMBOLS_AT_ONCE):
        some = symbols.slice(at, _SYMBOLS_AT_ONCE).implode()
        facts = _facts(columns.filter(pl.col("instrument_id").is_in(some)), parameters)
        own = spells.filter(pl.col("symbol").is_in(some)).sort("effective_from")
        parts += [_tally(facts, of_index) for of_index in own.partition_by("index_id", maintain_order=True)]
    by_sector = pl.concat(parts).group_by(_KEY, maintain_order=True).sum().sort(_KEY)
    whole = by_sector.with_columns(sector=pl.lit(ALL_SECTORS)).group_by(_KEY, maintain_order=True).sum()
    return pl.concat([by_sector, whole])


def _facts(bars: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Return what each bar says by itself and by those of its stock before; null where there are too few of them."""
    high, low, close = pl.col("high"), pl.col("low"), pl.col("close")
    before = close.shift(1).over("instrument_id")
    span = parameters.breadth_extreme_sessions - 1

    def most(price: pl.Expr) -> pl.Expr:
        return price.shift(1).rolling_max(span).over("instrument_id")

    def least(price: pl.Expr) -> pl.Expr:
        return price.shift(1).rolling_min(span).over("instrument_id")

    above = {f"above_{n}": close / close.rolling_mean(n).over("instrument_id") - 1 > FLOAT_NOISE for n in SMA_SPANS}
    return bars.sort("instrument_id", "session").select(
        "session",
        **above,
        symbol="instrument_id",
        advances=close > before,
        declines=close < before,
        change=close / before - 1,
        new_highs=high > most(high),
        new_lows=low < least(low),
        new_high_closes=close > most(close),
        new_low_closes=close < least(close),
    )


def _tally(facts: pl.DataFrame, spells: pl.DataFrame) -> pl.DataFrame:
    """Return sums over the members of one index, by sector and session; ``spells`` in the order of their beginning."""
    members = facts.join_asof(
        spells.select("index_id", "sector", "symbol", "weight_share", "effective_from", "effective_to"),
        left_on="session",
        right_on="effective_from",
        by="symbol",
        check_sortedness=False,
    ).filter(pl.col("index_id").is_not_null(), pl.col("session") < pl.col("effective_to").fill_null(dt.date.max))
    weight = pl.when(pl.col("change").is_not_null()).then("weight_share")
    flags = [name for name, dtype in facts.schema.items() if dtype == pl.Boolean]
    return members.group_by(_KEY, maintain_order=True).agg(
        pl.col(flags).sum().cast(pl.Int64),
        pl.col("change").sum(),
        weight=weight.sum(),
        weighted_change=(weight * pl.col("change")).sum(),
        present=pl.len().cast(pl.Int64),
        **{f"eligible_{n}": pl.col(f"above_{n}").count().cast(pl.Int64) for n in SMA_SPANS},
        eligible_change=pl.col("change").count().cast(pl.Int64),
        eligible_extreme=pl.col("new_highs").count().cast(pl.Int64),
    )
