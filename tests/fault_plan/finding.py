"""What a warehouse says of the market beside what is true: every row that is not simply right, and why.

Findings of bars: ``wrong``; ``extra``; ``revised`` (differs, and is told as a revision); ``absent: <reason>``;
``held: <rule>``. Reasons are ``held``, a rule of rejection, the outcome of the last question, ``not asked``,
``missing`` (between bars) and ``behind`` (after the last bar). Findings of actions: ``split wrong``, ``split absent``,
``split left out: <reason>``, and the same of a dividend.

Belongs here: the comparison, row by row. Not here: what is true (``truth``), or what is stated (``stage``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from pipelines.contracts import core, raw
from pipelines.storage.lake import Lake
from tests.fault_plan.truth import Truth
from tests.vendor.listing import INDICES

KEY = ["instrument_id", "session"]
FINDING = {"instrument_id": pl.String, "session": pl.Date, "finding": pl.String}
_PRICES = ("open", "high", "low", "close")
_CHUNK = 200


class Said(NamedTuple):
    """What the lake says of bars that are held back, restated, rejected, and of what was asked."""

    held: pl.DataFrame
    revised: pl.DataFrame
    rejected: pl.DataFrame
    outcomes: pl.DataFrame


def stock_findings(lake: Lake, truth: Truth, symbols: Sequence[str]) -> pl.DataFrame:
    """Return one row per ``instrument_id``, ``session`` and ``finding`` of stocks; what is right is not named."""
    said = _said(lake)
    held = said.held.filter(asset_class="stock").select(*KEY, finding=pl.lit("held: ") + pl.col("rule"))
    found = [pl.DataFrame(schema=FINDING), held, _of_actions(lake, truth, symbols)]
    for begin in range(0, len(symbols), _CHUNK):
        found.append(_of_bars(lake, truth, symbols[begin : begin + _CHUNK], said))
    return pl.concat(found).unique().sort(*KEY, "finding")


def index_findings(lake: Lake, truth: Truth) -> pl.DataFrame:
    """Return the same of the four indices; an absent bar is ``missing`` where ``core.missing_session`` says so."""
    true = truth.market.true_bars(list(INDICES), truth.day).with_columns(vendor_symbol=pl.lit(None, pl.String))
    said = _said(lake)
    stated = lake.read(core.Bar).with_columns(split_factor=1.0, true_factor=1.0, coarseness=1.0)
    judged = _judged(true, stated, said)
    gaps = lake.read(core.MissingSession).select(*KEY, told=pl.lit("absent: missing"))
    absent = judged.filter(finding="absent").join(gaps, on=KEY, how="left")
    held = said.held.filter(asset_class="index").select(*KEY, finding=pl.lit("held: ") + pl.col("rule"))
    missing = absent.select(*KEY, finding=pl.col("told").fill_null("absent"))
    return pl.concat([judged.filter(pl.col("finding") != "absent").select(*FINDING), missing, held]).sort(*KEY)


def _said(lake: Lake) -> Said:
    outcomes = (
        lake.scan(raw.FetchOutcome)
        .sort("fetched_at")
        .group_by("vendor_symbol")
        .agg(
            newest=pl.col("outcome").last(),
            covered_to=pl.col("asked_to").filter(pl.col("outcome") == "ok").max(),
        )
    )
    return Said(
        lake.read(core.QuarantinedBar),
        lake.scan(core.BarRevision).select(KEY).unique().collect(),
        lake.read(raw.RejectedRow).unique(KEY).select(*KEY, rejected="rule"),
        outcomes.collect(),
    )


# Bars


def _of_bars(lake: Lake, truth: Truth, symbols: Sequence[str], said: Said) -> pl.DataFrame:
    true = truth.bars(symbols)
    names = true["instrument_id"].unique().to_list()
    bars = lake.scan(core.StockBar).filter(pl.col("instrument_id").is_in(names)).collect()
    judged = _judged(true, bars.join(_true_factors(bars, truth, symbols), on=KEY), said)
    last = bars.group_by("instrument_id").agg(last=pl.col("session").max())
    absent = judged.filter(finding="absent").join(last, on="instrument_id", how="left")
    return pl.concat([judged.filter(pl.col("finding") != "absent").select(*FINDING), _reasons(absent, said)])


def _judged(true: pl.DataFrame, stated: pl.DataFrame, said: Said) -> pl.DataFrame:
    """Return the rows that are not right, with ``finding``."""
    both = true.join(stated, on=KEY, how="full", suffix="_stated", coalesce=True)
    judged = both.join(said.revised.with_columns(is_revised=pl.lit(value=True)), on=KEY, how="left").with_columns(
        finding=pl.when(pl.col("close").is_null())
        .then(pl.lit("extra"))
        .when(pl.col("close_stated").is_null())
        .then(pl.lit("absent"))
        .when(~_is_right())
        .then(pl.when("is_revised").then(pl.lit("revised")).otherwise(pl.lit("wrong")))
    )
    return judged.filter(pl.col("finding").is_not_null())


def _is_right() -> pl.Expr:
    """Return whether a bar is the true one: prices to half a cent, volume to half a share of the vendor's rounding."""
    factor = pl.col("split_factor")
    prices = [(pl.col(f"{name}_stated") / factor - pl.col(name)).abs() < 0.005 for name in _PRICES]
    volume = (pl.col("volume_stated") * factor - pl.col("volume")).abs() <= pl.col("coarseness") / 2 + 1e-6
    is_factor = (factor / pl.col("true_factor") - 1).abs() < 1e-9
    return pl.all_horizontal(*prices, volume, is_factor).fill_null(value=False)


