"""Every fault of how an answer is sent, as a client sees it, and that it begins and ends when it says."""

from __future__ import annotations

import datetime as dt
import http.client
import time
from collections.abc import Iterator

import pytest

from tests.vendor.asking import MARKET, get
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
from tests.vendor.server import Vendor


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor(MARKET) as running:
        yield running


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
