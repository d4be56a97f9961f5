"""Folding small parts: the rows stay what they were, whoever reads or is killed in between."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.contracts import core, raw
from pipelines.contracts.table import Table, grain_of
from pipelines.storage import compaction, part
from pipelines.storage.compaction import Compaction, Folding, compact
from pipelines.storage.content_hash import content_hash
from pipelines.storage.lake import Lake, LakeError
from pipelines.storage.part import delete_superseded, next_number, part_name, span_of, standing
from tests.frames import days
from tests.storage.processes import dead_process
from tests.storage.raw_rows import CHRISTMAS, MORNING, bars, filled, frame_of

ROOT = Path(__file__).resolve().parents[2]
NOW = Folding(least_files=2, readers_finish_within_seconds=0)
"""Folds whatever can be folded, and deletes the old files at once."""


def content(lake: Lake, table: type[Table] = raw.StockBar) -> str:
    """Return a hash of every row with every column, what is left out of content hashes included."""
    rows = lake.read(table).sort(grain_of(table))
    return content_hash(rows.rename({"known_from": "k", "fetched_at": "f"}, strict=False))


def test_many_parts_become_one_file_of_the_same_rows(tmp_path: Path) -> None:
    lake = filled(tmp_path)
    before = content(lake)
    assert len(lake.files(raw.StockBar)) == 24
    assert compact(lake, raw.StockBar, NOW) == Compaction(24, 2, 36, 24)
    assert content(lake) == before
    assert [path.name for path in lake.files(raw.StockBar)] == ["part-000001-000012.parquet"] * 2
    assert not pq.read_schema(lake.files(raw.StockBar)[0]).field("close").nullable
    assert compact(lake, raw.StockBar, NOW) == Compaction(2, 2, 0, 0)


def test_the_next_part_has_a_number_of_its_own(tmp_path: Path) -> None:
    lake = filled(tmp_path, 3, buckets=1)
    compact(lake, raw.StockBar, NOW)
    lake.append(raw.StockBar, bars(["AAA"], days(3, dt.date(2024, 5, 1))))
    assert [path.name for path in lake.files(raw.StockBar)] == ["part-000001-000003.parquet", "part-000004.parquet"]
    compact(lake, raw.StockBar, NOW)
    assert [path.name for path in lake.files(raw.StockBar)] == ["part-000001-000004.parquet"]
    assert next_number(lake.files(raw.StockBar)[0].parent) == 5


def test_few_parts_and_tables_never_written_are_left_alone(tmp_path: Path) -> None:
    lake = filled(tmp_path, 3, buckets=1)
    assert compact(lake, raw.StockBar) == Compaction(3, 3, 0, 0)
    assert compact(lake, raw.Holding) == Compaction(0, 0, 0, 0)


def test_a_large_file_is_not_written_anew_for_a_few_rows(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.append(raw.StockBar, bars(["AAA"], days(400, dt.date(2020, 1, 1))))
    for day in days(4, CHRISTMAS):
        lake.append(raw.StockBar, bars(["AAA"], [day]))
    assert compact(lake, raw.StockBar, NOW) == Compaction(5, 2, 4, 4)
    assert [path.name for path in lake.files(raw.StockBar)] == ["part-000001.parquet", "part-000002-000005.parquet"]


@settings(max_examples=25, deadline=None)
@given(sizes=st.lists(st.integers(1, 60), max_size=25), least=st.integers(2, 5))
def test_however_parts_come_few_files_stand_and_no_row_is_lost(sizes: list[int], least: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder))
        folding = Folding(least_files=least, rows_at_once=20, rows_per_group=7, readers_finish_within_seconds=0)
        written, first = 0, dt.date(2021, 1, 1)
        for size in sizes:
            lake.append(raw.StockBar, bars(["AAA"], days(size, first)))
            first += dt.timedelta(days=size)
            written += size
            compact(lake, raw.StockBar, folding)
            # Beyond those too few to be folded each file has four times the rows of all after it: 1, 5, 25, 125, ...
            assert len(lake.files(raw.StockBar)) < least + 1 + sum(written > 4 * 5**power for power in range(6))
        assert lake.read(raw.StockBar)["session"].sort().to_list() == days(written, dt.date(2021, 1, 1))


def test_rows_lie_by_year_so_that_a_filter_on_session_leaves_row_groups_out(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    names = [f"S{number}" for number in range(10)]
    for group in (names[:5], names[5:]):
        lake.append(raw.StockBar, bars(group, days(3 * 365, dt.date(2021, 1, 1))))
    before = content(lake)
    folding = Folding(least_files=2, rows_at_once=4_000, rows_per_group=1_000, readers_finish_within_seconds=0)
    assert compact(lake, raw.StockBar, folding).rows_folded == 10 * 3 * 365
    assert content(lake) == before
    (path,) = lake.files(raw.StockBar)
    footer = pq.read_metadata(path)
    column = footer.schema.names.index("session")
    groups = [footer.row_group(number).column(column).statistics for number in range(footer.num_row_groups)]
    of_2023 = [group for group in groups if group.max >= dt.date(2023, 1, 1)]
    assert len(of_2023) == 4
    assert len(groups) == 12
    rows = [footer.row_group(number).num_rows for number in range(footer.num_row_groups)]
    assert max(rows) == 1_000
    assert sum(rows) == 10 * 3 * 365


def test_rows_without_a_session_and_repeated_rows_stay(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    rejected = frame_of(
        raw.RejectedRow,
        [
            {
                "row_id": f"{number}",
                "raw_table": "bar",
                "instrument_id": "RUT",
                "session": None if number % 2 else dt.date(2020 + number, 1, 2),
                "rule": "unparsable",
                "locator": "a.csv:1",
                "payload": "{}",
                "source": "files",
                "payload_hash": "0",
                "fetched_at": MORNING,
            }
            for number in range(5)
        ],
    )
    lake.append(raw.RejectedRow, rejected)
    lake.append(raw.RejectedRow, rejected)
    before = content(lake, raw.RejectedRow)
    small = Folding(least_files=2, rows_at_once=1, readers_finish_within_seconds=0)
    assert compact(lake, raw.RejectedRow, small).rows_folded == 10
    assert content(lake, raw.RejectedRow) == before


def made_up(kind: pl.DataType, part_number: int) -> pl.Series:
    numbers = pl.Series([part_number * 1000 + row for row in (3, 1, 2)])
    if kind == pl.String:
        return numbers.cast(pl.String)
    return (numbers % 2 == 0) if kind == pl.Boolean else numbers.cast(pl.Int32).cast(kind)


@pytest.mark.parametrize("table", raw.TABLES, ids=lambda table: table.__name__)
def test_every_raw_table_can_be_folded(tmp_path: Path, table: type[Table]) -> None:
    lake = Lake(tmp_path)
    folder = lake.folder(table) / "bucket=00"
    folder.mkdir(parents=True)
    for part_number in range(1, 5):
        rows = {name: made_up(column.dtype, part_number) for name, column in table.columns().items()}
        pl.DataFrame(rows).select(table.column_names()).write_parquet(folder / part_name(part_number))
    before = content(lake, table)
    assert compact(lake, table, NOW).files_after == 1
    assert content(lake, table) == before


def test_columns_of_other_times_are_kept(tmp_path: Path) -> None:
    """A part lacks a column that came later, another has one that went since: neither is lost, or made up."""
    lake = filled(tmp_path, 3, buckets=1)
    first, second, _ = lake.files(raw.StockBar)
    pl.read_parquet(first).drop("vendor_symbol").write_parquet(first)
    pl.read_parquet(second).with_columns(old=pl.lit(1)).write_parquet(second)
    before = content(lake)
    compact(lake, raw.StockBar, NOW)
    assert content(lake) == before
    (path,) = lake.files(raw.StockBar)
    stored = pl.read_parquet(path)
    assert stored["old"].to_list().count(1) == 3
    assert stored["vendor_symbol"].null_count() == 3
    schema = pq.read_schema(path)
    assert schema.metadata[b"table"] == b"raw.stock_bar"
    assert schema.field("close").metadata[b"unit"]


def test_parts_that_disagree_on_a_type_are_left_as_they_are(tmp_path: Path) -> None:
    lake = filled(tmp_path, 3, buckets=1)
    first = lake.files(raw.StockBar)[0]
    pl.read_parquet(first).with_columns(pl.col("volume").cast(pl.Int64)).write_parquet(first)
    with pytest.raises(LakeError, match=r"raw\.stock_bar\.volume in bucket=00: expected one type"):
        compact(lake, raw.StockBar, NOW)
    assert len(lake.files(raw.StockBar)) == 3


# Killed, and read, in between


class Stopped(BaseException):
    """Ends a compaction as a kill does: no handler of an Exception sees it."""


def stop_at(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Stop before a change of the file system, counted from 0."""
    done = 0

    def counted(change):
        def wrapped(*arguments: object, **options: object):
            nonlocal done
            if done == number:
                raise Stopped
            done += 1
            return change(*arguments, **options)

        return wrapped

    monkeypatch.setattr(compaction, "swap_in", counted(compaction.swap_in))
    monkeypatch.setattr(compaction.pq.ParquetWriter, "write_table", counted(pq.ParquetWriter.write_table))
    monkeypatch.setattr(part.Path, "unlink", counted(Path.unlink))