def _true_factors(bars: pl.DataFrame, truth: Truth, symbols: Sequence[str]) -> pl.DataFrame:
    """Return for each bar the true split factor to the shares of the instrument's last bar (``true_factor``).

    ``coarseness`` is how many traded shares one of the vendor's stands for after reverse splits.
    """
    splits = truth.actions(symbols).filter(action_type="split").select("instrument_id", "ex_session", "split_ratio")
    last = bars.group_by("instrument_id").agg(last=pl.col("session").max())
    is_later = pl.col("ex_session") > pl.col("session")
    one_over = 1 / pl.col("split_ratio")
    return (
        bars.select(KEY)
        .join(last, on="instrument_id")
        .join(splits, on="instrument_id", how="left")
        .group_by(KEY)
        .agg(
            true_factor=one_over.filter(is_later & (pl.col("ex_session") <= pl.col("last"))).product(),
            coarseness=pl.max_horizontal(pl.lit(1.0), one_over.filter(is_later).product()),
        )
    )


def _reasons(absent: pl.DataFrame, said: Said) -> pl.DataFrame:
    """Return why bars are absent, by what is stored."""
    is_beyond = pl.col("covered_to").is_null() | (pl.col("session") > pl.col("covered_to"))
    held = said.held.filter(asset_class="stock").select(*KEY, is_held=pl.lit(value=True))
    reason = (
        pl.when("is_held")
        .then(pl.lit("held"))
        .when(pl.col("rejected").is_not_null())
        .then("rejected")
        .when(is_beyond & (pl.col("newest") != "ok"))
        .then("newest")
        .when(is_beyond)
        .then(pl.lit("not asked"))
        .when(pl.col("session") > pl.col("last"))
        .then(pl.lit("behind"))
        .otherwise(pl.lit("missing"))
    )
    return (
        absent.select(*KEY, "vendor_symbol", "last")
        .join(held, on=KEY, how="left")
        .join(said.rejected, on=KEY, how="left")
        .join(said.outcomes, on="vendor_symbol", how="left")
        .select(*KEY, finding=pl.lit("absent: ") + reason)
    )


# Actions


def _of_actions(lake: Lake, truth: Truth, symbols: Sequence[str]) -> pl.DataFrame:
    """Return what is odd about actions up to the last bar of each stock; later ones are as absent as the bars."""
    key = ["instrument_id", "ex_session", "action_type"]
    last = lake.scan(core.StockBar).group_by("instrument_id").agg(last=pl.col("session").max()).collect()
    true = truth.actions(symbols).join(last, on="instrument_id").filter(pl.col("ex_session") <= pl.col("last"))
    stated = lake.read(core.StockAction).select(*key, "action_factor", "left_out_reason")
    both = true.join(stated, on=key, how="full", suffix="_stated", coalesce=True)
    is_same = (pl.col("action_factor_stated") / pl.col("action_factor") - 1).abs() < 2e-5
    # What lies before the first bar adjusts nothing, and rightly so.
    is_first = (pl.col("left_out_reason") == "no_bar_before") & pl.col("action_factor").is_null()
    finding = (
        pl.when(is_same | is_first)
        .then(None)
        .when(pl.col("left_out_reason").is_not_null())
        .then(pl.lit(" left out: ") + pl.col("left_out_reason"))
        .when(pl.col("action_factor_stated").is_null())
        .then(pl.lit(" absent"))
        .otherwise(pl.lit(" wrong"))
    )
    return both.select("instrument_id", session="ex_session", finding=pl.col("action_type") + finding).drop_nulls()
