"""Later versions of bars: what a vendor restated, when and by how much (docs/methods.md, B8).

Belongs here: ``core.bar_revision``. Not here: which version counts (``bar``), which states moved (``state_change``).
"""

from __future__ import annotations

import polars as pl

from pipelines.contracts import core
from pipelines.parameters import Parameters

KEY = ("instrument_id", "session")
PRICES = ("open", "high", "low", "close")
_VALUES = (*PRICES, "volume")
_BASIS_POINTS = 10_000
_DIGITS = 9
"""Of a change in basis points; the rest is float noise, which must not decide what is material."""


def with_earlier(versions: pl.DataFrame) -> pl.DataFrame:
    """Add to each version its ordinal (``bar_version``, from 1) and the values before it, ``earlier_...``.

    Args:
        versions: ``raw.Bar`` or ``raw.StockBar``; of each bar in it every version known.
    """
    ordered = versions.sort(*KEY, "known_from")
    return ordered.with_columns(
        bar_version=pl.int_range(1, pl.len() + 1).over(KEY),
        **{f"earlier_{name}": pl.col(name).shift(1).over(KEY) for name in (*_VALUES, "known_from")},
    )


def bar_revisions(versions: pl.DataFrame, asset_class: str, parameters: Parameters) -> pl.DataFrame:
    """Return the later versions of bars, each with the values before and after.

    ``kind`` is ``close`` where the close differs, else ``range`` where open, high or low does, else ``volume``. A
    version that differs in none of them (the vendor's adjusted close alone) is left out, but counts as a version.

    Args:
        versions: see ``with_earlier``; bars with one version may be among them or not.
        asset_class: ``index`` or ``stock``: whose bars they are.
        parameters: ``revision_close_bp``, ``revision_range_bp``.

    Returns:
        ``core.BarRevision``, sorted by its key; changes in basis points of the earlier value.
    """
    later = with_earlier(versions).filter(pl.col("bar_version") > 1)
    kind = (
        pl.when(_differs("close"))
        .then(pl.lit("close"))
        .when(_differs("open", "high", "low"))
        .then(pl.lit("range"))
        .when(_differs("volume"))
        .then(pl.lit("volume"))
    )
    range_change = pl.max_horizontal(_change_bp("high").abs(), _change_bp("low").abs())
    is_material = (pl.col("close_change_bp").abs() > parameters.revision_close_bp) | (
        pl.col("range_change_bp") >= parameters.revision_range_bp
    )
    return (
        later.with_columns(
            asset_class=pl.lit(asset_class),
            kind=kind,
            close_change_bp=_change_bp("close"),
            range_change_bp=range_change,
        )
        .drop_nulls("kind")
        .with_columns(is_material=is_material)
        .select(core.BarRevision.column_names())
        .sort(core.BarRevision.primary_key())
    )


def _differs(*names: str) -> pl.Expr:
    return pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"earlier_{name}")) for name in names)


def _change_bp(name: str) -> pl.Expr:
    return ((pl.col(name) / pl.col(f"earlier_{name}") - 1) * _BASIS_POINTS).round(_DIGITS)
