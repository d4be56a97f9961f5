"""What is derived of stocks, carried on from day to day in the lake, against the same built in one go."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines.contracts import core, raw
from pipelines.derivation.bucket_build import Report
from pipelines.parameters import Parameters
from pipelines.storage import bucket_store
from pipelines.storage.lake import Lake
from tests.defs.stock_days import (
    BUCKETS,
    SESSIONS,
    TABLES,
    action,
    assert_same,
    at,
    bar_build,
    build,
    content,
    from_scratch,
    history_of,
    holdings,
    times,
    versions,
)
from tests.transforms.stock_frames import FIRST, bars, calendar


@pytest.fixture
def history() -> pl.DataFrame:
    return history_of(11, 14)


def bars_of_day(draw: random.Random, lake: Lake, history: pl.DataFrame, day: dt.date) -> None:
    """Append a day's bars, perhaps one a hundredfold; perhaps some halved, and put right again; or a revised one."""
    of_day, before = history.filter(session=day), history.filter(pl.col("session") < day)
    if draw.random() < 0.1:
        wrong = of_day.sample(1, seed=draw.randrange(10**6))["instrument_id"][0]
        of_day = of_day.with_columns(times(100.0, pl.col("instrument_id") == wrong))
    lake.append(raw.StockBar, versions(of_day, at(day)))
    if draw.random() < 0.1:
        name = draw.choice(history["instrument_id"].unique().sort().to_list())
        halved = before.filter(pl.col("instrument_id") == name).tail(draw.choice([8, 40]))
        lake.append(raw.StockBar, versions(halved.with_columns(times(0.5)), at(day) + dt.timedelta(seconds=1)))
        if draw.random() < 0.5:
            lake.append(raw.StockBar, versions(halved, at(day) + dt.timedelta(seconds=2)))
    if draw.random() < 0.15:
        revised = before.sample(1, seed=draw.randrange(10**6)).with_columns(times(1.005))
        lake.append(raw.StockBar, versions(revised, at(day) + dt.timedelta(minutes=1)))


def actions_of_day(draw: random.Random, lake: Lake, names: list[str], day: dt.date) -> None:
    """Append perhaps a split, past, present or announced, and perhaps a dividend, of the day or stated late."""
    kinds = [
        (0.08, [-200, 0, 2], {"action_type": "split", "split_ratio": 1.2}),
        (0.4, [-300, -3, 0, 0], {"action_type": "dividend", "dividend_amount": 0.5}),
    ]
    for chance, offsets, facts in kinds:
        name, effective = draw.choice(names), day + dt.timedelta(days=draw.choice(offsets))
        of_its_own = {"instrument_id": name, "ex_session": effective, "action_type": facts["action_type"]}
        if draw.random() < chance and lake.read(raw.StockAction).filter(**of_its_own).is_empty():
            lake.append(raw.StockAction, action(name, effective, at(day), **facts))


def holdings_known(draw: random.Random, held: pl.DataFrame, names: list[str], day: dt.date) -> pl.DataFrame:
    """Return the holdings known on a day: perhaps new ones of some days ago, perhaps others of a date known before."""
    if draw.random() < 0.1:
        held = pl.concat([held, holdings(draw, names, "X", day - dt.timedelta(days=draw.choice([0, 4])))])
    if draw.random() < 0.05:
        old = draw.choice(held["as_of"].unique().sort().to_list())
        others = held.filter((pl.col("index_id") != "X") | (pl.col("as_of") != old))
        held = pl.concat([others, holdings(draw, names, "X", old)])
    return held.unique(["index_id", "as_of", "symbol"], keep="last", maintain_order=True)


@pytest.mark.parametrize(
    ("seed", "begin"), [(5, 670), *(pytest.param(seed, 620, marks=pytest.mark.slow) for seed in range(6, 10))]
)
def test_days_with_all_that_can_be_learnt_late_equal_one_build(
    seed: int, begin: int, history: pl.DataFrame, tmp_path: Path
) -> None:
    lake, sessions = Lake(tmp_path / "days"), history["session"].unique().sort()
    names, draw = history["instrument_id"].unique().sort().to_list(), random.Random(seed)
    held = pl.concat([holdings(draw, names, "X", sessions[300]), holdings(draw, names, "Y", sessions[500])])
    lake.append(raw.StockBar, versions(history.filter(pl.col("session") < sessions[begin]), at(sessions[begin - 1])))
    build(lake, at(sessions[begin - 1]), held=held)
    for day in sessions[begin:]:
        bars_of_day(draw, lake, history, day)
        actions_of_day(draw, lake, names, day)
        held = holdings_known(draw, held, names, day)
        if draw.random() < 0.4:
            build(lake, at(day) + dt.timedelta(minutes=2), held=held)
    moment = at(sessions[-1]) + dt.timedelta(minutes=2)
    build(lake, moment, held=held)
    other = from_scratch(lake, tmp_path, moment, held)
    assert_same(lake, other)
    assert set(lake.read(core.StockBarWarning)["warning"]) >= {"stale_close", "zero_volume"}
    assert lake.read(core.StockAction)["left_out_reason"].null_count() > 3
    measured = lake.read(core.Breadth).drop_nulls("value")
    assert measured.group_by("index_id").len().filter(pl.col("len") > 100).height == 3
    quarantined = bar_build(lake, moment).held()
    assert quarantined.height > 0
    assert_frame_equal(quarantined, bar_build(other, moment).held(), check_exact=True)
    records = [[bucket_store.BucketStore(one, table, BUCKETS).record(0) for table in TABLES] for one in (lake, other)]
    assert [record.fingerprint for record in records[0] if record] == [r.fingerprint for r in records[1] if r]
    assert [record.snapshot for record in records[0] if record] == [r.snapshot for r in records[1] if r]


