"""Every fault as a client sees it, and that it begins and ends when it says."""

from __future__ import annotations

import datetime as dt
import http.client
import json
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

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
from tests.vendor.listing import Plan
from tests.vendor.market import Market
from tests.vendor.market_fault import (
    EarlySplit,
    HalfSplit,
    LostSession,
    PartialLastBar,
    Renamed,
    Restated,
    Reused,
    TimesHundred,
)
from tests.vendor.server import Vendor

MARKET = Market(Plan(symbols=20, years=1))
LAST, BEFORE_LAST = MARKET.sessions[-1], MARKET.sessions[-2]
FUTURE = dt.date(2025, 2, 3)


class Got(NamedTuple):
    status: int
    kind: str
    body: bytes
    headers: dict[str, str]

    @property
    def chart(self) -> dict[str, Any]:
        return json.loads(self.body)["chart"]["result"][0]


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor(MARKET) as running:
        yield running


def get(vendor: Vendor, symbol: str = "ZQAAA") -> Got:
    connection = http.client.HTTPConnection(vendor.url.removeprefix("http://"), timeout=10)
    try:
        connection.request("GET", f"/v8/finance/chart/{symbol}?period1=0&period2=4000000000&interval=1d")
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return Got(answer.status, headers.get("content-type", ""), answer.read(), headers)
    finally:
        connection.close()


def closes(vendor: Vendor, symbol: str = "ZQAAA") -> dict[dt.date, float]:
    return column(vendor, symbol, "close")


def column(vendor: Vendor, symbol: str, name: str) -> dict[dt.date, float]:
    found = get(vendor, symbol).chart
    days = [dt.datetime.fromtimestamp(stamp, dt.UTC).date() for stamp in found["timestamp"]]
    return dict(zip(days, found["indicators"]["quote"][0][name], strict=True))


def ratios(vendor: Vendor, healthy: dict[dt.date, float], symbol: str = "ZQAAA") -> list[float]:
    """Return the healthy close over the spoiled one, session by session."""
    spoiled = closes(vendor, symbol)
    return [healthy[session] / spoiled[session] for session in healthy]


# Of the answer


def test_too_many_requests_after_some_until_told(vendor: Vendor) -> None:
    number = vendor.faults.add(RateLimited(after=3, retry_after=7))
    assert [get(vendor).status for _ in range(6)] == [200] * 3 + [429] * 3
    assert get(vendor).headers["retry-after"] == "7"
    assert vendor.faults.spoiled(number) == 4
    vendor.faults.remove(number)
    assert get(vendor).status == 200


def test_a_fault_ends_after_its_requests_and_concerns_its_symbols(vendor: Vendor) -> None:
    vendor.faults.add(RateLimited(symbols=("ZQAAB",), after=1, requests=2))
    assert [get(vendor, "ZQAAB").status for _ in range(4)] == [200, 429, 429, 200]
    assert get(vendor).status == 200


def test_a_fault_lasts_from_a_moment_to_another(vendor: Vendor) -> None:
    begin, end = (dt.datetime(2024, 12, day, tzinfo=dt.UTC) for day in (10, 12))
    vendor.faults.add(ServerError(since=begin, until=end))
    found = {}
    for day in (9, 10, 11, 12):
        vendor.now = dt.datetime(2024, 12, day, tzinfo=dt.UTC)
        found[day] = get(vendor).status
    assert found == {9: 200, 10: 500, 11: 500, 12: 200}


@pytest.mark.parametrize(
    ("fault", "status", "kind", "words"),
    [
        (ServerError(requests=1), 500, "text/html", b"Internal Server Error"),
        (NotFound(), 404, "application/json", b"No data found, symbol may be delisted"),
        (EmptyAnswer(), 200, "application/json", b'"indicators":{"quote":[{}]'),
        (HtmlPage(), 200, "text/html", b"<!DOCTYPE html>"),
    ],
)
def test_answers_that_are_none(vendor: Vendor, fault: Fault, status: int, kind: str, words: bytes) -> None:
    vendor.faults.add(fault)
    found = get(vendor)
    assert (found.status, found.kind.split(";")[0]) == (status, kind)
    assert words in found.body
    assert b"timestamp" not in found.body
    vendor.faults.clear()
    assert len(get(vendor).chart["timestamp"]) == len(MARKET.sessions)


