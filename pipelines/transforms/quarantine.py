"""Which version of each bar stands: the newest one, unless a rule holds it back (docs/methods.md, B8).

Belongs here: ``core.bar``, ``core.stock_bar`` and ``core.quarantined_bar`` from versions. Not here: row rules
(``screen``), actions (``corporate_action``), or the walk through the fetches of a suspect (``scan.last_good``).

Every function takes any set of instruments, and of each all versions and all actions: what is held back is decided
per instrument. Only suspects are walked through: instruments with a close that was restated by more than
``split_least_change``, or with prices a ``hundredfold_least`` apart.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import numpy as np
import polars as pl

from pipelines.contracts import core, raw
from pipelines.parameters import Parameters
from pipelines.transforms.corporate_action import adjustment_factors, known_actions, stock_actions, with_factors
from pipelines.transforms.scan.last_good import (
    GOOD,
    HUNDREDFOLD,
    NO_ROW,
    PARTIAL_SPLIT,
    UNSEEN_SPLIT,
    Limits,
    Splits,
    hundredfold_away,
    last_good,
)

_KEY = ("instrument_id", "session")
_PRICES = ("open", "high", "low", "close")
_RULES = {UNSEEN_SPLIT: "unseen_split", PARTIAL_SPLIT: "partial_split", HUNDREDFOLD: "hundredfold"}
_HELD = pl.Schema({"at": pl.UInt32, "reference_at": pl.UInt32, "rule": pl.String, "is_torn": pl.Boolean})


def accepted_bars(
    versions: pl.DataFrame, known_at: dt.datetime, parameters: Parameters
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the bars of indices as known at a moment, and those whose newest version is held back.

    Args:
        versions: versions of bars (``raw.Bar``), all of the instruments given.
        known_at: the moment of the question; a version known at that very moment counts.
        parameters: see the module.

    Returns:
        ``core.Bar`` and ``core.QuarantinedBar``, sorted by their keys. ``versions`` counts all that were known, those
        held back among them; a session of which no version is good has no bar.
    """
    known = _known(versions, known_at)
    standing, held = _standing(known, _NO_ACTIONS, known_at, parameters)
    return _finished(standing, core.Bar), _evidence(known, held, "index")


