"""A universe day after day, without faults of the connection: what is asked, what is stored, and when."""

from __future__ import annotations

import datetime as dt
import math

import polars as pl
import pytest

from pipelines.contracts import raw
from pipelines.ingestion import ask as asking
from pipelines.sources.calendar import sessions_between
from tests.ingestion.conftest import MONDAY, SPLIT_DAY
from tests.ingestion.universe_run import Place, assert_bars_are_true, evening, newest
from tests.vendor.market import Market
from tests.vendor.market_fault import EarlySplit, HalfSplit, Renamed, Restated, Reused

TUESDAY = MONDAY + dt.timedelta(days=1)
GONE = "ZQAAJ"
FEW = ["ZQAAA", "ZQAAB", "ZQAAD"]


def alive(place: Place) -> list[str]:
    return [symbol for symbol in place.server.market.symbols if symbol != GONE]


def spans(place: Place) -> dict[str, tuple[dt.date, dt.date]]:
    """Return first and last day of the newest chart request of each symbol."""
    log = place.server.log.requests("chart")
    return {
        one.symbol: tuple(dt.datetime.fromtimestamp(at, dt.UTC).date() for at in (one.first, one.end)) for one in log
    }


def test_the_first_run_reads_the_whole_history_as_traded(place: Place) -> None:
    result = place.run()
    assert result.outcomes == {"ok": 11, "http_error": 1}
    assert_bars_are_true(place, alive(place), MONDAY)
    assert {first.year for first, _ in spans(place).values()} == {1900}
    assert place.server.log.most_at_once <= asking.THREADS
    bars = place.rows(raw.StockBar)
    assert bars["adjusted_close"].null_count() == bars.height
    assert set(bars["source"]) == {"yahoo"}


def test_actions_are_those_of_the_market(place: Place) -> None:
    place.run()
    truth = place.server.market.true_actions(alive(place), MONDAY).sort("instrument_id", "ex_session", "action_type")
    found = place.rows(raw.StockAction)
    assert found.select("instrument_id", "ex_session", "action_type").equals(
        truth.select("instrument_id", "ex_session", "action_type")
    )
    splits = found.filter(action_type="split")
    assert splits["split_ratio"].to_list() == truth.filter(action_type="split")["split_ratio"].to_list()
    assert splits["currency"].null_count() == splits.height
    dividends = found.filter(action_type="dividend")
    assert set(dividends["currency"]) == {"USD"}
    # As the source states it: in the shares of the day it was read.
    ratios = {
        name: splits.filter(instrument_id=name).select("ex_session", "split_ratio").rows() for name in alive(place)
    }
    for name, day, paid in (
        truth.filter(action_type="dividend").select("instrument_id", "ex_session", "dividend_amount").rows()
    ):
        multiple = math.prod(ratio for ex_session, ratio in ratios[name] if ex_session > day)
        (stated,) = dividends.filter(instrument_id=name, ex_session=day)["dividend_amount"]
        assert stated == pytest.approx(paid / multiple, abs=1e-6)
    assert not found["is_withdrawn"].any()


def test_a_first_history_is_assumed_known_at_its_close_and_the_newest_bars_are_observed(place: Place) -> None:
    place.run(["ZQAAB"])
    bars = place.rows(raw.StockBar).sort("session")
    observed = bars.filter(known_basis="observed")
    assert observed["session"].to_list() == bars["session"].tail(11).to_list()
    assert set(observed["known_from"]) == {evening(MONDAY)}
    assumed = bars.filter(known_basis="assumed", session=dt.date(2024, 7, 3)).row(0, named=True)
    assert assumed["known_from"] == dt.datetime(2024, 7, 3, 17, 30, tzinfo=dt.UTC)  # it closed at 13:00 in New York
    actions = place.rows(raw.StockAction)
    closes = sessions_between(actions["ex_session"].min(), MONDAY).select("session", "closes_at")
    known = actions.join(closes, left_on="ex_session", right_on="session")
    assert (known["known_from"] - known["closes_at"]).unique().to_list() == [dt.timedelta(minutes=30)]