def test_stopped_before_any_change_the_table_is_whole_and_the_next_call_finishes(tmp_path: Path) -> None:
    stops, is_stopped = 0, True
    while is_stopped:
        lake = filled(tmp_path / str(stops), 4)
        before = content(lake)
        with pytest.MonkeyPatch.context() as patch:
            stop_at(patch, stops)
            try:
                compact(lake, raw.StockBar, NOW)
                is_stopped = False
            except Stopped:
                stops += 1
        assert content(lake) == before
        compact(lake, raw.StockBar, NOW)
        assert content(lake) == before
        found = sorted(path.name for path in lake.folder(raw.StockBar).rglob("*") if path.is_file())
        assert found == ["part-000001-000004.parquet"] * 2
    # Of each bucket: the write, the rename, what the temporary name still holds, and the deletion of four parts.
    assert stops == 2 * 7


def test_a_temporary_file_of_a_killed_fold_is_swept(tmp_path: Path) -> None:
    lake = filled(tmp_path, 3, buckets=1)
    folder = lake.files(raw.StockBar)[0].parent
    dead = folder / f".part-000001-000002.parquet-{dead_process()}.tmp"
    living = folder / f".part-000001-000002.parquet-{os.getppid()}.tmp"
    for path in (dead, living):
        path.write_bytes(b"half a file")
    compact(lake, raw.StockBar, NOW)
    assert not dead.exists()
    assert living.exists()


