"""Tables that grow by the day: what their buckets say of themselves, and how they are published."""

from __future__ import annotations

import contextlib
import datetime as dt
from itertools import pairwise
from pathlib import Path

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines import seeds
from pipelines.contracts import core
from pipelines.parameters import Parameters
from pipelines.storage.bucket_content import blocks, content_of
from pipelines.storage.bucket_record import Record
from pipelines.storage.bucket_store import BucketStore, fingerprint
from pipelines.storage.build import BuildFacts
from pipelines.storage.lake import Lake, LakeError, bucket_of
from pipelines.storage.warehouse import publish
from pipelines.transforms.stock_trend import stock_prices, stock_trends
from tests.transforms.stock_frames import bars, calendar

BUCKETS = 2
EVENING = dt.datetime(2024, 12, 2, 22, 30, tzinfo=dt.UTC)
FACTS = BuildFacts("test", False, EVENING, EVENING, "p", "c")
TABLES = (core.StockBar, core.StockMovingAverage, core.StockTrendState)


@pytest.fixture(scope="module")
def frames() -> dict[type, pl.DataFrame]:
    rows = bars(3, 9, 620)
    return dict(zip(TABLES, (rows, *stock_trends(stock_prices(rows, calendar(620)), Parameters())), strict=True))


def own(rows: pl.DataFrame, bucket: int) -> pl.DataFrame:
    names = [name for name in rows["instrument_id"].unique() if bucket_of(name, BUCKETS) == bucket]
    return rows.filter(pl.col("instrument_id").is_in(names)).sort("instrument_id", "session")


@pytest.fixture
def lake(tmp_path: Path, frames: dict[type, pl.DataFrame]) -> Lake:
    lake = Lake(tmp_path / "lake")
    lake.replace(core.Instrument, seeds.instruments(False))
    for table, rows in frames.items():
        store = BucketStore(lake, table, BUCKETS)
        for bucket in range(BUCKETS):
            store.commit(bucket, store.write(bucket, own(rows, bucket), Record("basis")).built())
    return lake


def test_rows_come_back_and_lie_in_a_row_group_a_year(lake: Lake, frames: dict[type, pl.DataFrame]) -> None:
    for table, rows in frames.items():
        assert_frame_equal(lake.read(table).sort("instrument_id", "session"), rows, check_exact=True)
        last = rows["session"].max().year
        assert {path.name for path in lake.files(table)} == {f"through={year}.parquet" for year in (last - 1, last)}


def test_a_change_in_a_closed_year_is_put_in_its_place(lake: Lake, frames: dict[type, pl.DataFrame]) -> None:
    store, rows = BucketStore(lake, core.StockBar, BUCKETS), own(frames[core.StockBar], 0)
    name, session = rows["instrument_id"][0], rows["session"][40]
    new = rows.filter(pl.col("instrument_id") == name, pl.col("session") >= session).with_columns(volume=pl.lit(7.0))
    record = store.change(0, new, {name: session}, store.record(0) or Record(""))
    assert store.record(0) is None, "between the files the bucket says that it is not finished"
    store.commit(0, record.changed({name: session}))
    expected = pl.concat([rows.join(new, on=["instrument_id", "session"], how="anti"), new])
    found = store.scan(0).collect().sort("instrument_id", "session")
    assert_frame_equal(found, expected.sort("instrument_id", "session"), check_exact=True)
    after = store.record(0)
    assert after
    assert (after.rows, after.fingerprint) == (rows.height, fingerprint(expected))


class Killed(BaseException):
    """The process was killed."""


