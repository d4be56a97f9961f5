"""Changes of states of stocks in the log: against builds from nothing, whatever is revised, killed or told twice."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.contracts import core, raw
from pipelines.derivation.calendar_mark import calendar_mark, is_same_calendar, sessions_marked
from pipelines.parameters import Parameters
from pipelines.storage.lake import Lake
from pipelines.storage.swap import swap_in
from tests.defs.stock_days import action, at, versions
from tests.derivation.stock_story import (
    BEGIN,
    CALENDAR,
    DAYS,
    HISTORY,
    WRONG_AT,
    begun,
    build,
    by_session,
    from_nothing,
    logged,
    mend,
    restated,
    revise,
    told,
    told_day_by_day,
    turned,
)

EVENING = at(DAYS[BEGIN - 1])
NEXT_DAY = at(DAYS[BEGIN])
WIDER = Parameters(medium_flat_band_bp=4.0)


@pytest.fixture(scope="module")
def first_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a lake that was built once; leave its files as they are."""
    root = tmp_path_factory.mktemp("stocks") / "lake"
    lake = begun(root)
    build(lake, EVENING)
    assert logged(lake).is_empty()
    return root


@pytest.fixture
def lake(first_build: Path, tmp_path: Path) -> Lake:
    """Return a copy of that lake."""
    shutil.copytree(first_build, tmp_path / "lake")
    return Lake(tmp_path / "lake")


def states(lake: Lake) -> pl.DataFrame:
    return lake.read(core.StockTrendState).sort("instrument_id", "session")


def long_listed(rank: int = 0) -> str:
    """Return a stock with bars on nearly every session."""
    counts = HISTORY.filter(pl.col("session") < DAYS[BEGIN]).group_by("instrument_id").len()
    return counts.sort("len", "instrument_id", descending=[True, False])["instrument_id"][rank]


SLOW = pytest.mark.slow


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=SLOW) for seed in range(2, 8))])
def test_the_log_says_what_builds_from_nothing_say(seed: int, tmp_path: Path) -> None:
    """After each step two builds from nothing, as of the build before and as of this one, are compared plainly."""
    lake = begun(tmp_path / "lake")
    build(lake, EVENING)
    before, number, causes = states(lake), 1, set()
    for step, moment in enumerate(told_day_by_day(lake, seed)):
        parameters = WIDER if step >= 3 else Parameters()
        build(lake, moment, parameters)
        found = logged(lake).filter(known_at=moment)
        now = from_nothing(lake, tmp_path / f"{step}", moment, parameters)
        by_price = pl.col("cause") == "price"
        assert told(found.filter(~by_price)) == restated(before, now)
        assert told(found.filter(by_price)) == turned(before, now)
        assert found["comparison_number"].unique().to_list() in ([], [number + 1])
        before, number, causes = now, max([number, *found["comparison_number"]]), causes | set(found["cause"])
    assert causes >= {"price", "vendor_revision", "param_change"}


@pytest.mark.parametrize("buckets", [1, pytest.param(5, marks=SLOW)])
def test_the_log_does_not_depend_on_the_count_of_buckets(buckets: int, tmp_path: Path) -> None:
    logs = []
    for count in (3, buckets):
        lake = begun(tmp_path / f"{count}")
        build(lake, EVENING, buckets=count)
        for moment in list(told_day_by_day(lake, 3))[:3]:
            build(lake, moment, buckets=count)
            logs.append(logged(lake, count))
    assert logs[2].height > 0
    assert logs[2].equals(logs[-1])


def test_a_revised_close_says_which_states_it_moved_and_since_when(lake: Lake) -> None:
    name = long_listed()
    before, session = states(lake), WRONG_AT[name]
    was, close = mend(lake, name, NEXT_DAY)
    build(lake, NEXT_DAY + dt.timedelta(minutes=1))
    found = logged(lake)
    assert told(found) == restated(before, states(lake)) != []
    assert set(found["subject_id"]) == set(found["series_id"]) == {name}
    assert found["first_session"].min() >= session
    assert set(found["cause"]) == {"vendor_revision"}
    assert set(found["evidence"]) == {f"{name} {session} close {was} -> {close} (version 2)"}
    assert found.select("previous_known_at", "known_at").unique().rows() == [
        (EVENING, NEXT_DAY + dt.timedelta(minutes=1))
    ]
    assert found["previous_data_snapshot"].is_not_null().all()
    assert (found["previous_data_snapshot"] != found["data_snapshot"]).all()