def test_the_same_evening_nothing_is_asked_again(place: Place) -> None:
    place.run()
    rows = place.rows(raw.StockBar)
    place.server.log.clear()
    result = place.run()
    assert place.server.log.requests("chart") == []
    assert result.status == {"covered": 11, "waiting": 1}
    assert place.rows(raw.StockBar).equals(rows)
    assert not result.is_nothing


def test_the_next_day_the_last_ten_sessions_are_asked_for_again(place: Place) -> None:
    place.run(FEW)
    place.server.now = evening(TUESDAY)
    place.server.log.clear()
    result = place.run(FEW)
    ten = sessions_between(MONDAY - dt.timedelta(days=30), MONDAY)["session"].tail(10)[0]
    assert {first for first, _ in spans(place).values()} == {ten}
    assert result.rows["stock_bar"] == len(FEW)
    assert set(place.rows(raw.StockBar).filter(pl.col("fetched_at") == evening(TUESDAY))["session"]) == {TUESDAY}
    outcome = place.rows(raw.FetchOutcome).filter(pl.col("fetched_at") == evening(TUESDAY)).row(0, named=True)
    assert (outcome["asked_from"], outcome["asked_to"], outcome["rows_received"]) == (ten, TUESDAY, 11)


def test_a_morning_asks_for_nothing_that_has_not_settled(place: Place) -> None:
    place.run(FEW)
    place.server.now = dt.datetime(2024, 12, 3, 21, 29, tzinfo=dt.UTC)  # a minute before Tuesday's bars have settled
    place.server.log.clear()
    place.run(FEW)
    assert place.server.log.requests("chart") == []
    place.server.now += dt.timedelta(minutes=1)
    assert place.run(FEW).rows["stock_bar"] == len(FEW)


def test_a_bar_of_a_session_under_way_is_set_aside_and_no_rejected_row(place: Place) -> None:
    place.server.now = dt.datetime(2024, 12, 3, 17, tzinfo=dt.UTC)  # noon on Tuesday
    result = place.run(FEW)
    assert result.counts["unsettled"] == len(FEW)
    assert place.rows(raw.RejectedRow).is_empty()
    assert_bars_are_true(place, FEW, MONDAY)
    place.server.now = evening(TUESDAY)
    place.run(FEW)
    assert_bars_are_true(place, FEW, TUESDAY)


def test_a_split_restates_nothing_and_has_the_history_read_again(place: Place) -> None:
    symbols = ["ZQAAA", "ZQAAB", "ZQAAC"]
    place.run(symbols)
    before = place.rows(raw.StockBar)
    place.server.now = evening(SPLIT_DAY)
    place.server.log.clear()
    result = place.run(symbols)
    assert result.whole == 2
    asked = place.server.log.requests("chart")
    assert sorted((one.symbol, dt.datetime.fromtimestamp(one.first, dt.UTC).year) for one in asked) == [
        ("ZQAAA", 1900), ("ZQAAA", 2024), ("ZQAAB", 2024), ("ZQAAC", 1900), ("ZQAAC", 2024)
    ]  # fmt: skip
    assert result.rows["stock_bar"] == 2 * len(symbols)
    assert place.rows(raw.StockBar).filter(pl.col("fetched_at") == evening(MONDAY)).equals(before)
    assert_bars_are_true(place, symbols, SPLIT_DAY)
    found = place.rows(raw.StockAction).filter(pl.col("ex_session") == SPLIT_DAY)
    assert dict(found.select("instrument_id", "split_ratio").rows()) == {"ZQAAA": 4.0, "ZQAAC": 0.1}
    assert {path.name for path in place.spool.folder.iterdir()} == {".lock"}


def test_a_run_on_the_morning_of_a_split_undoes_it_too(place: Place) -> None:
    place.server.now = dt.datetime(2024, 12, 4, 16, tzinfo=dt.UTC)  # eleven o'clock in New York
    place.run(["ZQAAA", "ZQAAC"])
    assert_bars_are_true(place, ["ZQAAA", "ZQAAC"], SPLIT_DAY - dt.timedelta(days=1))
    assert set(place.rows(raw.StockBar)["split_factor"]) == {0.25, 10.0}


