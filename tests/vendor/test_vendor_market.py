"""The made-up market: the same from the same plan, clean, and with every kind of listing."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines.sources.calendar import sessions_between
from tests.vendor.listing import Plan, Split
from tests.vendor.market import Market

PRICES = ("open", "high", "low", "close")


@pytest.fixture(scope="module")
def market() -> Market:
    return Market(Plan(symbols=40, years=2))


def test_the_same_plan_gives_the_same_market_and_more_stocks_change_none(market: Market) -> None:
    again, wider = Market(Plan(symbols=40, years=2)), Market(Plan(symbols=60, years=2))
    assert_frame_equal(market.true_bars(), again.true_bars())
    assert_frame_equal(market.true_actions(), again.true_actions())
    assert_frame_equal(market.true_bars(), wider.true_bars(market.listings))
    assert wider.true_bars().height > market.true_bars().height


def test_bars_do_not_depend_on_what_was_asked_before(market: Market) -> None:
    last, first = market.symbols[-1], market.symbols[0]
    assert_frame_equal(
        Market(market.plan).true_bars([last, first]).sort("instrument_id", "session"),
        market.true_bars([first, last]).sort("instrument_id", "session"),
    )


def test_another_seed_gives_other_prices(market: Market) -> None:
    other = Market(Plan(symbols=40, years=2, seed=2)).true_bars(["ZQAAA"])
    assert (other["close"] != market.true_bars(["ZQAAA"])["close"]).mean() > 0.99


def test_truth_has_every_session_of_every_listing_and_no_other(market: Market) -> None:
    bars = market.true_bars()
    for span in market.spans().iter_rows(named=True):
        expected = sessions_between(span["first_session"], span["last_session"])["session"]
        assert bars.filter(instrument_id=span["instrument_id"])["session"].to_list() == expected.to_list()


def test_true_bars_are_clean(market: Market) -> None:
    bars = market.true_bars()
    assert bars.null_count().sum_horizontal().item() == 0
    assert (bars["low"] >= 0.05).all()
    assert (bars["high"] >= bars.select(pl.max_horizontal("open", "close")).to_series()).all()
    assert (bars["low"] <= bars.select(pl.min_horizontal("open", "close")).to_series()).all()
    assert (bars["high"] > bars["low"]).all()
    assert (bars["volume"] >= 100).all()
    for name in (*PRICES, "volume"):
        assert (bars[name] == bars[name].round(2)).all()
    unchanged = bars.select((pl.col("close") == pl.col("close").shift()).over("instrument_id")).to_series()
    assert unchanged.sum() == 0


def test_no_move_but_a_split_would_be_taken_for_one() -> None:
    market = Market(Plan(symbols=40, years=10))
    moves = market.true_bars().with_columns(move=pl.col("close").log().diff().over("instrument_id"))
    splits = market.true_actions().filter(action_type="split").select("instrument_id", session="ex_session")
    assert moves.join(splits, on=["instrument_id", "session"], how="anti")["move"].abs().max() < 0.2
    assert moves.join(splits, on=["instrument_id", "session"])["move"].abs().min() > 0.25


def test_forty_stocks_have_every_kind_of_listing(market: Market) -> None:
    spans = market.spans()
    stocks = spans.filter(~pl.col("symbol").str.starts_with("^"))
    assert (stocks.height, spans.height) == (40, 44)
    assert stocks["is_delisted"].sum() == 2
    assert (stocks["first_session"] > market.sessions[0]).sum() == 2
    actions = market.true_actions()
    splits = actions.filter(action_type="split")
    assert ((splits["split_ratio"] > 1).sum(), (splits["split_ratio"] < 1).sum()) == (8, 2)
    dividends = actions.filter(action_type="dividend")
    assert dividends["instrument_id"].n_unique() == 16
    assert dividends.group_by("instrument_id").len()["len"].max() == 8
    assert actions.filter(pl.col("instrument_id").is_in(["RUT", "SPX", "NDX", "DJI"])).is_empty()
    assert stocks["symbol"].str.contains("^(ZQ[A-Z]{3}|ZX[A-Z]{2}-B)$").all()
    assert stocks["symbol"].str.contains("-B").sum() == 1


def test_symbols_of_three_thousand_stocks_are_all_different() -> None:
    market = Market(Plan(symbols=3_000, years=1))
    assert len(set(market.symbols)) == len({line.printed_ticker for line in market.listings.values()}) - 4 == 3_000


def test_splits_of_the_plan_take_the_place_of_those_drawn() -> None:
    wished = Split(dt.date(2024, 6, 10), 4.0)
    market = Market(Plan(symbols=5, years=1, splits={"ZQAAD": (wished,)}))
    (found,) = market.true_actions(["ZQAAD"]).filter(action_type="split").rows()
    assert found == ("ZQAAD", wished.ex_session, "split", 4.0, None)
    close = market.true_bars(["ZQAAD"])
    before = close.filter(pl.col("session") < wished.ex_session)["close"][-1]
    assert before / close.filter(session=wished.ex_session)["close"].item() == pytest.approx(4.0, rel=0.2)


def test_only_the_newest_symbols_stay_in_memory() -> None:
    market = Market(Plan(symbols=100, years=1))
    for line in market.listings.values():
        market.drawn(line)
    assert market.drawn.cache_info().currsize == 64


def test_the_clock_counts_sessions_that_have_opened(market: Market) -> None:
    # New York opens at 14:30 UTC in winter; 3 July 2024 closed at 13:00 in New York, 17:00 UTC.
    at = market.sessions.index(dt.date(2024, 7, 3))
    moments = {"13:29": (at, 1.0), "13:30": (at + 1, 0.0), "15:15": (at + 1, 0.5), "17:00": (at + 1, 1.0)}
    for clock, expected in moments.items():
        assert market.visible(dt.datetime.fromisoformat(f"2024-07-03T{clock}+00:00")) == expected
    assert market.visible(dt.datetime(1990, 1, 1, tzinfo=dt.UTC)) == (0, 1.0)
