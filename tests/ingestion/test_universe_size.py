"""What a run reads and writes: it grows with the day and the symbols at hand, not with the history."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from pipelines.contracts import raw
from pipelines.ingestion import commit as committing
from pipelines.ingestion import judge as judging
from pipelines.ingestion import run as running
from tests.ingestion.conftest import MONDAY
from tests.ingestion.universe_run import TABLES, Place, evening


@pytest.fixture
def collected(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the rows of bars that are read from the lake, call by call."""
    heights: list[int] = []
    read = judging.known_bars

    def counted(*arguments) -> pl.DataFrame:
        found = read(*arguments)
        heights.append(found.height)
        return found

    monkeypatch.setattr(judging, "known_bars", counted)
    monkeypatch.setattr(committing, "known_bars", counted)
    return heights


def test_a_day_reads_ten_sessions_a_symbol_and_adds_a_file_a_table(place: Place, collected: list[int]) -> None:
    symbols = [symbol for symbol in place.server.market.symbols if symbol != "ZQAAJ"]
    place.run(symbols)
    assert collected == [0, 0]
    history = place.rows(raw.StockBar).height
    collected.clear()
    place.server.now = evening(MONDAY + dt.timedelta(days=1))
    place.run(symbols)
    assert collected == [10 * len(symbols)] * 2
    assert history > 200 * len(symbols)
    assert {table: len(place.lake.files(table)) for table in TABLES} == {
        raw.StockBar: 2, raw.StockAction: 1, raw.RejectedRow: 0, raw.FetchOutcome: 2
    }  # fmt: skip


def test_whole_histories_are_held_no_more_at_a_time_than_a_commit_takes(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "COMMIT_ROWS", 600)
    held: list[int] = []
    commit = running.commit

    def counted(answers, *arguments):
        held.append(sum(answered.rows for answered in answers))
        return commit(answers, *arguments)

    monkeypatch.setattr(running, "commit", counted)
    place.run()
    longest = place.rows(raw.StockBar).group_by("instrument_id").len()["len"].max()
    assert len(held) > 3
    assert max(held) < 600 + longest


def test_outcomes_of_years_are_not_read_day_by_day(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.run(["ZQAAB"])
    old = place.rows(raw.FetchOutcome)
    long_ago = pl.concat(
        [old.with_columns(pl.col("fetched_at").dt.offset_by(f"-{days}d")) for days in range(50, 400)]
    ).with_columns(asked_from=dt.date(2020, 1, 2))
    place.lake.append(raw.FetchOutcome, long_ago)
    heights: list[int] = []
    read = running.known_outcomes

    def counted(*arguments) -> pl.DataFrame:
        found = read(*arguments)
        heights.append(found.height)
        return found

    monkeypatch.setattr(running, "known_outcomes", counted)
    place.server.now = evening(MONDAY + dt.timedelta(days=1))
    assert place.run(["ZQAAB"]).outcomes == {"ok": 1}
    assert heights == [1]
    # After a pause of months the whole history is not due, as it was read once.
    place.server.now = evening(dt.date(2024, 12, 31))
    place.server.market.drawn.cache_clear()
    place.run(["ZQAAB"])
    assert heights == [1, 2]
