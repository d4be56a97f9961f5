"""Bars and trends of stocks carried on from day to day in the lake, against the same built in one go."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines.contracts import core, raw
from pipelines.derivation.bucket_build import Report
from pipelines.derivation.stock_bar import BarBuild
from pipelines.derivation.stock_trend import TrendBuild
from pipelines.parameters import Parameters
from pipelines.storage import bucket_store
from pipelines.storage.lake import Lake
from pipelines.transforms.quarantine import accepted_stock_bars
from tests.transforms.stock_frames import FIRST, bars, calendar

BUCKETS = 3
SESSIONS = 700
TABLES = (core.StockBar, core.StockMovingAverage, core.StockTrendState)
PARAMETERS = Parameters()


def at(session: dt.date) -> dt.datetime:
    return dt.datetime.combine(session, dt.time(22), dt.UTC)


def versions(rows: pl.DataFrame, fetched_at: dt.datetime) -> pl.DataFrame:
    """Raw versions of bars that were fetched at a moment."""
    frame = rows.select("instrument_id", "session", "open", "high", "low", "close", "volume").with_columns(
        known_from=pl.lit(fetched_at).cast(pl.Datetime("us", "UTC")),
        fetched_at=pl.lit(fetched_at).cast(pl.Datetime("us", "UTC")),
        known_basis=pl.lit("observed"),
        vendor_symbol="instrument_id",
        source=pl.lit("test"),
        payload_hash=pl.lit("0" * 64),
    )
    columns = {name: column.dtype for name, column in raw.StockBar.columns().items()}
    absent = [pl.lit(None, dtype).alias(name) for name, dtype in columns.items() if name not in frame.columns]
    return frame.with_columns(absent).select(pl.col(name).cast(dtype) for name, dtype in columns.items())


def bar_build(lake: Lake, known_at: dt.datetime, parameters: Parameters = PARAMETERS) -> BarBuild:
    return BarBuild(lake, BUCKETS, known_at, parameters, accepted_stock_bars)


def build(lake: Lake, known_at: dt.datetime, parameters: Parameters = PARAMETERS) -> tuple[Report, Report]:
    of_bars = bar_build(lake, known_at, parameters).run(workers=1)
    sessions = calendar(SESSIONS + 60)
    snapshot = lake.snapshot_of(core.StockBar)
    return of_bars, TrendBuild(lake, BUCKETS, parameters, snapshot, sessions=sessions).run(workers=1)


def times(ratio: float, where: pl.Expr | None = None) -> list[pl.Expr]:
    """Prices times a ratio."""
    prices = [pl.col(name) for name in ("open", "high", "low", "close")]
    return [pl.when(pl.lit(True) if where is None else where).then(price * ratio).otherwise(price) for price in prices]


def content(lake: Lake) -> list[pl.DataFrame]:
    return [lake.read(table).sort("instrument_id", "session") for table in TABLES]


def assert_same(lake: Lake, other: Lake) -> None:
    for found, expected in zip(content(lake), content(other), strict=True):
        assert_frame_equal(found, expected, check_exact=True)


def from_scratch(lake: Lake, tmp_path: Path, known_at: dt.datetime) -> Lake:
    """A lake with the same raw tables whose core tables are built in one go."""
    other = Lake(tmp_path / "scratch")
    for table in (raw.StockBar, raw.StockAction):
        if lake.files(table):
            other.append(table, lake.read(table))
    build(other, known_at)
    return other


@pytest.fixture
def history() -> pl.DataFrame:
    return bars(11, 14, SESSIONS)


def split(instrument: str, ex_session: dt.date, fetched_at: dt.datetime) -> pl.DataFrame:
    columns = {name: column.dtype for name, column in raw.StockAction.columns().items()}
    row = {
        "instrument_id": instrument,
        "ex_session": ex_session,
        "action_type": "split",
        "known_from": fetched_at,
        "known_basis": "observed",
        "split_ratio": 1.2,  # of less than 1.25, which need not show in the traded price
        "is_withdrawn": False,
        "vendor_symbol": instrument,
        "source": "test",
        "payload_hash": "0" * 64,
        "fetched_at": fetched_at,
    }
    return pl.DataFrame([{name: row.get(name) for name in columns}], schema=columns)


def test_days_with_revisions_splits_and_listings_equal_one_build(history: pl.DataFrame, tmp_path: Path) -> None:
    lake, sessions = Lake(tmp_path / "days"), history["session"].unique().sort()
    begin = 630
    lake.append(raw.StockBar, versions(history.filter(pl.col("session") < sessions[begin]), at(sessions[begin - 1])))
    build(lake, at(sessions[begin - 1]))
    draw = random.Random(5)
    for day in sessions[begin:]:
        of_day = history.filter(session=day)
        if draw.random() < 0.1:
            wrong = of_day.sample(1, seed=draw.randrange(10**6))["instrument_id"][0]
            of_day = of_day.with_columns(times(100.0, pl.col("instrument_id") == wrong))
        lake.append(raw.StockBar, versions(of_day, at(day)))
        if draw.random() < 0.1:
            name = draw.choice(history["instrument_id"].unique().sort().to_list())
            halved = history.filter(pl.col("instrument_id") == name, pl.col("session") < day).tail(draw.choice([8, 40]))
            lake.append(raw.StockBar, versions(halved.with_columns(times(0.5)), at(day) + dt.timedelta(seconds=1)))
            if draw.random() < 0.5:
                lake.append(raw.StockBar, versions(halved, at(day) + dt.timedelta(seconds=2)))
        if draw.random() < 0.15:
            revised = history.filter(pl.col("session") < day).sample(1, seed=draw.randrange(10**6))
            revised = revised.with_columns(times(1.005))
            lake.append(raw.StockBar, versions(revised, at(day) + dt.timedelta(minutes=1)))
        if draw.random() < 0.08:
            name = draw.choice(history["instrument_id"].unique().sort().to_list())
            effective = day + dt.timedelta(days=draw.choice([-200, 0, 2]))
            if lake.read(raw.StockAction).filter(instrument_id=name, ex_session=effective).is_empty():
                lake.append(raw.StockAction, split(name, effective, at(day)))
        if draw.random() < 0.5:
            build(lake, at(day) + dt.timedelta(minutes=2))
    moment = at(sessions[-1]) + dt.timedelta(minutes=2)
    build(lake, moment)
    assert lake.read(raw.StockAction).height > 1
    other = from_scratch(lake, tmp_path, moment)
    assert_same(lake, other)
    held = bar_build(lake, moment).held()
    assert held.height > 1
    assert_frame_equal(held, bar_build(other, moment).held(), check_exact=True)
    records = [[bucket_store.BucketStore(one, table, BUCKETS).record(0) for table in TABLES] for one in (lake, other)]
    assert [record.fingerprint for record in records[0] if record] == [r.fingerprint for r in records[1] if r]
    assert [record.snapshot for record in records[0] if record] == [r.snapshot for r in records[1] if r]


def daily_rows(history: pl.DataFrame, first: int, root: Path) -> list[int]:
    """Rows that the builds of the last day read, of a history that begins with a session."""
    sessions = history["session"].unique().sort()
    some, day = history.filter(pl.col("session") >= sessions[first]), sessions[-1]
    lake = Lake(root)
    lake.append(raw.StockBar, versions(some.filter(pl.col("session") < day), at(sessions[-2])))
    build(lake, at(sessions[-2]))
    lake.append(raw.StockBar, versions(some.filter(session=day), at(day)))
    return [report.rows_read for report in build(lake, at(day))]


def test_the_input_of_a_day_does_not_grow_with_history(tmp_path: Path) -> None:
    history = bars(2, 10, SESSIONS)
    whole = history.group_by("instrument_id").agg(pl.len()).filter(pl.col("len") > SESSIONS * 0.9)
    history = history.join(whole, on="instrument_id", how="semi")
    assert daily_rows(history, 0, tmp_path / "long") == daily_rows(history, 300, tmp_path / "short")


def test_nothing_new_reads_and_writes_nothing(history: pl.DataFrame, tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.append(raw.StockBar, versions(history, at(history["session"].max())))
    build(lake, at(history["session"].max()))
    written = {path: path.stat().st_mtime_ns for table in TABLES for path in lake.files(table)}
    assert build(lake, at(history["session"].max())) == (Report(), Report())
    assert {path: path.stat().st_mtime_ns for path in written} == written


def test_a_day_rewrites_the_files_of_its_year_alone(history: pl.DataFrame, tmp_path: Path) -> None:
    lake, day = Lake(tmp_path), history["session"].max()
    lake.append(raw.StockBar, versions(history.filter(pl.col("session") < day), at(day - dt.timedelta(days=1))))
    build(lake, at(day - dt.timedelta(days=1)))
    written = {path: path.stat().st_mtime_ns for table in TABLES for path in lake.files(table)}
    lake.append(raw.StockBar, versions(history.filter(session=day), at(day)))
    build(lake, at(day))
    rewritten = {path.name for path, moment in written.items() if path.stat().st_mtime_ns != moment}
    assert rewritten == {f"through={day.year}.parquet"}


@pytest.mark.parametrize("killed_at", range(0, 22, 3))
def test_a_killed_build_is_repaired(
    killed_at: int, history: pl.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, sessions = Lake(tmp_path / "killed"), history["session"].unique().sort()
    lake.append(raw.StockBar, versions(history.filter(pl.col("session") < sessions[-2]), at(sessions[-3])))
    build(lake, at(sessions[-3]))
    lake.append(raw.StockBar, versions(history.filter(session=sessions[-2]), at(sessions[-2])))
    left, swap = [killed_at], bucket_store.swap_in

    class Killed(BaseException):
        pass

    def swap_or_die(temporary: Path, final: Path) -> None:
        if not left[0]:
            raise Killed
        left[0] -= 1
        swap(temporary, final)

    monkeypatch.setattr(bucket_store, "swap_in", swap_or_die)
    monkeypatch.setattr("pipelines.storage.bucket_record.swap_in", swap_or_die)
    monkeypatch.setattr("pipelines.storage.raw_news.swap_in", swap_or_die)
    with pytest.raises(Killed):
        build(lake, at(sessions[-2]))
    monkeypatch.undo()
    lake.append(raw.StockBar, versions(history.filter(session=sessions[-1]), at(sessions[-1])))
    build(lake, at(sessions[-1]))
    assert_same(lake, from_scratch(lake, tmp_path, at(sessions[-1])))


def test_other_parameters_derive_everything_anew(history: pl.DataFrame, tmp_path: Path) -> None:
    lake, last = Lake(tmp_path / "lake"), at(history["session"].max())
    lake.append(raw.StockBar, versions(history, last))
    build(lake, last)
    reports = build(lake, last, Parameters(medium_flat_band_bp=3.0))
    assert [report.buckets_anew for report in reports] == [BUCKETS, BUCKETS]


def test_a_past_moment_is_answered_and_left_again(history: pl.DataFrame, tmp_path: Path) -> None:
    lake, sessions = Lake(tmp_path / "lake"), history["session"].unique().sort()
    lake.append(raw.StockBar, versions(history.filter(pl.col("session") < sessions[-1]), at(sessions[-2])))
    lake.append(raw.StockBar, versions(history.filter(session=sessions[-1]), at(sessions[-1])))
    build(lake, at(sessions[-1]))
    now = content(lake)
    build(lake, at(sessions[-2]))
    assert lake.read(core.StockTrendState)["session"].max() == sessions[-2]
    build(lake, at(sessions[-1]))
    for found, expected in zip(content(lake), now, strict=True):
        assert_frame_equal(found, expected, check_exact=True)


def test_a_session_that_the_calendar_gains_counts_as_missing(history: pl.DataFrame, tmp_path: Path) -> None:
    lake, last = Lake(tmp_path), at(history["session"].max())
    lake.append(raw.StockBar, versions(history, last))
    build(lake, last)
    more = calendar(SESSIONS).filter(pl.col("session") != FIRST + dt.timedelta(days=100))
    known = set(history["session"]) - {FIRST + dt.timedelta(days=100)}
    assert known
    with pytest.raises(ValueError, match=r"expected a session of core\.session"):
        TrendBuild(lake, BUCKETS, PARAMETERS, sessions=more).run(workers=1)
