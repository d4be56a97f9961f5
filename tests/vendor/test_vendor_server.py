"""The vendor as a server: connections, its log, and one in a process of its own."""

from __future__ import annotations

import datetime as dt
import http.client
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.vendor.control import as_json, fault_of
from tests.vendor.fault import Fault, RateLimited, Reply, ReplyFault
from tests.vendor.listing import Plan, Split
from tests.vendor.market import Market
from tests.vendor.market_fault import EarlySplit, HalfSplit, LostSession, Renamed, Reused
from tests.vendor.process import VendorProcess
from tests.vendor.server import Vendor

PLAN = Plan(symbols=8, years=1, splits={"ZQAAC": (Split(dt.date(2024, 6, 10), 1 / 3),)})
CHART = "/v8/finance/chart/{}?period1=0&period2=4000000000&interval=1d"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor(Market(PLAN)) as running:
        yield running


def connect(url: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)


def get(connection: http.client.HTTPConnection, path: str) -> bytes:
    connection.request("GET", path)
    return connection.getresponse().read()


def test_a_connection_stays_open_and_the_log_tells_what_was_asked_on_it(vendor: Vendor) -> None:
    connection = connect(vendor.url)
    bodies = [get(connection, CHART.format(symbol)) for symbol in ("ZQAAA", "ZQAAB", "%5ERUT")]
    connection.close()
    found = vendor.log.requests("chart")
    assert [one.symbol for one in found] == ["ZQAAA", "ZQAAB", "^RUT"]
    assert {(one.first, one.end, one.status) for one in found} == {(0, 4_000_000_000, 200)}
    assert len({one.connection for one in found}) == 1
    assert [one.sent_bytes for one in found] == list(map(len, bodies))
    assert vendor.log.sent_bytes == sum(map(len, bodies))


def test_the_log_tells_what_was_asked_twice(vendor: Vendor) -> None:
    connection = connect(vendor.url)
    vendor.faults.add(RateLimited(symbols=("ZQAAB",), requests=1))
    for symbol in ("ZQAAA", "ZQAAB", "ZQAAB", "ZQAAA", "ZQAAC"):
        get(connection, CHART.format(symbol))
    connection.close()
    assert vendor.log.per_symbol() == {"ZQAAA": 2, "ZQAAB": 2, "ZQAAC": 1}
    assert vendor.log.asked_twice() == [("ZQAAA", 0, 4_000_000_000)]
    vendor.log.clear()
    assert (vendor.log.requests(), vendor.log.most_at_once) == ([], 0)


@dataclass(frozen=True, kw_only=True)
class Together(ReplyFault):
    """The good answer, once three are under way."""

    barrier: threading.Barrier

    def spoil(self, good: Callable[[], Reply]) -> Reply:
        self.barrier.wait(timeout=10)
        return good()


def test_the_log_tells_how_many_were_under_way_at_once(vendor: Vendor) -> None:
    connections = [connect(vendor.url) for _ in range(3)]
    for _ in range(2):
        get(connections[0], CHART.format("ZQAAA"))
    assert vendor.log.most_at_once == 1
    vendor.faults.add(Together(barrier=threading.Barrier(3)))
    for connection in connections:
        connection.request("GET", CHART.format("ZQAAB"))
    for connection in connections:
        assert connection.getresponse().read()
        connection.close()
    assert vendor.log.most_at_once == 3
    assert len({one.connection for one in vendor.log.requests(symbol="ZQAAB")}) == 3


def test_what_is_not_known_is_404_and_logged(vendor: Vendor) -> None:
    connection = connect(vendor.url)
    connection.request("GET", "/nothing/here")
    assert connection.getresponse().status == 404
    connection.close()
    assert [(one.kind, one.status) for one in vendor.log.requests()] == [("other", 404)]


def test_a_stopped_vendor_leaves_no_thread(vendor: Vendor) -> None:
    before = threading.active_count()
    with Vendor(vendor.market) as other:
        connections = [connect(other.url) for _ in range(3)]
        for connection in connections:
            get(connection, CHART.format("ZQAAA"))
        assert threading.active_count() == before + 4
        held = [thread for thread in threading.enumerate() if "process_request" in thread.name]
    for thread in held:
        thread.join(timeout=5)
    assert threading.active_count() == before
    for connection in connections:
        connection.close()


# In a process of its own


@pytest.fixture(scope="module")
def process() -> Iterator[VendorProcess]:
    with VendorProcess(PLAN) as running:
        yield running


def test_another_process_serves_the_same_bytes(process: VendorProcess, vendor: Vendor) -> None:
    process.faults.clear()
    vendor.now = process.now = dt.datetime(2024, 11, 20, 17, 45, tzinfo=dt.UTC)
    assert process.now == vendor.now
    bodies = []
    for url in (process.url, vendor.url):
        connection = connect(url)
        bodies.append([get(connection, CHART.format(symbol)) for symbol in vendor.market.listings])
        connection.close()
    assert bodies[0] == bodies[1]
    assert b'"splitRatio": "1:3"' in bodies[0][2]


def test_its_faults_and_its_log_are_at_hand(process: VendorProcess) -> None:
    process.log.clear()
    number = process.faults.add(RateLimited(after=1))
    assert process.faults.active() == [RateLimited(after=1)]
    connection = connect(process.url)
    for _ in range(3):
        get(connection, CHART.format("ZQAAA"))
    connection.close()
    assert [one.status for one in process.log.requests("chart", "ZQAAA")] == [200, 429, 429]
    assert (process.faults.spoiled(number), process.log.most_at_once) == (2, 1)
    process.faults.remove(number)
    assert process.faults.active() == []
    with pytest.raises(RuntimeError, match="expected the name of a fault, was Nothing"):
        process.command("faults/add", {"fault": "Nothing"})


def test_it_ends_with_the_process_that_started_it() -> None:
    code = (
        "import os; from tests.vendor.process import VendorProcess; from tests.vendor.listing import Plan; "
        "vendor = VendorProcess(Plan(symbols=1, years=1)).__enter__(); print(vendor.url, vendor.pid, flush=True); "
        "os.kill(os.getpid(), 9)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=60,
    )  # fmt: skip
    assert run.returncode == -9
    url = run.stdout.split()[0]
    # The output that both processes shared is closed only when the vendor has ended too.
    connection = connect(url)
    with pytest.raises(ConnectionRefusedError):
        connection.connect()


@pytest.mark.parametrize(
    "fault",
    [
        RateLimited(symbols=("ZQAAA", "ZQAAB"), since=dt.datetime(2024, 1, 2, tzinfo=dt.UTC), retry_after=3),
        LostSession(sessions=(dt.date(2024, 1, 2), dt.date(2024, 1, 3)), is_null=True),
        EarlySplit(ex_session=dt.date(2025, 1, 2), ratio=0.05, requests=2),
        HalfSplit(ex_session=dt.date(2024, 1, 2), ratio=3.0, side="oldest"),
        Renamed(old="ZQAAA", new="ZQNEW", until=dt.datetime(2024, 1, 2, tzinfo=dt.UTC)),
        Reused(symbol="ZQAAA", begins=dt.date(2024, 1, 2)),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_a_fault_survives_its_journey(fault: Fault) -> None:
    assert fault_of(json.loads(json.dumps(as_json(fault)))) == fault