def daily_rows(history: pl.DataFrame, first: int, root: Path) -> dict[str, int]:
    """Rows that the builds of the last day read, of a history that begins with a session."""
    sessions = history["session"].unique().sort()
    some, day = history.filter(pl.col("session") >= sessions[first]), sessions[-1]
    lake = Lake(root)
    lake.append(raw.StockBar, versions(some.filter(pl.col("session") < day), at(sessions[-2])))
    build(lake, at(sessions[-2]))
    lake.append(raw.StockBar, versions(some.filter(session=day), at(day)))
    return {name: report.rows_read for name, report in build(lake, at(day)).items()}


def test_the_input_of_a_day_does_not_grow_with_history(tmp_path: Path) -> None:
    history = bars(2, 10, SESSIONS)
    whole = history.group_by("instrument_id").agg(pl.len()).filter(pl.col("len") > SESSIONS * 0.9)
    history = history.join(whole, on="instrument_id", how="semi")
    found = daily_rows(history, 0, tmp_path / "long")
    assert found == daily_rows(history, 300, tmp_path / "short")
    assert found["breadth"] > found["bar"] > found["factor"] == 0


def test_nothing_new_reads_and_writes_nothing(history: pl.DataFrame, tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.append(raw.StockBar, versions(history, at(history["session"].max())))
    build(lake, at(history["session"].max()))
    written = {path: path.stat().st_mtime_ns for table in TABLES for path in lake.files(table)}
    assert set(build(lake, at(history["session"].max())).values()) == {Report()}
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


QUICK = (1, 9, 16, 36, 39, 52)
"""While bars, their stamps, trends, sums and spells are written, between the records of these two, and breadth."""


@pytest.mark.parametrize(
    "killed_at", [*QUICK, *(pytest.param(at, marks=pytest.mark.slow) for at in range(54) if at not in QUICK)]
)
def test_a_killed_build_is_repaired(
    killed_at: int, history: pl.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, sessions = Lake(tmp_path / "killed"), history["session"].unique().sort()
    names = history["instrument_id"].unique().sort().to_list()
    held, corrected = (holdings(random.Random(seed), names, "X", sessions[400]) for seed in (1, 2))
    lake.append(raw.StockBar, versions(history.filter(pl.col("session") < sessions[-2]), at(sessions[-3])))
    build(lake, at(sessions[-3]), held=held)
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
        build(lake, at(sessions[-2]), held=corrected)
    monkeypatch.undo()
    lake.append(raw.StockBar, versions(history.filter(session=sessions[-1]), at(sessions[-1])))
    build(lake, at(sessions[-1]), held=corrected)
    assert_same(lake, from_scratch(lake, tmp_path, at(sessions[-1]), corrected))


def test_other_parameters_derive_everything_anew(history: pl.DataFrame, tmp_path: Path) -> None:
    lake, last = Lake(tmp_path / "lake"), at(history["session"].max())
    lake.append(raw.StockBar, versions(history, last))
    build(lake, last)
    other = Parameters(medium_flat_band_bp=3.0)
    reports = build(lake, last, other)
    assert {name: report.buckets_anew for name, report in reports.items()} == {
        name: 1 if name == "breadth" else BUCKETS for name in reports
    }


@pytest.mark.parametrize("buckets", [1, 2])
def test_fewer_buckets_leave_none_of_the_larger_count(buckets: int, tmp_path: Path) -> None:
    history = history_of(4, 6)
    lake, last = Lake(tmp_path / "lake"), at(history["session"].max())
    lake.append(raw.StockBar, versions(history, last))
    build(lake, last)
    build(lake, last, buckets=buckets)
    assert_same(lake, from_scratch(lake, tmp_path, last, buckets=buckets))


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
        build(lake, last, sessions=more)
