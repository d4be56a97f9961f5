"""A universe and a vendor that fails: every fault has its outcome, and is repaired once it is over."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from pipelines.contracts import raw
from pipelines.ingestion import ask as asking
from pipelines.sources import yahoo_session
from tests.ingestion.conftest import MONDAY
from tests.ingestion.universe_run import Place, assert_bars_are_true, evening
from tests.vendor.fault import (
    Dropped,
    EmptyAnswer,
    Fault,
    HtmlPage,
    NotFound,
    RateLimited,
    ServerError,
    Slow,
    Truncated,
)
from tests.vendor.market_fault import PartialLastBar

TUESDAY = MONDAY + dt.timedelta(days=1)
BAD, GOOD = "ZQAAB", "ZQAAD"
NEXT_MIDNIGHT = dt.datetime(2024, 12, 3, 5, tzinfo=dt.UTC)

OUTCOMES: dict[str, tuple[Fault, str, str, dt.datetime | None]] = {
    "no data": (EmptyAnswer(symbols=(BAD,)), "empty", "an answer without prices", NEXT_MIDNIGHT),
    "a page": (HtmlPage(symbols=(BAD,)), "parse_error", "(HTTP 200, text/html", None),
    "cut off": (Truncated(symbols=(BAD,)), "parse_error", "broken answer", None),
    "cut off as stated": (
        Truncated(symbols=(BAD,), states_its_length=True), "parse_error", "(HTTP 200, application/json", None,
    ),
    "server's error": (ServerError(symbols=(BAD,)), "http_error", "(HTTP 500, text/html", None),
    "dropped": (Dropped(symbols=(BAD,)), "http_error", "no connection to 127.0.0.1", None),
    "unknown": (
        NotFound(symbols=(BAD,)), "http_error", "said: No data found, symbol may be delisted (HTTP 404",
        NEXT_MIDNIGHT + dt.timedelta(days=6),
    ),
}  # fmt: skip


def outcomes(place: Place, symbol: str) -> list[str]:
    return place.rows(raw.FetchOutcome).filter(vendor_symbol=symbol).sort("fetched_at")["outcome"].to_list()


@pytest.mark.parametrize(("fault", "outcome", "detail", "again"), OUTCOMES.values(), ids=OUTCOMES)
def test_a_fault_of_one_symbol_is_its_outcome_and_is_repaired(
    place: Place, fault: Fault, outcome: str, detail: str, again: dt.datetime | None
) -> None:
    place.server.faults.add(fault)
    result = place.run([BAD, GOOD])
    assert result.outcomes == {"ok": 1, outcome: 1}
    row = place.rows(raw.FetchOutcome).filter(vendor_symbol=BAD).row(0, named=True)
    assert row["outcome"] == outcome
    assert detail in row["outcome_detail"]
    assert (row["rows_received"], row["ask_again_from"]) == (0, again)
    assert set(place.rows(raw.StockBar)["instrument_id"]) == {GOOD}
    assert_bars_are_true(place, [GOOD], MONDAY)
    assert result.is_partial == (outcome != "empty")
    # As long as it is not to be asked again, it is not; then it is.
    place.server.faults.clear()
    place.server.log.clear()
    place.server.now = evening(TUESDAY)
    if again and again > place.server.now:
        place.run([BAD, GOOD])
        assert BAD not in place.asked()
        place.server.now = evening(dt.date(2024, 12, 9))
    place.run([BAD, GOOD])
    assert outcomes(place, BAD)[-1] == "ok"
    assert_bars_are_true(place, [BAD, GOOD], place.server.now.date())


def test_a_fault_that_is_not_put_off_is_asked_again_the_same_evening(place: Place) -> None:
    place.server.faults.add(HtmlPage(symbols=(BAD,)))
    place.run([BAD, GOOD])
    place.server.faults.clear()
    place.server.log.clear()
    place.run([BAD, GOOD])
    assert place.asked() == {BAD: 1}
    assert outcomes(place, BAD) == ["parse_error", "ok"]
    assert place.rows(raw.FetchOutcome).select(pl.struct(raw.FetchOutcome.primary_key()).is_unique().all()).item()


@pytest.mark.parametrize("fault", [ServerError, Dropped], ids=["server's error", "dropped"])
def test_a_fault_that_passes_is_not_seen(place: Place, fault: type[Fault]) -> None:
    place.server.faults.add(fault(symbols=(BAD,), requests=2))
    result = place.run([BAD, GOOD])
    assert result.outcomes == {"ok": 2}
    assert place.pauses[0] == asking.FIRST_WAIT
    assert_bars_are_true(place, [BAD, GOOD], MONDAY)


def test_a_slow_answer_is_waited_for_and_an_endless_one_is_not(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yahoo_session, "TIMEOUT_SECONDS", 1.0)
    place.server.faults.add(Slow(symbols=(GOOD,), seconds=0.2))
    number = place.server.faults.add(Slow(symbols=(BAD,), seconds=3.0))
    assert place.run([BAD, GOOD]).outcomes == {"ok": 1, "http_error": 1}
    detail = place.rows(raw.FetchOutcome).filter(vendor_symbol=BAD)["outcome_detail"][0]
    assert "no answer from 127.0.0.1" in detail
    place.server.faults.remove(number)
    assert place.run([BAD, GOOD]).outcomes == {"ok": 1}


def test_a_bar_that_the_vendor_followed_for_a_part_of_its_session_is_set_aside_and_comes_later(place: Place) -> None:
    number = place.server.faults.add(PartialLastBar(symbols=(BAD,)))
    result = place.run([BAD, GOOD])
    assert (result.outcomes, result.counts["unsettled"]) == ({"ok": 2}, 1)
    assert_bars_are_true(place, [GOOD], MONDAY)
    assert_bars_are_true(place, [BAD], dt.date(2024, 11, 29))
    place.server.faults.remove(number)
    place.server.now = evening(TUESDAY)
    place.run([BAD, GOOD])
    assert_bars_are_true(place, [BAD, GOOD], TUESDAY)
    assert place.rows(raw.StockBar).group_by("instrument_id", "session").len()["len"].max() == 1


# Rate limits


def test_after_a_refusal_nothing_is_asked_for_a_minute_and_then_the_rest(place: Place) -> None:
    place.server.faults.add(RateLimited(after=4))
    asked_at_pause: list[int] = []

    def recover() -> None:
        asked_at_pause.append(len(place.server.log.requests("chart")))
        place.server.faults.clear()

    place.on_pause = recover
    symbols = place.server.market.symbols[:9]
    result = place.run(symbols)
    assert place.pauses == [asking.COOL_DOWN_SECONDS]
    # Each of the questions that were under way is sent a second time by yfinance itself.
    assert asked_at_pause[0] <= 4 + 2 * asking.THREADS
    assert result.outcomes == {"ok": 9}
    assert (result.stopped, result.refusals, result.is_partial) == (None, 1, False)
    assert place.server.log.asked_twice() == []
    assert_bars_are_true(place, symbols, MONDAY)


def test_a_vendor_that_keeps_refusing_ends_the_run_and_the_next_one_goes_on(place: Place) -> None:
    symbols = place.server.market.symbols[:9]
    place.server.faults.add(RateLimited(after=4))
    result = place.run(symbols)
    assert place.pauses == [asking.COOL_DOWN_SECONDS * 2**turn for turn in range(asking.COOL_DOWNS)]
    assert result.stopped == "the vendor limits the rate of requests"
    assert result.is_partial
    assert not result.is_nothing
    assert result.outcomes["ok"] == 4
    assert 1 <= result.outcomes["rate_limited"] <= asking.THREADS
    limited = place.rows(raw.FetchOutcome).filter(outcome="rate_limited")
    assert set(limited["ask_again_from"]) == {evening(MONDAY) + dt.timedelta(minutes=10)}
    # At once, those refused wait; ten minutes later they do not.
    place.server.faults.clear()
    place.server.now += dt.timedelta(minutes=9)
    second = place.run(symbols)
    assert second.status == {"covered": 4, "waiting": limited.height, "ask": 5 - limited.height}
    place.server.now += dt.timedelta(minutes=1)
    assert place.run(symbols).outcomes == {"ok": limited.height}
    assert place.server.log.asked_twice() == []
    assert_bars_are_true(place, symbols, MONDAY)


def test_a_refusal_amid_evidence_of_a_split_loses_nothing(place: Place) -> None:
    symbols = ["ZQAAA", "ZQAAB", "ZQAAC"]
    place.run(symbols)
    place.server.now = evening(dt.date(2024, 12, 4))
    place.server.faults.add(RateLimited(after=3))
    result = place.run(symbols)
    assert result.stopped is not None
    assert result.whole == 2
    place.server.faults.clear()
    place.server.now += dt.timedelta(minutes=11)
    place.server.log.clear()
    place.run(symbols)
    whole = [
        one for one in place.server.log.requests("chart") if dt.datetime.fromtimestamp(one.first, dt.UTC).year == 1900
    ]
    assert sorted(one.symbol for one in whole) == ["ZQAAA", "ZQAAC"]
    assert len(place.server.log.requests("chart")) == 2
    assert_bars_are_true(place, symbols, dt.date(2024, 12, 4))


def test_without_a_connection_a_run_ends_soon(place: Place) -> None:
    place.server.faults.add(Dropped())
    symbols = [f"ZQ{number:03d}" for number in range(60)]
    result = place.run(symbols)
    assert result.stopped.startswith("no connection: ")
    assert result.is_nothing
    assert result.outcomes["http_error"] < asking.UNHEARD_LIMIT + asking.THREADS
    assert len(place.asked()) == result.outcomes["http_error"]


def test_text_that_would_be_a_path_stays_a_symbol(place: Place) -> None:
    """The universe lets no such text through; the spool and the address do not depend on that."""
    place.run(["../../ZQ?x=1#y", "ZQ/../AB"])
    assert sorted(place.asked()) == ["../../ZQ?X=1#Y", "ZQ/../AB"]
    found = place.rows(raw.FetchOutcome)
    assert set(found["outcome"]) == {"http_error"}
    assert {path.name for path in place.folder.iterdir()} == {"lake", "spool"}