def test_a_split_that_arrives_is_a_corporate_action(lake: Lake) -> None:
    """So far the bars before its ex-session stood a fifth too high."""
    name, ex_session = long_listed(), DAYS[BEGIN - 40]
    before = states(lake)
    lake.append(raw.StockAction, action(name, ex_session, NEXT_DAY))
    build(lake, NEXT_DAY)
    found = logged(lake)
    assert told(found) == restated(before, states(lake)) != []
    assert found.select("subject_id", "cause", "evidence").unique().rows() == [
        (name, "corporate_action", f"{name} {ex_session} split 1.2")
    ]


def test_other_parameters_give_a_few_rows_a_stock(lake: Lake) -> None:
    before = states(lake)
    build(lake, NEXT_DAY, WIDER)
    found = logged(lake)
    assert told(found) == restated(before, states(lake)) != []
    assert set(found["cause"]) == {"param_change"}
    assert set(found["evidence"]) == {f"parameter set {Parameters().set_id} -> {WIDER.set_id}"}
    assert set(found["aspect"]) == {"medium_phase", "medium_since"}


def test_a_calendar_that_was_mended_is_the_cause_from_its_month_on(tmp_path: Path) -> None:
    lake, lost = Lake(tmp_path), DAYS[BEGIN - 60]
    lake.append(raw.StockBar, versions(HISTORY.filter(pl.col("session") != lost), EVENING))
    without = CALENDAR.filter(pl.col("session") != lost).with_columns(session_number=pl.int_range(1, pl.len() + 1))
    build(lake, EVENING, sessions=without)
    before = states(lake)
    build(lake, NEXT_DAY)
    found = logged(lake)
    assert told(found) == restated(before, states(lake)) != []
    assert set(found["cause"]) == {"calendar_fix"}
    (evidence,) = set(found["evidence"])
    assert evidence.startswith(f"sessions of {lost:%Y-%m}: ")
    was, now = (part.split(" ") for part in evidence.partition(": ")[2].split(" -> "))
    assert set(now) - set(was) == {str(lost.day)}


def test_told_twice_it_is_logged_once(lake: Lake) -> None:
    mend(lake, long_listed(), NEXT_DAY)
    build(lake, NEXT_DAY)
    rows = logged(lake)
    for hours in (0, 1, 2):
        build(lake, NEXT_DAY + dt.timedelta(hours=hours))
        assert logged(lake).equals(rows)
    assert rows.height > 0


def test_two_builds_that_were_not_logged_in_between_are_two_comparisons(lake: Lake) -> None:
    name, begin = long_listed(), states(lake)
    for number, ratio in enumerate((1.24, 1.0, 1.24)):
        revise(lake, name, DAYS[BEGIN - 40], ratio, NEXT_DAY + dt.timedelta(hours=number))
        build(lake, NEXT_DAY + dt.timedelta(hours=number))
    found = logged(lake)
    there, back = told(found.filter(comparison_number=2)), told(found.filter(comparison_number=3))
    assert there == restated(begin, states(lake)) == told(found.filter(comparison_number=4))
    assert back == [(*row[:6], row[7], row[6]) for row in there]


LAST_PLACE = 23


class Killed(BaseException):
    """The run was killed."""


def killed_at(place: int, monkeypatch: pytest.MonkeyPatch, lake: Lake, moment: dt.datetime) -> None:
    """Build and log, killed when a file is put in its place for the n-th time."""
    modules = [f"pipelines.storage.{name}" for name in ("bucket_store", "bucket_record", "raw_news", "lake")]
    left = [place]

    def swap_or_die(temporary: Path, final: Path) -> None:
        if not left[0]:
            raise Killed
        left[0] -= 1
        swap_in(temporary, final)

    with monkeypatch.context() as patch:
        for module in modules:
            patch.setattr(f"{module}.swap_in", swap_or_die)
        with pytest.raises(Killed):
            built_and_logged(lake, moment)


def built_and_logged(lake: Lake, moment: dt.datetime) -> None:
    build(lake, moment)
    logged(lake)


def changed(lake: Lake) -> None:
    """Append revisions of two stocks, and the bars of another day."""
    for rank in (0, 1):
        mend(lake, long_listed(rank), NEXT_DAY)
    lake.append(raw.StockBar, versions(HISTORY.filter(session=DAYS[BEGIN]), NEXT_DAY))


PLACES = [pytest.param(place, marks=[] if place in (12, 22, LAST_PLACE) else SLOW) for place in range(LAST_PLACE + 1)]
"""Which file of a run the kill comes before; in the quick suite the record of one of a bucket's two tables, the part of
the log, and the record in which what was logged is crossed out."""


