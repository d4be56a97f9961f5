"""A run that ends in the middle: the next one goes on, asks for nothing twice, and the rows are the same."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from pipelines.contracts import raw
from pipelines.contracts.table import Table
from pipelines.ingestion import run as running
from pipelines.ingestion.spool import Spool
from pipelines.storage.lake import Lake
from tests.ingestion.conftest import MONDAY, SPLIT_DAY
from tests.ingestion.universe_run import TABLES, Place, evening
from tests.vendor.market import Market
from tests.vendor.market_fault import LostSession, Reused
from tests.vendor.server import Vendor

SYMBOLS = ["ZQAAA", "ZQAAB", "ZQAAC", "ZQAAD", "ZQAAJ"]


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


def killed_before(
    patch: pytest.MonkeyPatch, owner: type, name: str, call: int, when: Callable = lambda *_: True
) -> None:
    """Make the so manieth call of a method end the run before it does anything."""
    method, calls = getattr(owner, name), iter(range(1, 10_000))

    def end(self, *arguments):
        if when(*arguments) and next(calls) == call:
            raise Killed
        return method(self, *arguments)

    patch.setattr(owner, name, end)


def is_table(table: type[Table]) -> Callable:
    return lambda asked, *_: asked is table


STAGES: dict[str, tuple[type, str, int, Callable]] = {
    "before the first answer is kept": (Spool, "save", 1, lambda *_: True),
    "before the fourth answer is kept": (Spool, "save", 4, lambda *_: True),
    "before the history on evidence is kept": (Spool, "save", 6, lambda *_: True),
    **{
        f"before {table.__name__} is added, time {call}": (Lake, "append", call, is_table(table))
        for table in TABLES if table is not raw.RejectedRow for call in (1, 2)
    },
    "before the spool is emptied": (Spool, "remove", 1, lambda *_: True),
    "before the spool is emptied again": (Spool, "remove", 2, lambda *_: True),
}  # fmt: skip


def gap(market: Market) -> LostSession:
    """Return a fault by which the first history of a stock is odd, and is read a second time."""
    return LostSession(symbols=("ZQAAB",), sessions=(market.sessions[50],))


def days(place: Place) -> None:
    """Two evenings; on the second two stocks have split and one symbol has passed to another company."""
    place.server.faults.add(gap(place.server.market))
    for day in (MONDAY, SPLIT_DAY):
        place.server.now = evening(day)
        if day == SPLIT_DAY:
            place.server.faults.add(Reused(symbol="ZQAAD", begins=dt.date(2024, 11, 26), symbols=("ZQAAD",)))
        place.run(SYMBOLS)


@pytest.fixture(scope="module")
def uninterrupted(market: Market, tmp_path_factory: pytest.TempPathFactory) -> dict[type[Table], pl.DataFrame]:
    with Vendor(market) as server:
        place = Place(tmp_path_factory.mktemp("whole"), server)
        days(place)
        return {table: place.rows(table) for table in TABLES}


@pytest.mark.parametrize("evening_of_the_kill", [MONDAY, SPLIT_DAY], ids=["first", "second"])
@pytest.mark.parametrize("stage", STAGES)
def test_a_run_that_was_killed_is_taken_up_again(
    stage: str, evening_of_the_kill: dt.date, market: Market, tmp_path: Path, uninterrupted, monkeypatch
) -> None:
    owner, name, call, when = STAGES[stage]
    with Vendor(market) as server:
        place = Place(tmp_path, server)
        server.faults.add(gap(market))
        for day in (MONDAY, SPLIT_DAY):
            server.now = evening(day)
            if day == SPLIT_DAY:
                server.faults.add(Reused(symbol="ZQAAD", begins=dt.date(2024, 11, 26), symbols=("ZQAAD",)))
            if day == evening_of_the_kill:
                with monkeypatch.context() as patch:
                    killed_before(patch, owner, name, call, when)
                    is_killed = False
                    try:
                        place.run(SYMBOLS)
                    except Killed:
                        is_killed = True
                # On the first evening there is one commit, and no history is read on evidence.
                assert is_killed or day == MONDAY
            place.run(SYMBOLS)
        twice = server.log.asked_twice()
        found = {table: place.rows(table) for table in TABLES}
        left = [path.name for path in place.spool.folder.iterdir()]
    # What was not kept yet has to be asked again: at most the answers that were under way.
    assert len(twice) <= (4 if name == "save" else 0)
    assert found.keys() == uninterrupted.keys()
    for table in TABLES:
        assert found[table].equals(uninterrupted[table]), table.__name__
    assert left == [".lock"]


def test_several_commits_of_a_run_end_with_the_same_rows(
    market: Market, tmp_path: Path, uninterrupted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "COMMIT_ROWS", 300)
    monkeypatch.setattr(running, "CHUNK", 2)
    with Vendor(market) as server:
        place = Place(tmp_path, server)
        days(place)
        assert len(place.lake.files(raw.StockBar)) > 3
        for table in TABLES:
            assert place.rows(table).equals(uninterrupted[table]), table.__name__


def test_a_damaged_file_of_the_spool_is_asked_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        killed_before(patch, Lake, "append", 1)
        with pytest.raises(Killed):
            place.run(SYMBOLS[:2])
    first, second = sorted(place.spool.folder.glob("*.parquet"))
    first.write_bytes(first.read_bytes()[:200])
    second.write_text("none")
    result = place.run(SYMBOLS[:2])
    assert (result.from_spool, result.outcomes) == (0, {"ok": 2})


def test_answers_of_an_earlier_day_are_taken_first(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        killed_before(patch, Lake, "append", 1)
        with pytest.raises(Killed):
            place.run(SYMBOLS[:2])
    place.server.now = evening(MONDAY + dt.timedelta(days=1))
    place.server.log.clear()
    result = place.run(SYMBOLS[:2])
    assert result.from_spool == 2
    assert {dt.datetime.fromtimestamp(one.first, dt.UTC).year for one in place.server.log.requests("chart")} == {2024}
    known = place.rows(raw.StockBar).filter(known_basis="observed").group_by("known_from").len().sort("known_from")
    assert known.rows() == [(evening(MONDAY), 22), (place.server.now, 2)]
