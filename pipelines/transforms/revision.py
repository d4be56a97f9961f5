"""Later versions of bars: what a vendor restated, when and by how much (docs/methods.md, B8).

Belongs here: ``core.bar_revision``, and by how much a price has to move to have moved. Not here: which version counts
(``bar``), which states moved (``state_change``).
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
    changes = {name: change_bp(name, f"earlier_{name}") for name in PRICES}
    is_material = pl.any_horizontal(has_moved(name, f"earlier_{name}", parameters) for name in PRICES if name != "open")
    return (
        later.with_columns(
            asset_class=pl.lit(asset_class),
            kind=kind,
            close_change_bp=changes["close"],
            range_change_bp=pl.max_horizontal(changes["high"].abs(), changes["low"].abs()),
            is_material=is_material,
        )
        .drop_nulls("kind")
        .select(core.BarRevision.column_names())
        .sort(core.BarRevision.primary_key())
    )


def change_bp(name: str, before: str) -> pl.Expr:
    """Return a price over that of another column, less one, in basis points."""
    return ((pl.col(name) / pl.col(before) - 1) * _BASIS_POINTS).round(_DIGITS)


def has_moved(name: str, before: str, parameters: Parameters) -> pl.Expr:
    """Return whether a price of a bar moved from a version to the next by more than vendors' noise.

    A close did by more than ``revision_close_bp``, any other price by ``revision_range_bp`` or more.

    Args:
        name: ``open``, ``high``, ``low`` or ``close``.
        before: The column of the version before.
        parameters: see above.
    """
    change = change_bp(name, before).abs()
    return change > parameters.revision_close_bp if name == "close" else change >= parameters.revision_range_bp


def _differs(*names: str) -> pl.Expr:
    return pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"earlier_{name}")) for name in names)