@pytest.mark.parametrize("place", PLACES)
def test_killed_and_repeated_it_is_logged_once(
    place: int, lake: Lake, tmp_path: Path, first_build: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The repeated run is one of the same evening, so its log is that of a run that nobody killed."""
    shutil.copytree(first_build, tmp_path / "twin")
    twin = Lake(tmp_path / "twin")
    for one in (lake, twin):
        changed(one)
    build(twin, NEXT_DAY)
    killed_at(place, monkeypatch, lake, NEXT_DAY)
    build(lake, NEXT_DAY)
    assert logged(lake).equals(logged(twin))
    assert states(lake).equals(states(twin))
    assert logged(lake).height > 0


@pytest.mark.parametrize("place", PLACES)
def test_killed_and_overtaken_the_log_leads_from_what_was_said_to_what_is(
    place: int, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next run has further news; each row's from is what was said until then, and the last to what is said now."""
    said = {key: dict(stated) for key, stated in by_session(states(lake)).items()}
    changed(lake)
    killed_at(place, monkeypatch, lake, NEXT_DAY)
    later = NEXT_DAY + dt.timedelta(hours=1)
    for rank in (0, 1, 2):
        revise(lake, long_listed(rank), DAYS[BEGIN - 25], 1.24, later)
    build(lake, later)
    log = logged(lake)
    key = ["subject_id", "aspect", "first_session"]
    assert not log.filter(cause="price").select(key).is_duplicated().any()
    for row in log.filter(pl.col("cause") != "price").sort("known_at").iter_rows(named=True):
        assert row["stretches"] == 1
        stated = said[row["subject_id"], row["aspect"]]
        for session in (day for day in stated if row["first_session"] <= day <= row["last_session"]):
            assert stated[session] == row["from_state"]
            stated[session] = row["to_state"]
    now = by_session(states(lake))
    for key_of_stock, stated in said.items():
        assert stated == {day: now[key_of_stock][day] for day in stated}


def test_a_clock_that_was_set_back_logs_nothing_twice(lake: Lake) -> None:
    lake.append(raw.StockBar, versions(HISTORY.filter(pl.col("session") >= DAYS[BEGIN]), at(DAYS[-1])))
    build(lake, at(DAYS[-1]))
    rows = logged(lake)
    assert set(rows["cause"]) == {"price"}
    for moment in (EVENING, at(DAYS[-1])):
        build(lake, moment)
        assert logged(lake).equals(rows)
    mend(lake, long_listed(), at(DAYS[-1]) + dt.timedelta(hours=1))
    build(lake, at(DAYS[-1]) + dt.timedelta(hours=1))
    assert set(logged(lake).filter(comparison_number=3)["cause"]) == {"vendor_revision"}


def test_a_build_of_a_past_moment_compares_nothing(lake: Lake, tmp_path: Path) -> None:
    past = Lake(lake.root, derived_root=tmp_path / "past")
    for parameters in (Parameters(), WIDER):
        build(past, EVENING, parameters)
    build(lake, EVENING)
    assert logged(lake).is_empty()
    assert states(past).height == states(lake).height


@pytest.mark.parametrize("buckets", [2, 5])
def test_another_count_of_buckets_is_no_change(buckets: int, lake: Lake) -> None:
    before = states(lake)
    build(lake, NEXT_DAY, buckets=buckets)
    assert logged(lake, buckets).is_empty()
    assert states(lake).equals(before)


@given(st.sets(st.integers(0, 400), min_size=1), st.integers(0, 3), st.integers(0, 3))
@settings(max_examples=50, deadline=None)
def test_the_mark_of_a_calendar_tells_its_sessions(numbers: set[int], earlier: int, later: int) -> None:
    days = pl.DataFrame({"session": [dt.date(2024, 1, 1) + dt.timedelta(days=number) for number in sorted(numbers)]})
    first, last = days["session"][0] - dt.timedelta(days=earlier), days["session"][-1] + dt.timedelta(days=later)
    mark = calendar_mark(days, first, last)
    assert sessions_marked(mark).to_list() == days["session"].to_list()
    assert is_same_calendar(days, mark)
    assert is_same_calendar(pl.concat([days, pl.DataFrame({"session": [last + dt.timedelta(days=1)]})]), mark)
    assert not is_same_calendar(days[1:], mark)
    nothing = calendar_mark(days, None, None)
    assert sessions_marked(nothing).is_empty()
    assert is_same_calendar(days, nothing)