def accepted_stock_bars(
    versions: pl.DataFrame, actions: pl.DataFrame, known_at: dt.datetime, parameters: Parameters
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the bars of stocks in shares of today as known at a moment, and those held back.

    A price is the traded one times ``split_factor``, the volume is over it; the factor is that of the splits that are
    effective by the last bar, known by then, and not left out (``corporate_action.stock_actions``).

    Args:
        versions: versions of bars as traded (``raw.StockBar``), all of the instruments given.
        actions: versions of actions (``raw.StockAction``), all of the instruments given; of others there may be some.
        known_at: the moment of the question; what became known at that very moment counts.
        parameters: see the module.

    Returns:
        ``core.StockBar`` and ``core.QuarantinedBar``, sorted by their keys; see ``accepted_bars``.
    """
    known = _known(versions, known_at)
    standing, held = _standing(known, actions, known_at, parameters)
    factors = _split_factors(standing, actions, known_at, parameters)
    bars = with_factors(standing, factors).with_columns(
        pl.col(_PRICES) * pl.col("split_factor"), volume=pl.col("volume") / pl.col("split_factor")
    )
    return _finished(bars, core.StockBar), _evidence(known, held, "stock")


_NO_ACTIONS = raw.StockAction.create_empty()


def _known(versions: pl.DataFrame, known_at: dt.datetime) -> pl.DataFrame:
    """Return what is known, sorted, with its place and whether the next row is of another bar."""
    known = versions.drop("split_factor", strict=False).filter(pl.col("known_from") <= known_at)
    rows = known.sort(raw.Bar.primary_key()).with_row_index("at")
    is_newest = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(-1)) for name in _KEY)
    return rows.with_columns(is_newest=is_newest)


def _standing(
    known: pl.DataFrame, actions: pl.DataFrame, known_at: dt.datetime, parameters: Parameters
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the version of each bar that stands with the count of all, and what is held back (``_HELD``)."""
    newest = known.filter("is_newest").with_columns(
        versions=(pl.col("at").cast(pl.Int64) - pl.col("at").cast(pl.Int64).shift(1, fill_value=-1))
    )
    names = _suspects(known, newest, parameters)
    if names.is_empty():
        return newest, pl.DataFrame(schema=_HELD)
    is_suspect = pl.col("instrument_id").is_in(names.implode())
    stated = known_actions(actions.filter(is_suspect), known_at)
    own = stated.partition_by("instrument_id", as_dict=True)
    judged = [
        _walked(rows, own.get(name, stated.clear()), known_at, parameters)
        for name, rows in known.filter(is_suspect).partition_by("instrument_id", as_dict=True).items()
    ]
    places = pl.DataFrame({"at": np.concatenate([places for places, _ in judged])})
    counts = newest.select(*_KEY, "versions")
    walked = known.join(places, on="at", how="semi").join(counts, on=_KEY, how="left", maintain_order="left")
    rest = newest.filter(~is_suspect)
    return pl.concat([rest, walked.select(rest.columns)]).sort(_KEY), pl.concat([held for _, held in judged])


def _suspects(known: pl.DataFrame, newest: pl.DataFrame, parameters: Parameters) -> pl.Series:
    """Return the instruments that have a version worth a closer look."""
    change = (pl.col("close") / pl.col("close").shift(1)).log().abs()
    is_restated = (change > math.log1p(parameters.split_least_change)) & ~pl.col("is_newest").shift(1)
    is_far = (change >= math.log(parameters.hundredfold_least)) & (
        pl.col("instrument_id") == pl.col("instrument_id").shift(1)
    )
    restated = known.filter(is_restated | _is_torn(parameters))["instrument_id"]
    return pl.concat([restated, newest.filter(is_far)["instrument_id"]]).unique()


def _is_torn(parameters: Parameters) -> pl.Expr:
    return pl.col("high") >= parameters.hundredfold_least * pl.col("low")


def _walked(
    rows: pl.DataFrame, actions: pl.DataFrame, known_at: dt.datetime, parameters: Parameters
) -> tuple[Any, pl.DataFrame]:
    """Return the places of the versions of one instrument that stand, and what is held back (``_HELD``)."""
    torn = rows.filter(_is_torn(parameters))
    whole = rows.filter(~_is_torn(parameters)).sort("fetched_at", "session")
    sessions = whole["session"].unique().sort()
    slot = sessions.search_sorted(whole["session"]).to_numpy().astype(np.int64)
    fetch = whole["fetched_at"].rank("dense").to_numpy().astype(np.int64)
    splits = _stated_splits(actions, sessions)
    price = np.log(whole["close"].to_numpy()) + _split_logs(splits, len(sessions))[slot]
    found = last_good(slot, fetch, price, splits, _limits(parameters))
    place = whole["at"].to_numpy()
    kept = found.row[found.row != NO_ROW]
    standing = whole[kept.tolist()]
    adjusted = standing["close"]
    if len(splits.slot):
        factors = _split_factors(standing, actions, known_at, parameters)
        adjusted = with_factors(standing, factors).select(pl.col("close") * pl.col("split_factor")).to_series()
    away = hundredfold_away(np.log(adjusted.to_numpy()), math.log(parameters.hundredfold_least))
    is_held, is_away = found.rule != GOOD, away != NO_ROW
    broken = [_RULES[rule] for rule in found.rule[is_held].tolist()]
    held = [
        _held(place, found.newest[is_held], found.row[is_held], broken),
        _held(place, kept[is_away], kept[away[is_away]], ["hundredfold"] * int(is_away.sum())),
        torn.filter("is_newest").select("at", reference_at=None, rule=pl.lit("hundredfold"), is_torn=True),
    ]
    return place[kept[~is_away]], pl.concat(rows.cast(_HELD) for rows in held)


def _held(place: Any, newest: Any, reference: Any, rule: list[str]) -> pl.DataFrame:
    """Return what is held back (``_HELD``), by the numbers of its rows among those at ``place``."""
    rows = pl.DataFrame({"at": place[newest], "reference": reference, "place": place[reference]})
    return rows.select(
        "at",
        reference_at=pl.when(pl.col("reference") != NO_ROW).then("place"),
        rule=pl.Series(rule, dtype=pl.String),
        is_torn=False,
    )


def _limits(parameters: Parameters) -> Limits:
    return Limits(
        least_change=math.log1p(parameters.split_least_change),
        tolerance=math.log1p(parameters.split_tolerance),
        least_sessions=parameters.split_least_sessions,
        history_share=parameters.split_history_share,
        checked_ratio=math.log(parameters.split_checked_ratio),
        hundredfold=math.log(parameters.hundredfold_least),
    )


def _stated_splits(actions: pl.DataFrame, sessions: pl.Series) -> Splits:
    """Return the splits of one instrument as the walk takes them; what the traded price shows is not asked here."""
    stated = actions.filter(pl.col("action_type") == "split")
    slot = sessions.search_sorted(stated["ex_session"]).to_numpy().astype(np.int64)
    return Splits(slot, log_ratio=stated["split_ratio"].log().to_numpy(), is_effective=slot < len(sessions))


def _split_logs(splits: Splits, size: int) -> Any:
    """Return the logarithm of the split factor of each slot."""
    slots = np.arange(size)[:, np.newaxis]
    return -np.where((slots < splits.slot) & splits.is_effective, splits.log_ratio, 0.0).sum(axis=1)


def _split_factors(
    standing: pl.DataFrame, actions: pl.DataFrame, known_at: dt.datetime, parameters: Parameters
) -> pl.DataFrame:
    """Return ``core.AdjustmentFactor`` of the splits; dividends count only where they explain the price of one."""
    splits = actions.filter(pl.col("action_type") == "split")
    closes = standing.join(splits, on="instrument_id", how="semi").select(*_KEY, traded_close="close")
    beside = actions.join(splits, on=("instrument_id", "ex_session"), how="semi")
    return adjustment_factors(stock_actions(beside, closes, known_at, parameters))


def _finished(bars: pl.DataFrame, table: type[core.Bar]) -> pl.DataFrame:
    is_close_only = pl.all_horizontal(pl.col("open", "high", "low") == pl.col("close"))
    return bars.with_columns(is_close_only=is_close_only).select(table.column_names())


def _evidence(known: pl.DataFrame, held: pl.DataFrame, asset_class: str) -> pl.DataFrame:
    """Return ``core.QuarantinedBar`` of what is held back; a bar that several rules hold back goes by the first."""
    at = known.select("at", *_KEY, "known_from", "high", "low", held_close="close")
    reference = known.select(reference_at="at", reference_session="session", reference_close="close")
    rows = held.join(at, on="at", how="left", maintain_order="left").join(
        reference, on="reference_at", how="left", maintain_order="left"
    )
    stood = (
        pl.when(pl.col("reference_close").is_null())
        .then(pl.lit("follows closes that are held back"))
        .otherwise(
            pl.format(
                "is {} times that of {}, {}",
                (pl.col("held_close") / pl.col("reference_close")).round_sig_figs(5),
                "reference_session",
                "reference_close",
            )
        )
    )
    evidence = (
        pl.when("is_torn")
        .then(pl.format("high {} is far above low {}", "high", "low"))
        .otherwise(pl.format("close {} {}", "held_close", stood))
    )
    return (
        rows.with_columns(evidence=evidence, asset_class=pl.lit(asset_class))
        .unique(_KEY, keep="first", maintain_order=True)
        .select(core.QuarantinedBar.column_names())
        .sort(core.QuarantinedBar.primary_key())
    )
