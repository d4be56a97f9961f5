"""Every fault of what an answer says, as a client sees it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.vendor.asking import MARKET, closes, column, get
from tests.vendor.fault import Slow
from tests.vendor.listing import Plan, Split
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

LAST, BEFORE_LAST = MARKET.sessions[-1], MARKET.sessions[-2]
FUTURE = dt.date(2025, 2, 3)


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor(MARKET) as running:
        yield running


def ratios(vendor: Vendor, healthy: dict[dt.date, float], symbol: str = "ZQAAA") -> list[float]:
    """Return the healthy close over the spoiled one, session by session."""
    spoiled = closes(vendor, symbol)
    return [healthy[session] / spoiled[session] for session in healthy]


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
    # Yahoo's newest bar is that of its last quote, and it says when that was.
    opens, closes = MARKET.stamps[-1], MARKET.close_stamps[-1]
    assert get(vendor).chart["meta"]["regularMarketTime"] == opens + (closes - opens) / 4


@pytest.mark.parametrize(("is_stated", "is_adjusted"), [(True, True), (True, False), (False, True)])
def test_a_split_comes_early(vendor: Vendor, is_stated: bool, is_adjusted: bool) -> None:
    healthy = closes(vendor)
    vendor.faults.add(EarlySplit(ex_session=FUTURE, ratio=4.0, is_stated=is_stated, is_adjusted=is_adjusted))
    assert ratios(vendor, healthy) == pytest.approx([4.0 if is_adjusted else 1.0] * len(healthy), rel=2e-7)
    splits = get(vendor).chart.get("events", {}).get("splits", {})
    assert [event["splitRatio"] for event in splits.values()] == (["4:1"] if is_stated else [])
    days = [dt.datetime.fromtimestamp(event["date"], dt.UTC).date() for event in splits.values()]
    assert days == ([FUTURE] if is_stated else [])


def test_an_early_split_is_stated_beyond_the_span_until_it_never_comes(vendor: Vendor) -> None:
    vendor.faults.add(EarlySplit(ex_session=FUTURE, ratio=4.0))
    tomorrow = int(vendor.now.timestamp()) + 86_400
    found = get(vendor, end=tomorrow).chart
    assert [event["date"] > tomorrow for event in found["events"]["splits"].values()] == [True]
    vendor.faults.clear()
    assert "events" not in get(vendor, end=tomorrow).chart


def test_an_early_split_that_comes_is_a_split_like_any_other() -> None:
    day = MARKET.sessions[-10]
    market = Market(Plan(symbols=1, years=1, splits={"ZQAAA": (Split(day, 4.0),)}))
    with Vendor(market) as vendor:
        healthy = get(vendor).body
        vendor.faults.add(EarlySplit(ex_session=day, ratio=4.0))
        assert get(vendor).body == healthy
        vendor.now = dt.datetime.combine(MARKET.sessions[-12], dt.time(22, tzinfo=dt.UTC))
        assert closes(vendor) == pytest.approx(
            {
                session: value
                for session, value in zip(market.sessions, _of(healthy), strict=True)
                if session in MARKET.sessions[:-11]
            }
        )


def _of(body: bytes) -> list[float]:
    return list(json.loads(body)["chart"]["result"][0]["indicators"]["quote"][0]["close"])


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
