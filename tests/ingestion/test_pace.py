"""The token bucket, and what is told of the progress."""

from __future__ import annotations

import threading

import pytest

from pipelines.ingestion.pace import TokenBucket
from pipelines.ingestion.progress import Progress, Reporter


class Clock:
    """Seconds that pass only while someone sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def moments(per_minute: float, burst: int, count: int, rest: float = 0.0) -> list[float]:
    clock = Clock()
    bucket = TokenBucket(per_minute, burst, clock, clock.sleep)
    found = []
    for number in range(count):
        clock.now += rest if number == count - 1 else 0.0
        bucket.take()
        found.append(round(clock.now - 100.0, 6))
    return found


def test_a_burst_is_free_and_then_tokens_come_at_the_rate() -> None:
    assert moments(60, 3, 6) == [0, 0, 0, 1, 2, 3]


def test_a_rest_fills_the_bucket_and_no_more() -> None:
    clock = Clock()
    bucket = TokenBucket(60, 2, clock, clock.sleep)
    for _ in range(4):
        bucket.take()
    clock.now += 1000
    begin = clock.now
    taken = []
    for _ in range(4):
        bucket.take()
        taken.append(clock.now - begin)
    assert taken == pytest.approx([0, 0, 1, 2])


def test_threads_share_the_tokens_and_none_is_given_twice() -> None:
    waits: list[float] = []
    bucket = TokenBucket(600, 1, lambda: 0.0, waits.append)
    threads = [threading.Thread(target=lambda: [bucket.take() for _ in range(25)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bucket.taken == 100
    # The clock stands still, so each owes a tenth of a second more than the one before.
    assert sorted(waits) == pytest.approx([number / 10 for number in range(1, 100)])


def test_progress_is_told_every_ten_seconds_and_at_the_end() -> None:
    clock, told = Clock(), []
    reporter = Reporter(lambda progress: told.append(str(progress)), monotonic=clock)
    reporter.expect(30)
    for number in range(30):
        clock.now += 1.0
        reporter.note("ok" if number else "empty")
    assert told == [
        "10 of 30 symbols (empty 1, ok 9), 60 a minute, about 0.3 minutes left",
        "20 of 30 symbols (empty 1, ok 19), 60 a minute, about 0.2 minutes left",
        "30 of 30 symbols (empty 1, ok 29), 60 a minute, about 0.0 minutes left",
    ]


def test_without_a_rate_no_time_is_promised() -> None:
    assert Progress(total=3).seconds_left is None
    assert str(Progress(total=3)) == "0 of 3 symbols (), 0 a minute"
