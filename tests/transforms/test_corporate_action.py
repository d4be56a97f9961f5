"""Splits undone and applied: prices in the shares of their own session, and the factors of adjusted series."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.contracts import core, raw
from pipelines.parameters import Parameters
from pipelines.transforms.corporate_action import adjustment_factors, as_traded, stock_actions, with_factors
from tests.frames import days

DAYS = days(6)
LATER = dt.datetime(2020, 3, 1, tzinfo=dt.UTC)


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


# Actions as they stand


def known(*rows: dict[str, Any]) -> pl.DataFrame:
    """Return versions of actions of A; each is read on the evening of the sixth day unless it says otherwise."""
    read = dt.datetime.combine(DAYS[5], dt.time(22), dt.UTC)
    common = {
        "instrument_id": "A", "known_from": read, "known_basis": "observed", "is_withdrawn": False,
        "vendor_symbol": "A", "source": "test", "payload_hash": "answer", "fetched_at": read,
    }  # fmt: skip
    filled = [common | row | {"action_type": "split" if "split_ratio" in row else "dividend"} for row in rows]
    return raw.StockAction.validate(pl.DataFrame(filled, schema=raw.StockAction.create_empty().schema))


def traded(closes: list[float], symbol: str = "A") -> pl.DataFrame:
    return pl.DataFrame({"instrument_id": symbol, "session": days(len(closes)), "traded_close": closes})


def judged(actions: pl.DataFrame, bars: pl.DataFrame, known_at: dt.datetime = LATER, **thresholds: float) -> list[Any]:
    found = stock_actions(actions, bars, known_at, Parameters(**thresholds))
    core.StockAction.validate(found)
    return found.select("action_type", "action_factor", "left_out_reason").rows()


FLAT = [50.0, 50.0, 50.0, 50.0, 50.0, 50.0]
SPLIT = [50.0, 50.0, 25.0, 25.0, 25.0, 25.0]


@pytest.mark.parametrize(
    ("action", "closes", "expected"),
    [
        pytest.param({"ex_session": DAYS[2], "split_ratio": 2.0}, SPLIT, (0.5, None), id="split"),
        pytest.param({"ex_session": DAYS[2], "split_ratio": 2.0}, FLAT, (None, "split_without_jump"), id="no jump"),
        pytest.param({"ex_session": DAYS[2], "split_ratio": 1.05}, FLAT, (1 / 1.05, None), id="too small to show"),
        pytest.param({"ex_session": DAYS[2], "split_ratio": 0.5}, FLAT, (None, "split_without_jump"), id="reverse"),
        pytest.param({"ex_session": days(7)[6], "split_ratio": 2.0}, SPLIT, (None, "not_effective"), id="announced"),
        pytest.param({"ex_session": DAYS[0], "split_ratio": 2.0}, SPLIT, (None, "no_bar_before"), id="before all"),
        pytest.param({"ex_session": DAYS[4], "dividend_amount": 1.0}, FLAT, (0.98, None), id="dividend"),
        pytest.param({"ex_session": DAYS[1], "dividend_amount": 1.0}, SPLIT, (0.96, None), id="split since then"),
        pytest.param({"ex_session": DAYS[4], "dividend_amount": 50.0}, FLAT, (None, "impossible_dividend"), id="all"),
        pytest.param({"ex_session": DAYS[4], "dividend_amount": 70.0}, FLAT, (None, "impossible_dividend"), id="more"),
        pytest.param({"ex_session": DAYS[0], "dividend_amount": 70.0}, FLAT, (None, "no_bar_before"), id="no close"),
        pytest.param({"ex_session": days(7)[6], "dividend_amount": 1.0}, FLAT, (None, "not_effective"), id="to come"),
    ],
)
def test_what_an_action_multiplies_by_and_why_it_does_not(
    action: dict[str, Any], closes: list[float], expected: tuple[float | None, str | None]
) -> None:
    split = {"ex_session": DAYS[2], "split_ratio": 2.0}
    others = [split] if closes is SPLIT and "dividend_amount" in action else []
    found = [row for row in judged(known(action, *others), traded(closes)) if row[0] != "split" or not others]
    assert [row[1:] for row in found] == [(pytest.approx(expected[0]) if expected[0] else None, expected[1])]


def test_a_dividend_is_in_shares_of_the_day_it_was_read() -> None:
    """A dollar a share read before the split, and half of it read afterwards, are the same dividend."""
    split = {"ex_session": DAYS[3], "split_ratio": 2.0}
    closes = [50.0, 50.0, 50.0, 25.0, 25.0, 25.0]
    early = dt.datetime.combine(DAYS[2], dt.time(22), dt.UTC)
    before = {"ex_session": DAYS[1], "dividend_amount": 1.0, "fetched_at": early, "known_from": early}
    after = {"ex_session": DAYS[1], "dividend_amount": 0.5}
    for dividends in ([before], [after], [before, after]):
        assert judged(known(split, *dividends), traded(closes)) == [("dividend", 0.98, None), ("split", 0.5, None)]


def test_a_dividend_read_beside_a_split_that_was_invented_stays_in_its_shares() -> None:
    """Read at a dollar, then at a quarter beside a split of four, which is gone with the next answer."""
    evenings = [dt.datetime.combine(day, dt.time(22), dt.UTC) for day in days(9)[6:]]
    first, second = ({"known_from": moment, "fetched_at": moment} for moment in evenings[:2])
    invented = {"ex_session": DAYS[5], "split_ratio": 4.0}
    versions = known(
        {"ex_session": DAYS[2], "dividend_amount": 1.0},
        {"ex_session": DAYS[2], "dividend_amount": 0.25, **first},
        invented | first,
        invented | second | {"is_withdrawn": True},
    )
    told = [judged(versions, traded(FLAT), moment) for moment in (evenings[0] - dt.timedelta(hours=1), *evenings[:2])]
    stays = ("dividend", 0.98, None)
    assert told == [[stays], [stays, ("split", None, "split_without_jump")], [stays]]


def test_a_dividend_on_the_day_of_a_split_is_in_new_shares() -> None:
    """As Yahoo states 55 yen beside a split of five on 2023-03-30 for a stock that had closed at 21,030."""
    actions = known({"ex_session": DAYS[2], "split_ratio": 5.0}, {"ex_session": DAYS[2], "dividend_amount": 55.0})
    closes = [20_910.0, 21_030.0, 4161.0, 4275.0, 4182.0, 4155.0]
    assert judged(actions, traded(closes)) == [("dividend", 1 - 55 / 4206, None), ("split", 0.2, None)]


def test_a_consolidation_that_a_special_dividend_hides_is_no_invention() -> None:
    """CNE.L on 2023-05-16: 33 new for 70 old shares and 115 pence paid on each old one; the price did not jump."""
    ratio = 33 / 70
    amount = {"ex_session": DAYS[2], "dividend_amount": 243.93939}
    closes = [217.0, 217.4, 205.1, 197.9, 196.8, 196.8]
    both = judged(known({"ex_session": DAYS[2], "split_ratio": ratio}, amount), traded(closes))
    assert both == [
        ("dividend", pytest.approx(1 - 243.93939 * ratio / 217.4), None),
        ("split", pytest.approx(1 / ratio), None),
    ]
    alone = judged(known({"ex_session": DAYS[2], "split_ratio": ratio}), traded(closes))
    assert alone == [("split", None, "split_without_jump")]


def test_the_newest_known_version_counts_and_a_withdrawn_action_is_gone() -> None:
    moments = [dt.datetime.combine(day, dt.time(22), dt.UTC) for day in days(9)[5:]]
    versions = known(
        {"ex_session": DAYS[4], "dividend_amount": 1.0},
        {"ex_session": DAYS[4], "dividend_amount": 2.0, "known_from": moments[1]},
        {"ex_session": DAYS[4], "dividend_amount": 2.0, "known_from": moments[2], "is_withdrawn": True},
    )
    told = [judged(versions, traded(FLAT), moment) for moment in (moments[0] - dt.timedelta(hours=1), *moments[:3])]
    assert told == [[], [("dividend", 0.98, None)], [("dividend", 0.96, None)], []]


@pytest.mark.parametrize(
    ("rule", "fetched", "amounts"),
    [
        ("unseen_split", 6, [0.5, 0.1]),
        ("partial_split", 6, [0.5, 0.1]),
        ("hundredfold", 6, [0.25, 0.1]),  # of one bar: it says nothing of dividends
        ("unseen_split", 7, [0.25, 0.1]),  # another answer's bars are held back
    ],
)
def test_what_came_with_bars_held_back_for_a_split_restates_no_dividend(
    rule: str, fetched: int, amounts: list[float]
) -> None:
    sessions = days(9)
    later, other = (dt.datetime.combine(sessions[at], dt.time(22), dt.UTC) for at in (6, fetched))
    restated = {"known_from": later, "fetched_at": later}
    versions = known(
        {"ex_session": sessions[2], "dividend_amount": 0.5},
        {"ex_session": sessions[2], "dividend_amount": 0.25, **restated},
        {"ex_session": sessions[5], "dividend_amount": 0.1, **restated},  # the first word of it
    )
    held = core.QuarantinedBar.create_empty().select("instrument_id", "known_from", "rule")
    held = pl.concat([held, pl.DataFrame([("A", other, rule)], schema=held.schema, orient="row")])
    found = stock_actions(versions, traded(FLAT), LATER, Parameters(), held)
    assert found["dividend_amount"].to_list() == amounts
    assert found["left_out_reason"].to_list() == [None, None]


def test_a_split_of_bars_that_are_held_back_does_not_count_for_the_dividend_that_stands() -> None:
    """A dollar on a close of a hundred is a hundredth, whatever the answer that is held back says of shares."""
    sessions = days(9)
    later = dt.datetime.combine(sessions[6], dt.time(22), dt.UTC)
    versions = known(
        {"ex_session": sessions[2], "dividend_amount": 1.0},
        {"ex_session": sessions[2], "dividend_amount": 0.5, "known_from": later, "fetched_at": later},
        {"ex_session": sessions[4], "split_ratio": 2.0, "known_from": later, "fetched_at": later},
    )
    held = core.QuarantinedBar.create_empty().select("instrument_id", "known_from", "rule")
    held = pl.concat([held, pl.DataFrame([("A", later, "partial_split")], schema=held.schema, orient="row")])
    found = stock_actions(versions, traded([100.0] * 6), LATER, Parameters(), held).filter(action_type="dividend")
    assert found.select("dividend_amount", "close_before", "action_factor").rows() == [(1.0, 100.0, 0.99)]


def test_the_least_ratio_that_must_show_is_a_parameter() -> None:
    actions = known({"ex_session": DAYS[2], "split_ratio": 2.0})
    assert judged(actions, traded(FLAT), split_checked_ratio=3.0) == [("split", 0.5, None)]


# Factors


def test_the_worked_example_of_the_help_pages() -> None:
    """Closes, a split of two and a dividend of eight cents, and the adjusted closes that Yahoo prints for them."""
    closes = [46.99, 48.30, 24.96, 24.91, 24.95, 24.53, 24.54]
    sessions = days(7)
    moment = dt.datetime.combine(sessions[6], dt.time(22), dt.UTC)
    actions = known(
        {"ex_session": sessions[2], "split_ratio": 2.0, "fetched_at": moment},
        {"ex_session": sessions[5], "dividend_amount": 0.08, "fetched_at": moment},
    )
    factors = adjustment_factors(stock_actions(actions, traded(closes), LATER, Parameters()))
    core.AdjustmentFactor.validate(factors)
    assert factors["ex_session"].to_list() == [sessions[2], sessions[5]]
    assert factors["split_factor"].to_list() == [0.5, 1.0]
    assert factors["dividend_factor"].to_list() == pytest.approx([1 - 0.08 / 24.95] * 2)
    adjusted = with_factors(traded(closes), factors).select(
        (pl.col("traded_close") * pl.col("split_factor") * pl.col("dividend_factor")).round(2)
    )
    assert adjusted.to_series().to_list() == [23.42, 24.07, 24.88, 24.83, 24.87, 24.53, 24.54]


def test_without_actions_every_factor_is_one() -> None:
    factors = adjustment_factors(stock_actions(known(), traded(FLAT), LATER, Parameters()))
    assert factors.is_empty()
    rows = with_factors(traded(FLAT), factors)
    assert rows.select("split_factor", "dividend_factor").unique().rows() == [(1.0, 1.0)]
    assert rows.drop("split_factor", "dividend_factor").equals(traded(FLAT))


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(st.integers(1, 11), st.sampled_from([0.1, 0.5, 1.5, 2.0, 3.0]), max_size=3),
    st.dictionaries(st.integers(1, 11), st.floats(0.1, 3.0), max_size=3),
)
def test_the_factor_of_a_session_is_the_product_over_later_actions(
    ratios: dict[int, float], amounts: dict[int, float]
) -> None:
    """Held against the plain loop of the definition; the last row stands for today.

    No dividend falls on the session of a split: these closes do not fall by it, so that the two would not agree.
    """
    amounts = {ex: amount for ex, amount in amounts.items() if ex not in ratios}
    sessions = days(12)
    moment = dt.datetime.combine(sessions[11], dt.time(22), dt.UTC)
    closes = [100.0 * math.prod(1 / ratio for ex, ratio in ratios.items() if ex <= at) for at in range(12)]
    rows = [{"ex_session": sessions[ex], "split_ratio": ratio, "fetched_at": moment} for ex, ratio in ratios.items()]
    paid = [{"ex_session": sessions[ex], "dividend_amount": d, "fetched_at": moment} for ex, d in amounts.items()]
    actions = stock_actions(known(*rows, *paid), traded(closes), LATER, Parameters())
    found = with_factors(traded(closes), adjustment_factors(actions))
    for at, (_, _, close, split, dividend) in enumerate(found.rows()):
        assert close * split == pytest.approx(closes[11])
        expected = 1.0
        for ex, amount in amounts.items():
            today = closes[ex - 1] * math.prod(1 / ratio for day, ratio in ratios.items() if day > ex - 1)
            if at < ex and amount < today:
                expected *= 1 - amount / today
        assert dividend == pytest.approx(expected)
