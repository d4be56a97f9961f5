"""Earlier published files: how many stay, that they answer as they did, and that a kill loses none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipelines.storage import retention, warehouse
from pipelines.storage.lake import Lake
from pipelines.storage.retention import delete_older, earlier_files, keep_earlier
from pipelines.storage.warehouse import publish
from tests.storage.processes import dead_process
from tests.storage.test_warehouse import facts, generation


def published(database: Path, generations: int, keep: int) -> None:
    for _ in range(generations):
        assert publish(database, Lake(database.parent / "lake"), facts(), keep=keep).is_published


def test_the_last_few_earlier_files_stay_and_answer_as_they_did(tmp_path: Path) -> None:
    database = tmp_path / "market.duckdb"
    published(database, 4, keep=2)
    assert generation(database) == 4
    assert {number: generation(path) for number, path in earlier_files(database).items()} == {2: 2, 3: 3}
    assert sorted(path.name for path in (tmp_path / "published").iterdir()) == ["market-2.duckdb", "market-3.duckdb"]


def test_keeping_copies_nothing(tmp_path: Path) -> None:
    database = tmp_path / "market.duckdb"
    database.write_bytes(b"first")
    keep_earlier(database, 1)
    assert earlier_files(database)[1].samefile(database)


def test_none_are_kept_unless_asked_for(tmp_path: Path) -> None:
    database = tmp_path / "market.duckdb"
    published(database, 2, keep=0)
    assert not (tmp_path / "published").exists()


def test_those_beyond_the_number_go_and_files_of_other_names_stay(tmp_path: Path) -> None:
    database = tmp_path / "market.duckdb"
    folder = tmp_path / "published"
    folder.mkdir()
    for name in ("market-9.duckdb", "market-10.duckdb", "market-2.duckdb", "market-2-mine.duckdb", "notes.txt"):
        (folder / name).touch()
    delete_older(database, 2)
    left = {"market-9.duckdb", "market-10.duckdb", "market-2-mine.duckdb", "notes.txt"}
    assert {path.name for path in folder.iterdir()} == left
    delete_older(database, 0)
    assert {path.name for path in folder.iterdir()} == {"market-2-mine.duckdb", "notes.txt"}


def test_a_generation_that_is_kept_is_not_given_again_though_the_published_file_was_lost(tmp_path: Path) -> None:
    database = tmp_path / "market.duckdb"
    published(database, 2, keep=3)
    database.unlink()
    published(database, 1, keep=3)
    assert generation(database) == 2
    published(database, 1, keep=3)
    assert {number: generation(path) for number, path in earlier_files(database).items()} == {1: 1, 2: 2}


def test_a_file_system_without_second_names_gets_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = tmp_path / "market.duckdb"
    database.write_bytes(b"first")

    def refused(*_: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(retention.os, "link", refused)
    keep_earlier(database, 1)
    assert earlier_files(database)[1].read_bytes() == b"first"
    assert not earlier_files(database)[1].samefile(database)


def test_stopped_between_keeping_and_publishing_the_old_file_stays_and_the_next_build_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "market.duckdb"
    published(database, 1, keep=3)
    with monkeypatch.context() as patch:
        patch.setattr(warehouse, "swap_in", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            published(database, 1, keep=3)
    assert generation(database) == 1
    leftover = tmp_path / "published" / f".market-1.duckdb-{dead_process()}.tmp"
    os.link(database, leftover)
    published(database, 1, keep=3)
    assert generation(database) == 2
    assert {number: generation(path) for number, path in earlier_files(database).items()} == {1: 1}
    assert not leftover.exists()
