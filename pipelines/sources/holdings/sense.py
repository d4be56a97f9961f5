"""Whether the holdings of a file make sense together: columns that stand under each other's names are found.

Belongs here: what holds of the holdings of any fund of stocks of the United States, in whatever layout.
Not here: single cells (``holding``), or the end of a body (``table`` and the layouts).

None of it judges one row: a wrong digit in a well formed number is not found here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import polars as pl

from pipelines.sources.received import Unreadable

NUMBERS = ("market_value", "printed_weight_pct", "quantity", "holding_price")
_TICKER = r"^(?:-|[A-Za-z0-9][A-Za-z0-9._/-]{0,11})$"
_MOST_WEIGHT_PCT = 150.0
"""Printed weights add up to more than 100 where collateral for stocks that were lent is among the holdings."""
_LEAST_WEIGHT_PCT = 90.0
_FEWEST_TO_ADD_UP = 20
"""Only made-up files have fewer records, and their weights need not add up."""
_WEIGHT_MISS_PCT = 25.0
_VALUE_MISS_SHARE = 0.02
"""Prices are rounded: those near a quarter dollar miss by this much."""
_EQUITY = "Equity"


def require_sense(rows: pl.DataFrame, columns: Collection[str], signs: Mapping[str, str]) -> None:
    """Raise where columns hold other things than they are called.

    Half of the tickers look like tickers, and more than half of tickers and of names differ. Somewhere a name has
    letters, each column of ``signs`` what its pattern says, and each column of numbers a number. Printed weights add up
    to no more than 150 per cent, and where the file has market values, weights as shares of their sum are within 25
    points of the market values as shares of theirs, all in all. Of stocks the market value is price times quantity
    within two per cent, for half of them at least, and quantities are whole at least as often as prices.

    Args:
        rows: ``ReceivedHolding``.
        columns: The columns that the layout has.
        signs: For columns of text, a pattern that some value has.

    Raises:
        Unreadable: something of it does not hold.
    """
    _require_texts(rows, signs)
    for column in NUMBERS:
        if column in columns and rows[column].null_count() == rows.height:
            raise Unreadable(f"expected numbers as {column}, was none")
    weights, values = (rows[column].fill_null(0.0) for column in ("printed_weight_pct", "market_value"))
    if weights.sum() > _MOST_WEIGHT_PCT:
        raise Unreadable(f"expected weights that add up to about 100 per cent, was {weights.sum():,.2f}")
    if weights.sum() > 0 and values.sum() > 0:
        miss = (100 * weights / weights.sum() - 100 * values / values.sum()).abs().sum() / 2
        if miss > _WEIGHT_MISS_PCT:
            raise Unreadable(f"expected weights like the shares of the market values, was {miss:,.1f} points off")
    _require_products(rows)


def require_weights_add_up(rows: pl.DataFrame) -> None:
    """Raise where printed weights fall short of 100 per cent by more than ten points: records are missing.

    Of fewer than 20 records this is not asked.

    Raises:
        Unreadable: they do.
    """
    total = rows["printed_weight_pct"].sum()
    if rows.height >= _FEWEST_TO_ADD_UP and total < _LEAST_WEIGHT_PCT:
        raise Unreadable(
            f"expected weights that add up to about 100, was {total:,.2f} in {rows.height} records: it is cut off"
        )


def _require_texts(rows: pl.DataFrame, signs: Mapping[str, str]) -> None:
    tickers = rows["ticker"]
    if tickers.str.contains(_TICKER).sum() * 2 < rows.height:
        raise Unreadable(f"expected tickers, was {_shown(tickers)}")
    for column in ("ticker", "holding_name"):
        if rows[column].drop_nulls().n_unique() * 2 <= rows.height:
            raise Unreadable(f"expected a {column} that differs from row to row, was {_shown(rows[column])}")
    for column, pattern in {"holding_name": "[A-Za-z]", **signs}.items():
        if not rows[column].str.contains(pattern).any():
            raise Unreadable(f"expected a {column} like {pattern} somewhere, was {_shown(rows[column])}")


def _require_products(rows: pl.DataFrame) -> None:
    """Hold price times quantity against the market value, where a file prints all three."""
    price, quantity, value = pl.col("holding_price"), pl.col("quantity"), pl.col("market_value")
    stocks = rows.filter(pl.col("printed_asset_class") == _EQUITY, price * quantity * value != 0)
    agrees = stocks.select(((price * quantity - value).abs() <= _VALUE_MISS_SHARE * value.abs()).sum()).item()
    if agrees * 2 < stocks.height:
        raise Unreadable(
            f"expected market values of price times quantity, was so in {agrees} of {stocks.height} stocks"
        )
    whole = stocks.select((column % 1 == 0).sum() for column in (price, quantity)).row(0)
    if whole[1] < whole[0]:
        raise Unreadable(f"expected more whole quantities than whole prices, was {whole[1]} and {whole[0]}")


def _shown(column: pl.Series) -> str:
    return ", ".join(str(value) for value in column.unique(maintain_order=True).head(5))
