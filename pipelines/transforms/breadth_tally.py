"""What breadth is made of: how many members an index has, and what their bars add up to, per sector and session.

Belongs here: counts and sums, of some stocks or of all, and sums of those. Not here: percentages, running measures and
why one is null (``breadth``).
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.contracts.kept import BreadthTally
from pipelines.contracts.vocabulary import ALL_SECTORS, MEMBERSHIP_QUALITIES
from pipelines.parameters import Parameters
from pipelines.transforms.price_rows import array_of
from pipelines.transforms.scan.flat import Floats, Integers, Layout, window_means

SMA_SPANS = (50, 200)
FLOAT_NOISE = 1e-9
"""A close that exceeds its average by no more than this fraction of it equals it: the rest is noise of the sums."""
LOOKED_AT = ("instrument_id", "session", "high", "low", "close")
"""Columns of ``core.StockBar`` that are looked at."""

_GROUP = ("index_id", "sector")
_KEY = (*_GROUP, "session")
_FLAGS = ("advances", "declines", "new_highs", "new_lows", "new_high_closes", "new_low_closes")
_SUMS = [name for name in BreadthTally.column_names() if name not in _KEY]


def rows_looked_back(parameters: Parameters) -> int:
    """Return how many bars of a stock have to stand in front of one, for all that it says to be known."""
    return max(*SMA_SPANS, parameters.breadth_extreme_sessions, 2) - 1


def tallies_of(stock_bars: pl.DataFrame, spells: pl.DataFrame, days: pl.Series, parameters: Parameters) -> pl.DataFrame:
    """Return what the bars of some stocks add up to, per index, sector and session.

    Sums are made in the order of symbols, for the sake of their last digit. What a bar says depends on the bars in its
    windows alone, wherever those given begin.

    Args:
        stock_bars: ``core.StockBar`` (``LOOKED_AT``), in any order: of a stock all bars, or those of ``days`` and in
            front of them as many as ``rows_looked_back`` says.
        spells: ``core.MemberSpell`` of these stocks and of those that have no bar; none of a symbol overlap.
        days: Sessions to count on, in order; each bar that is not in front stands on one.
        parameters: ``breadth_extreme_sessions``.

    Returns:
        ``kept.BreadthTally``, sorted by its key: a row wherever there is a member.
    """
    groups = spells.select(_GROUP).unique().sort(_GROUP)
    if groups.is_empty() or days.is_empty():
        return BreadthTally.create_empty()
    ordered = spells.sort("symbol", "effective_from").join(
        groups.with_row_index("group"), on=_GROUP, maintain_order="left"
    )
    first = days.search_sorted(ordered["effective_from"])
    end = days.search_sorted(ordered["effective_to"].fill_null(dt.date.max))
    ordered = ordered.with_columns(first.alias("first"), end.alias("end"))
    found = _members(ordered, len(groups), len(days))
    found |= _added_up(_facts(stock_bars, parameters), ordered, days, len(groups))
    return _as_rows(found, groups, days).filter(pl.col("members") > 0)


def whole_tallies(tallies: pl.DataFrame, indices: pl.Series, days: pl.Series) -> pl.DataFrame:
    """Return what the tallies of several parts of the stocks add up to, of sectors and of each whole index.

    Args:
        tallies: ``kept.BreadthTally`` of the parts, one under the other; their order is that of adding.
        indices: Every index; one without a member counts too.
        days: Every session.

    Returns:
        Columns of ``kept.BreadthTally``, sorted by its key: every index (sector ``ALL``) and every sector that has a
        member on any of the sessions, at every session.
    """
    whole = pl.DataFrame({"index_id": indices, "sector": ALL_SECTORS}, schema=tallies.select(_GROUP).schema)
    groups = pl.concat([tallies.select(_GROUP), whole]).unique().sort(_GROUP)
    group = tallies.join(groups.with_row_index("group"), on=_GROUP, maintain_order="left")["group"].to_numpy()
    cell = group.astype(np.int64) * len(days) + days.search_sorted(tallies["session"]).to_numpy()
    numbered = groups.with_row_index("group")
    of_index = numbered.join(numbered.filter(sector=ALL_SECTORS), on="index_id", suffix="_whole", maintain_order="left")
    sectors = of_index.filter(pl.col("group") != pl.col("group_whole"))
    found = {}
    for name in _SUMS:
        values = _totals(cell, array_of(tallies[name]), len(groups), len(days))
        np.add.at(values, sectors["group_whole"].to_numpy(), values[sectors["group"].to_numpy()])
        found[name] = values
    return _as_rows(found, groups, days)


def _members(spells: pl.DataFrame, groups: int, days: int) -> dict[str, Floats]:
    """Return, by group and day, how many members there are of each kind: counted by those who come and go."""
    counted = spells.select(
        members=pl.lit(1),
        without_weight=pl.col("weight_share").is_null(),
        **{name: pl.col("membership_quality") == name for name in MEMBERSHIP_QUALITIES},
    )
    group, first, end = (spells[name].to_numpy() for name in ("group", "first", "end"))
    found = {}
    for name in counted.columns:
        changes = np.zeros((groups, days + 1))
        np.add.at(changes, (group, first), array_of(counted[name]))
        np.subtract.at(changes, (group, end), array_of(counted[name]))
        found[name] = np.cumsum(changes[:, :days], axis=1)
    return found


def _facts(bars: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Return what each bar says by itself and by those of its stock before; null where there are too few of them.

    Sorted by stock and session; true is 1, false 0.
    """
    rows = bars.select(LOOKED_AT).sort("instrument_id", "session")
    layout = Layout.of_lengths(rows["instrument_id"].rle().struct.field("len").to_numpy())
    high, low, close, row = pl.col("high"), pl.col("low"), pl.col("close"), pl.lit(pl.Series(layout.row))
    before = pl.when(row > 0).then(close.shift(1))
    span = parameters.breadth_extreme_sessions - 1
    means = window_means(array_of(rows["close"]), SMA_SPANS, layout)

    def most(price: pl.Expr) -> pl.Expr:
        return pl.when(row >= span).then(price.shift(1).rolling_max(span))

    def least(price: pl.Expr) -> pl.Expr:
        return pl.when(row >= span).then(price.shift(1).rolling_min(span))

    above = {n: close / pl.lit(pl.Series(mean, nan_to_null=True)) - 1 > FLOAT_NOISE for n, mean in means.items()}
    flags = {
        **{f"above_{n}": is_above for n, is_above in above.items()},
        **dict(
            zip(
                _FLAGS,
                (
                    close > before,
                    close < before,
                    high > most(high),
                    low < least(low),
                    close > most(close),
                    close < least(close),
                ),
                strict=True,
            )
        ),
    }
    return rows.select(
        "instrument_id",
        "session",
        change=close / before - 1,
        **{name: flag.cast(pl.Float64) for name, flag in flags.items()},
    )