def test_an_empty_answer_is_sound_json_with_its_meta(vendor: Vendor) -> None:
    vendor.faults.add(EmptyAnswer())
    assert get(vendor).chart["meta"]["symbol"] == "ZQAAA"


def test_a_slow_answer_is_the_good_one(vendor: Vendor) -> None:
    healthy = get(vendor).body
    vendor.faults.add(Slow(seconds=0.2))
    begun = time.monotonic()
    assert get(vendor).body == healthy
    assert time.monotonic() - begun >= 0.2


def test_a_dropped_connection_gives_nothing(vendor: Vendor) -> None:
    vendor.faults.add(Dropped(requests=1))
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        get(vendor)
    assert vendor.log.requests()[-1].status == 0
    assert get(vendor).status == 200


def test_a_body_is_cut_with_and_without_its_length(vendor: Vendor) -> None:
    whole = get(vendor).body
    vendor.faults.add(Truncated(part=0.25, requests=1))
    with pytest.raises(http.client.IncompleteRead) as error:
        get(vendor)
    assert error.value.partial == whole[: len(whole) // 4]
    vendor.faults.add(Truncated(states_its_length=True))
    assert get(vendor).body == whole[: len(whole) // 2]


# Of the content


def test_a_session_is_lost_of_all_indices_and_of_no_stock(vendor: Vendor) -> None:
    vendor.faults.add(LostSession(sessions=(BEFORE_LAST,)))
    for symbol in ("^RUT", "^GSPC", "^NDX", "^DJI"):
        assert list(closes(vendor, symbol)) == [session for session in MARKET.sessions if session != BEFORE_LAST]
    assert list(closes(vendor)) == MARKET.sessions
    vendor.faults.clear()
    assert list(closes(vendor, "^RUT")) == MARKET.sessions


def test_a_lost_session_may_be_a_row_of_nulls(vendor: Vendor) -> None:
    vendor.faults.add(LostSession(symbols=("ZQAAA",), sessions=(LAST,), is_null=True))
    for name in ("open", "high", "low", "close", "volume"):
        found = column(vendor, "ZQAAA", name)
        assert [session for session, value in found.items() if value is None] == [LAST]


def test_the_last_bar_stays_partial_after_the_close(vendor: Vendor) -> None:
    healthy = column(vendor, "ZQAAA", "volume")
    vendor.faults.add(PartialLastBar(part=0.25))
    spoiled = column(vendor, "ZQAAA", "volume")
    assert spoiled.pop(LAST) == healthy.pop(LAST) // 4
    assert spoiled == healthy


@pytest.mark.parametrize(("is_stated", "is_adjusted"), [(True, True), (True, False), (False, True)])
def test_a_split_comes_early(vendor: Vendor, is_stated: bool, is_adjusted: bool) -> None:
    healthy = closes(vendor)
    vendor.faults.add(EarlySplit(ex_session=FUTURE, ratio=4.0, is_stated=is_stated, is_adjusted=is_adjusted))
    assert ratios(vendor, healthy) == pytest.approx([4.0 if is_adjusted else 1.0] * len(healthy), rel=2e-7)
    splits = get(vendor).chart.get("events", {}).get("splits", {})
    assert [event["splitRatio"] for event in splits.values()] == (["4:1"] if is_stated else [])
    days = [dt.datetime.fromtimestamp(event["date"], dt.UTC).date() for event in splits.values()]
    assert days == ([FUTURE] if is_stated else [])


@pytest.mark.parametrize("is_stated", [True, False])
@pytest.mark.parametrize(("side", "part"), [("newest", 0.5), ("oldest", 0.25), ("newest", 1.0), ("oldest", 0.0)])
def test_an_invented_split_is_half_applied(vendor: Vendor, side: Any, part: float, is_stated: bool) -> None:
    healthy, at = closes(vendor), 200
    vendor.faults.add(HalfSplit(ex_session=MARKET.sessions[at], ratio=0.1, part=part, side=side, is_stated=is_stated))
    adjusted = round(part * at)
    rows = range(at - adjusted, at) if side == "newest" else range(adjusted)
    expected = [0.1 if row in rows else 1.0 for row in range(len(healthy))]
    assert ratios(vendor, healthy) == pytest.approx(expected, rel=2e-7)
    splits = get(vendor).chart.get("events", {}).get("splits", {})
    assert [event["splitRatio"] for event in splits.values()] == (["1:10"] if is_stated else [])


def test_a_true_split_is_half_applied(vendor: Vendor) -> None:
    ex_session, ratio = MARKET.true_actions(["ZQAAD"]).filter(action_type="split").row(0)[1:4:2]
    healthy, at = closes(vendor, "ZQAAD"), MARKET.sessions.index(ex_session)
    vendor.faults.add(HalfSplit(symbols=("ZQAAD",), ex_session=ex_session, ratio=ratio, is_stated=False))
    unadjusted = at - round(0.5 * at)
    expected = [1 / ratio] * unadjusted + [1.0] * (len(healthy) - unadjusted)
    assert ratios(vendor, healthy, "ZQAAD") == pytest.approx(expected, rel=2e-7)
    assert "splits" not in get(vendor, "ZQAAD").chart["events"]


def test_prices_are_a_hundred_times_what_they_were(vendor: Vendor) -> None:
    healthy = closes(vendor)
    vendor.faults.add(TimesHundred(sessions=(LAST, MARKET.sessions[5])))
    expected = [0.01 if session in (LAST, MARKET.sessions[5]) else 1.0 for session in healthy]
    assert ratios(vendor, healthy) == pytest.approx(expected, rel=2e-7)


def test_closes_are_restated_within_their_ranges(vendor: Vendor) -> None:
    healthy = closes(vendor)
    vendor.faults.add(Restated(sessions=(BEFORE_LAST,), basis_points=-250.0))
    spoiled, low = closes(vendor), column(vendor, "ZQAAA", "low")
    assert [session for session in healthy if healthy[session] != spoiled[session]] == [BEFORE_LAST]
    assert spoiled[BEFORE_LAST] / healthy[BEFORE_LAST] == pytest.approx(0.975, rel=2e-7)
    assert low[BEFORE_LAST] <= spoiled[BEFORE_LAST]


def test_a_stock_is_renamed_on_a_day(vendor: Vendor) -> None:
    healthy, day = closes(vendor), dt.datetime(2024, 12, 10, 5, tzinfo=dt.UTC)
    vendor.faults.add(Renamed(old="ZQAAA", new="ZQNEW", since=day))
    assert get(vendor).status == 404
    assert closes(vendor, "ZQNEW") == healthy
    assert get(vendor, "ZQNEW").chart["meta"]["symbol"] == "ZQNEW"
    vendor.now = day - dt.timedelta(hours=1)
    assert (get(vendor).status, get(vendor, "ZQNEW").status) == (200, 404)


def test_a_symbol_is_that_of_another_company(vendor: Vendor) -> None:
    begins = MARKET.sessions[100]
    old = get(vendor).chart["meta"]
    vendor.faults.add(Reused(symbol="ZQAAA", begins=begins))
    found, truth = closes(vendor), MARKET.bars_of_another("ZQAAA", begins)
    assert list(found) == MARKET.sessions[100:]
    assert list(found.values()) == pytest.approx(truth["close"].to_list(), rel=1e-7)
    assert abs(truth["close"] / MARKET.true_bars(["ZQAAA"])["close"][100:] - 1).median() > 0.01
    new = get(vendor).chart["meta"]
    assert new["firstTradeDate"] > old["firstTradeDate"]
    assert new["longName"] != old["longName"]


def test_several_faults_are_on_at_once(vendor: Vendor) -> None:
    vendor.faults.add(TimesHundred(sessions=(LAST,)))
    vendor.faults.add(LostSession(symbols=None, sessions=(BEFORE_LAST,)))
    vendor.faults.add(Slow(seconds=0.01))
    found, truth = closes(vendor), MARKET.true_bars(["ZQAAA"])["close"]
    assert BEFORE_LAST not in found
    assert found[LAST] == pytest.approx(100 * truth[-1], rel=1e-6)
    assert len(vendor.faults.active()) == 3