def test_old_files_stay_for_readers_that_listed_them_and_go_with_a_later_append(tmp_path: Path) -> None:
    lake = filled(tmp_path, 3, buckets=1)
    before = content(lake)
    listed = lake.scan(raw.StockBar)
    compact(lake, raw.StockBar, Folding(least_files=2))
    assert content_hash(listed.collect()) == content_hash(lake.read(raw.StockBar).sort("session", "instrument_id"))
    folder = lake.folder(raw.StockBar) / "bucket=00"
    assert len(list(folder.iterdir())) == 4
    assert content(lake) == before
    an_hour_ago = (folder / part_name(1, 3)).stat().st_mtime - 3601
    os.utime(folder / part_name(1, 3), (an_hour_ago, an_hour_ago))
    lake.append(raw.StockBar, bars(["AAA"], days(1, dt.date(2024, 5, 1))))
    assert sorted(path.name for path in folder.iterdir()) == [part_name(1, 3), part_name(4)]


def test_a_killed_process_that_folds_and_a_reading_one_never_meet_half_a_table(tmp_path: Path) -> None:
    """A process folds and appends without end and is killed; meanwhile every reading finds whole batches."""
    lake = filled(tmp_path, 3, buckets=2)
    script = (
        "import sys, datetime as dt, pathlib\n"
        "from tests.storage.raw_rows import bars\n"
        "from pipelines.contracts import raw\n"
        "from pipelines.storage.compaction import Folding, compact\n"
        "from pipelines.storage.lake import Lake\n"
        "lake = Lake(pathlib.Path(sys.argv[1]), 2)\n"
        "day = dt.date(2024, 1, 1)\n"
        "while True:\n"
        "    with lake.locked():\n"
        "        lake.append(raw.StockBar, bars(['AAA', 'BBB', 'ABC'], [day]))\n"
        "        compact(lake, raw.StockBar, Folding(2, readers_finish_within_seconds=2))\n"
        "    day += dt.timedelta(days=1)\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT)
    read = 0
    try:
        while lake.read(raw.StockBar).height < 3 * 40:
            rows = lake.read(raw.StockBar)
            counts = rows.group_by("session").agg(pl.len(), pl.col("instrument_id").n_unique().alias("different"))
            assert rows.height == rows.unique(["instrument_id", "session"]).height
            # The two files of the batch that comes in just now are written one after the other.
            assert counts.filter(pl.col("session") < pl.col("session").max())["len"].unique().to_list() == [3]
            read += 1
            assert writer.poll() is None
    finally:
        writer.send_signal(signal.SIGKILL)
        writer.wait(30)
    assert read > 20
    rows = lake.read(raw.StockBar)
    assert rows.height == rows.unique(["instrument_id", "session"]).height
    before = content(lake)
    compact(lake, raw.StockBar, NOW)
    assert content(lake) == before


# Names


def test_names_say_which_batches_a_file_holds() -> None:
    assert span_of(Path(part_name(7))) == (7, 7)
    assert span_of(Path(part_name(1, 7))) == (1, 7)
    assert span_of(Path(part_name(1_000_000, 1_000_001))) == (1_000_000, 1_000_001)
    assert span_of(Path("rows.parquet")) is None


def test_files_stand_in_the_order_of_their_batches_and_those_held_by_another_do_not() -> None:
    names = [
        part_name(10),
        part_name(1, 3),
        part_name(2),
        part_name(1, 7),
        part_name(4),
        part_name(8, 9),
        "rows.parquet",
    ]
    found = standing(Path("t/bucket=00") / name for name in names)
    assert [path.name for path in found] == ["rows.parquet", part_name(1, 7), part_name(8, 9), part_name(10)]
    with pytest.raises(
        ValueError, match=r"t/bucket=00/part-000003-000009.parquet: expected batches after 4, was from 3"
    ):
        standing(Path("raw/t/bucket=00") / name for name in (part_name(1, 4), part_name(3, 9)))


def test_a_file_of_core_is_never_folded_or_deleted(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.replace(core.RatioPair, core.RatioPair.create_empty())
    (path,) = lake.files(core.RatioPair)
    assert delete_superseded(path.parent, 0) == 0
    assert compact(lake, core.RatioPair, NOW) == Compaction(1, 1, 0, 0)