def _added_up(facts: pl.DataFrame, spells: pl.DataFrame, days: pl.Series, groups: int) -> dict[str, Floats]:
    """Return, by group and day, the sums over the bars of members, and how many of them say something."""
    facts = facts.filter(pl.col("session") >= days[0])
    bar, spell = _bars_of_spells(facts, spells, days)
    day = days.search_sorted(facts["session"]).to_numpy()
    cell = spells["group"].to_numpy().astype(np.int64)[spell] * len(days) + day[bar]

    def total(values: npt.NDArray) -> Floats:
        return _totals(cell, values, groups, len(days))

    said = {name: array_of(facts[name])[bar] for name in facts.columns[2:]}
    weight = np.where(np.isnan(said["change"]), np.nan, array_of(spells["weight_share"])[spell])
    found = {name: total(np.nan_to_num(values)) for name, values in said.items()}
    eligible = {"50": "above_50", "200": "above_200", "change": "change", "extreme": "new_highs"}
    found |= {f"eligible_{name}": total(~np.isnan(said[of])) for name, of in eligible.items()}
    return found | {
        "present": total(np.ones(len(bar))),
        "weight": total(np.nan_to_num(weight)),
        "weighted_change": total(np.nan_to_num(weight * said["change"])),
    }


def _bars_of_spells(facts: pl.DataFrame, spells: pl.DataFrame, days: pl.Series) -> tuple[Integers, Integers]:
    """Return which bars count for which spells, as places of both, in the order of the spells.

    The bars of a stock lie one under the other, so those of a spell are a stretch of them.
    """
    stocks = facts.select(pl.col("instrument_id").unique(maintain_order=True)).with_row_index("stock")
    of_bar = facts.join(stocks, on="instrument_id", maintain_order="left")["stock"].to_numpy().astype(np.int64)
    own = (
        spells.with_row_index("spell")
        .join(stocks, left_on="symbol", right_on="instrument_id", maintain_order="left")
        .sort("spell")
    )
    stock = own["stock"].to_numpy().astype(np.int64)
    place = of_bar * len(days) + days.search_sorted(facts["session"]).to_numpy()
    begin, end = (
        np.searchsorted(place, stock * len(days) + own[edge].to_numpy().astype(np.int64)) for edge in ("first", "end")
    )
    count = np.maximum(end - begin, 0)
    layout = Layout.of_lengths(count[count > 0])
    has_bars = np.flatnonzero(count)
    return begin[has_bars][layout.of] + layout.row, own["spell"].to_numpy()[has_bars][layout.of]


def _totals(cell: Integers, values: npt.NDArray, groups: int, days: int) -> Floats:
    """Return sums by group and day, made one value after the other in the order given."""
    totals: Floats = np.bincount(cell, weights=values.astype(float), minlength=groups * days).astype(float)
    return totals.reshape(groups, days)


def _as_rows(found: dict[str, Floats], groups: pl.DataFrame, days: pl.Series) -> pl.DataFrame:
    """Return arrays by group and day as ``kept.BreadthTally``, with a row for each."""
    every = groups.join(pl.DataFrame({"session": days}), how="cross", maintain_order="left_right")
    kinds = {name: column.dtype for name, column in BreadthTally.columns().items()}
    return every.with_columns(
        pl.Series(name, values.ravel()).cast(kinds[name]) for name, values in found.items()
    ).select(list(kinds))