def test_a_ratio_that_nobody_states_has_the_history_read_again(place: Place) -> None:
    place.run(["ZQAAB", "ZQAAD"])
    place.server.now = evening(TUESDAY)
    place.server.faults.add(HalfSplit(symbols=("ZQAAB",), ex_session=TUESDAY, ratio=2.0, part=1.0, is_stated=False))
    result = place.run(["ZQAAB", "ZQAAD"])
    assert result.whole == 1
    bars = place.rows(raw.StockBar).filter(instrument_id="ZQAAB")
    ratio = bars.sort("known_from").group_by("session").agg(pl.col("close")).filter(pl.col("close").list.len() == 2)
    assert ratio.height == bars["session"].n_unique() - 1
    assert (ratio["close"].list.last() / ratio["close"].list.first() - 0.5).abs().max() < 1e-3
    # Once the vendor has mended it, the next run mends all.
    place.server.faults.clear()
    place.server.now = evening(TUESDAY + dt.timedelta(days=1))
    assert place.run(["ZQAAB", "ZQAAD"]).whole == 1
    assert_bars_are_true(place, ["ZQAAB", "ZQAAD"], TUESDAY + dt.timedelta(days=1))


@pytest.mark.parametrize(("basis_points", "versions"), [(3.0, 2), (0.2, 1)])
def test_a_close_restated_by_more_than_noise_is_a_new_version(place: Place, basis_points: float, versions: int) -> None:
    place.run(["ZQAAB"])
    place.server.now = evening(TUESDAY)
    friday = dt.date(2024, 11, 29)
    place.server.faults.add(Restated(symbols=("ZQAAB",), sessions=(friday,), basis_points=basis_points))
    place.run(["ZQAAB"])
    found = place.rows(raw.StockBar).filter(session=friday)
    assert found.height == versions
    assert found["known_from"].to_list() == [evening(MONDAY), evening(TUESDAY)][:versions]
    assert place.rows(raw.StockBar).group_by("session").len().filter(pl.col("len") > 1).height == versions - 1


def test_an_announced_split_is_stored_and_changes_no_price(place: Place) -> None:
    place.run(["ZQAAB"])
    place.server.now = evening(TUESDAY)
    coming = dt.date(2024, 12, 10)
    place.server.faults.add(EarlySplit(symbols=("ZQAAB",), ex_session=coming, ratio=3.0, is_adjusted=False))
    place.run(["ZQAAB"])
    found = place.rows(raw.StockAction).filter(ex_session=coming)
    assert found.select("split_ratio", "known_basis", "known_from", "is_withdrawn").rows() == [
        (3.0, "observed", evening(TUESDAY), False)
    ]
    assert_bars_are_true(place, ["ZQAAB"], TUESDAY)
    assert set(newest(place.rows(raw.StockBar))["session"]) == set(
        place.server.market.true_bars(["ZQAAB"], TUESDAY)["session"]
    )
    # It is called off.
    place.server.faults.clear()
    place.server.now = evening(TUESDAY + dt.timedelta(days=1))
    place.run(["ZQAAB"])
    found = place.rows(raw.StockAction).filter(ex_session=coming).sort("known_from")
    assert found["is_withdrawn"].to_list() == [False, True]


def test_whole_histories_are_read_again_after_a_week_where_that_is_wanted(place: Place) -> None:
    place.run(FEW)
    for day, expected in ((3, 2024), (9, 1900)):
        place.server.now = evening(dt.date(2024, 12, day))
        place.server.log.clear()
        place.run(FEW, whole_history=True)
        assert {first.year for first, _ in spans(place).values()} == {expected}
    place.server.log.clear()
    place.run(FEW, whole_history=True)
    assert place.server.log.requests("chart") == []
    assert place.rows(raw.StockBar).group_by("instrument_id", "session").len()["len"].max() == 1