@pytest.mark.parametrize("moves", range(5))
def test_what_a_killed_build_left_is_undone(
    moves: int, lake: Lake, frames: dict[type, pl.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between its last file and its record; and the undoing killed after so many moves, and done again."""
    store, rows = BucketStore(lake, core.StockBar, BUCKETS), own(frames[core.StockBar], 0)
    before = store.record(0)
    assert before
    store.write(0, rows.filter(pl.col("session").dt.year() > 2019), before)
    left, replace = [moves], Path.replace

    def replace_or_die(path: Path, target: Path) -> Path:
        if not left[0]:
            raise Killed
        left[0] -= 1
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", replace_or_die)
    with contextlib.suppress(Killed):
        store.restore()
    monkeypatch.undo()
    store.restore()
    assert store.record(0) == before
    assert_frame_equal(store.scan(0).collect().sort("instrument_id", "session"), rows, check_exact=True)
    assert {path.name for path in store.folder(0).iterdir()} == {*before.files, "_record.json"}


def test_a_bucket_that_is_whole_is_left_as_it_is(lake: Lake, frames: dict[type, pl.DataFrame]) -> None:
    store, rows = BucketStore(lake, core.StockBar, BUCKETS), own(frames[core.StockBar], 0)
    record = store.write(0, rows.head(5), store.record(0) or Record(""))
    store.commit(0, record)
    store.restore()
    assert (store.record(0), store.scan(0).collect().height) == (record, 5)


def test_rows_that_no_longer_hold_vanish(lake: Lake, frames: dict[type, pl.DataFrame]) -> None:
    store, rows = BucketStore(lake, core.StockBar, BUCKETS), own(frames[core.StockBar], 1)
    name = rows["instrument_id"][0]
    store.commit(1, store.change(1, rows.clear(), {name: dt.date.min}, store.record(1) or Record("")))
    assert name not in set(store.scan(1).collect()["instrument_id"])


def test_what_changed_since_is_remembered_for_a_while() -> None:
    day = dt.date(2024, 1, 2)
    record = Record("basis").built()
    begin = record.state
    for number in range(40):
        record = record.changed({"A": day + dt.timedelta(days=number), f"B{number}": day})
    assert record.changes_since(record.state) == {}
    assert record.changes_since(f"{record.epoch}:38") == {"A": day + dt.timedelta(days=38), "B38": day, "B39": day} | {
        "A": day + dt.timedelta(days=38)
    }
    assert record.changes_since(begin) is None, "too long ago"
    assert record.changes_since("other:40") is None
    assert record.changes_since(f"{record.epoch}:41") is None


def test_the_fingerprint_does_not_depend_on_order_but_on_every_value(frames: dict[type, pl.DataFrame]) -> None:
    rows = frames[core.StockTrendState].tail(400)
    parts = fingerprint(rows.head(100)) + fingerprint(rows.tail(300))
    assert fingerprint(rows) == fingerprint(rows.sample(fraction=1, shuffle=True, seed=1)) == parts % 2**64
    changed = rows.with_columns(swing_high=pl.when(pl.int_range(pl.len()) == 7).then(1.0).otherwise("swing_high"))
    assert fingerprint(changed) != fingerprint(rows)


@pytest.mark.parametrize("months", [1, 3, 6, 12])
def test_blocks_tile_time(months: int) -> None:
    first, last = dt.date(2019, 11, 30), dt.date(2023, 2, 1)
    found = list(blocks(first, last, months))
    assert all(before[1] == after[0] for before, after in pairwise(found))
    assert found[0][0] <= first < found[0][1]
    assert found[-1][0] <= last < found[-1][1]


def test_the_file_holds_averages_and_states_side_by_side(
    lake: Lake, frames: dict[type, pl.DataFrame], tmp_path: Path
) -> None:
    build = publish(tmp_path / "market.duckdb", lake, FACTS)
    averages, states = (frames[table] for table in TABLES[1:])
    assert build.rows["serve.stock_trend"] == states.height
    with duckdb.connect(str(tmp_path / "market.duckdb"), read_only=True) as connection:
        rows = connection.sql("SELECT * FROM serve.stock_trend").pl()
        placed = connection.sql("SELECT instrument_id, session, rowid FROM packed.stock_trend ORDER BY rowid").pl()
    key = ["instrument_id", "session"]
    expected = states.join(averages, on=key).select(rows.columns).sort(key)
    assert_frame_equal(rows.sort(key), expected, check_exact=True)
    half = (pl.col("session").dt.year() * 2 + (pl.col("session").dt.month() - 1) // 6).alias("half")
    assert placed.equals(placed.sort(half, *key))


def test_the_hash_says_what_the_rows_are_not_how_they_lie(
    lake: Lake, frames: dict[type, pl.DataFrame], tmp_path: Path
) -> None:
    other = Lake(tmp_path / "other")
    other.replace(core.Instrument, seeds.instruments(False))
    for table, rows in frames.items():
        store = BucketStore(other, table, 1)
        store.commit(0, store.write(0, rows, Record("basis")).built())
    names = ("core.stock_bar", "serve.stock_trend")
    one, same = (publish(tmp_path / f"{at}.duckdb", place, FACTS).hashes for at, place in enumerate((lake, other)))
    assert [one[name] for name in names] == [same[name] for name in names]


def test_an_unfinished_bucket_is_not_published(lake: Lake, tmp_path: Path) -> None:
    publish(tmp_path / "market.duckdb", lake, FACTS)
    before = (tmp_path / "market.duckdb").read_bytes()
    (lake.folder(core.StockTrendState) / "bucket=01" / "_record.json").unlink()
    with pytest.raises(LakeError, match=r"core\.stock_trend_state: expected buckets that are finished"):
        publish(tmp_path / "market.duckdb", lake, FACTS)
    with pytest.raises(LakeError, match="expected buckets that are finished"):
        content_of(lake, core.StockTrendState)
    assert (tmp_path / "market.duckdb").read_bytes() == before
