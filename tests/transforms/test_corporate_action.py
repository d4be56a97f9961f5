"""Splits undone and applied: prices in the shares of their own session, and the factors of adjusted series."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from pipelines.transforms.corporate_action import as_traded
from tests.frames import days

DAYS = days(6)


def received(closes: list[float], symbol: str = "A") -> pl.DataFrame:
    """Return bars as a source hands them over: all prices equal to the close, 600 shares traded."""
    size = len(closes)
    return pl.DataFrame(
        {"instrument_id": [symbol] * size, "session": days(size), "close": closes, "volume": [600.0] * size}
    ).with_columns(open="close", high="close", low="close", adjusted_close=pl.col("close") / 2)


def splits(*rows: tuple[str, dt.date, float]) -> pl.DataFrame:
    return pl.DataFrame(
        list(rows),
        schema={"instrument_id": pl.String, "ex_session": pl.Date, "split_ratio": pl.Float64},
        orient="row",
    )


@pytest.mark.parametrize(
    ("ratios", "day", "closes"),
    [
        pytest.param([], DAYS[5], [12, 12, 12, 12, 12, 12], id="no split"),
        pytest.param([(2, 2.0)], DAYS[5], [24, 24, 12, 12, 12, 12], id="the ex-session trades in new shares"),
        pytest.param([(2, 2.0), (4, 3.0)], DAYS[5], [72, 72, 36, 36, 12, 12], id="two splits multiply"),
        pytest.param([(2, 0.1)], DAYS[5], [1.2, 1.2, 12, 12, 12, 12], id="reverse split"),
        pytest.param([(5, 2.0)], DAYS[4], [12, 12, 12, 12, 12, 12], id="announced, not effective on the day"),
        pytest.param([(5, 2.0)], DAYS[5], [24, 24, 24, 24, 24, 12], id="effective on the day of the fetch"),
        pytest.param([(2, 2.0), (2, 3.0)], DAYS[5], [72, 72, 12, 12, 12, 12], id="two on one day"),
    ],
)
def test_prices_come_back_in_the_shares_of_their_session(
    ratios: list[tuple[int, float]], day: dt.date, closes: list[float]
) -> None:
    traded = as_traded(received([12.0] * 6), splits(*(("A", DAYS[at], ratio) for at, ratio in ratios)), day)
    expected = pl.Series("close", closes, dtype=pl.Float64)
    for name in ("open", "high", "low", "close"):
        assert traded[name].to_list() == pytest.approx(expected.to_list(), rel=1e-14)
    assert traded["adjusted_close"].to_list() == pytest.approx((expected / 2).to_list(), rel=1e-14)
    assert traded["volume"].to_list() == pytest.approx((600 * 12 / expected).to_list(), rel=1e-14)
    assert (traded["close"] * traded["split_factor"]).to_list() == pytest.approx([12.0] * 6, rel=1e-14)


def test_a_split_of_one_stock_leaves_the_others_and_the_order_alone() -> None:
    both = pl.concat([received([3.0] * 4, "B"), received([12.0] * 4)]).sample(fraction=1.0, shuffle=True, seed=4)
    traded = as_traded(both, splits(("A", DAYS[1], 2.0), ("C", DAYS[2], 5.0)), DAYS[5])
    assert traded.select("instrument_id", "session").equals(both.select("instrument_id", "session"))
    assert traded.columns == [*both.columns, "split_factor"]
    factors = dict(traded.select(pl.format("{} {}", "instrument_id", "session"), "split_factor").rows())
    assert {key for key, factor in factors.items() if factor != 1.0} == {f"A {DAYS[0]}"}


def test_null_prices_and_no_rows_stay_what_they_are() -> None:
    holes = received([12.0] * 3).with_columns(volume=pl.lit(None, pl.Float64), open=pl.lit(None, pl.Float64))
    traded = as_traded(holes, splits(("A", DAYS[2], 2.0)), DAYS[5])
    assert traded["volume"].null_count() == traded["open"].null_count() == 3
    assert as_traded(holes.clear(), splits(), DAYS[5]).is_empty()