def test_a_symbol_that_is_gone_is_delisted_on_the_second_day_and_then_left_alone(place: Place) -> None:
    place.run(["ZQAAB", "ZQAAD"])
    place.server.faults.add(Renamed(old="ZQAAB", new="ZQNEW", symbols=("ZQAAB", "ZQNEW")))
    asked, found = {}, {}
    for day in (3, 4, 5, 10, 11):
        place.server.now = evening(dt.date(2024, 12, day))
        place.server.log.clear()
        place.run(["ZQAAB", "ZQAAD"])
        asked[day] = "ZQAAB" in place.asked()
        outcomes = place.rows(raw.FetchOutcome).filter(vendor_symbol="ZQAAB").sort("fetched_at")
        found[day] = outcomes["outcome"].to_list()[-1]
    assert asked == {3: True, 4: True, 5: False, 10: False, 11: True}
    assert found == {3: "http_error", 4: "delisted", 5: "delisted", 10: "delisted", 11: "delisted"}


def test_an_unknown_symbol_without_bars_is_never_called_delisted(place: Place) -> None:
    for day in (2, 3, 9, 10):
        place.server.now = evening(dt.date(2024, 12, day))
        place.run([GONE, "ZQAAD"])
    outcomes = place.rows(raw.FetchOutcome).filter(vendor_symbol=GONE).sort("fetched_at")
    assert outcomes.select("outcome", "fetched_at", "ask_again_from").rows() == [
        ("http_error", evening(dt.date(2024, 12, day)), dt.datetime(2024, 12, day + 7, 5, tzinfo=dt.UTC))
        for day in (2, 9)
    ]
    assert "(HTTP 404" in outcomes["outcome_detail"][0]


def test_a_renamed_stock_comes_in_under_its_new_symbol(place: Place, market: Market) -> None:
    place.run(["ZQAAB"])
    place.server.faults.add(Renamed(old="ZQAAB", new="ZQNEW", symbols=("ZQAAB", "ZQNEW")))
    place.server.now = evening(TUESDAY)
    place.run(["ZQAAB", "ZQNEW"])
    found = place.rows(raw.StockBar)
    assert found.filter(instrument_id="ZQAAB")["session"].max() == MONDAY
    new = found.filter(instrument_id="ZQNEW")
    assert new["session"].sort().to_list() == market.true_bars(["ZQAAB"], TUESDAY)["session"].to_list()


@pytest.mark.parametrize("day", [3, 9], ids=["a few days", "whole history"])
def test_bars_of_a_company_that_took_over_a_symbol_stand_apart(place: Place, market: Market, day: int) -> None:
    place.run(["ZQAAB", "ZQAAD"])
    begins, now = dt.date(2024, 11, 26), dt.date(2024, 12, day)
    before = place.rows(raw.StockBar)
    place.server.faults.add(Reused(symbol="ZQAAB", begins=begins, symbols=("ZQAAB",)))
    place.server.now = evening(now)
    result = place.run(["ZQAAB", "ZQAAD"], whole_history=day == 9)
    assert result.whole == (1 if day == 3 else 0)
    name = f"ZQAAB@{begins}"
    new = place.rows(raw.StockBar).filter(instrument_id=name)
    truth = market.bars_of_another("ZQAAB", begins).filter(pl.col("session") <= now)
    assert new["session"].sort().to_list() == truth["session"].to_list()
    assert (new.sort("session")["close"] - truth["close"]).abs().max() < 0.005
    assert set(new["vendor_symbol"]) == {"ZQAAB"}
    old = place.rows(raw.StockBar).filter(instrument_id="ZQAAB")
    assert old.equals(before.filter(instrument_id="ZQAAB"))
    # It stays another company the day after.
    place.server.now = evening(now + dt.timedelta(days=1))
    place.run(["ZQAAB", "ZQAAD"])
    assert place.rows(raw.StockBar).filter(instrument_id="ZQAAB").equals(old)
    assert place.rows(raw.StockBar).filter(instrument_id=name)["session"].max() == now + dt.timedelta(days=1)
