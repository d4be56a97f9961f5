"""The log of changed states through the main job: what a restated bar moves, and that nothing is logged twice."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import dagster as dg
import duckdb
import polars as pl
import pytest

from pipelines.contracts import core, raw
from pipelines.contracts.kept import StatedSpell
from pipelines.contracts.table import Table
from pipelines.definitions import definitions
from pipelines.defs.workspace import Workspace
from pipelines.parameters import Parameters
from pipelines.sources.calendar import sessions_between
from pipelines.storage.lake import Lake
from pipelines.storage.statements import read_statements
from pipelines.transforms.revision import bar_revisions
from tests.defs.test_main_job import EVENING, FIRST, LAST, QUIET, ask, failure, hashes, run, workspace, write_bars

RESTATED = dt.date(2024, 2, 1)
NEXT_DAY, DAY_AFTER = EVENING + dt.timedelta(days=1), EVENING + dt.timedelta(days=2)


def restate(folder: Path, session: dt.date, factor: float) -> tuple[float, float]:
    """Multiply one close of the Russell's file, and return it before and after."""
    path = folder / "files" / "rut.csv"
    bars = pl.read_csv(path, try_parse_dates=True)
    was = bars.filter(Date=session)["Close"].item()
    close = pl.when(pl.col("Date") == session).then((pl.col("Close") * factor).round(2)).otherwise("Close")
    bars = bars.with_columns(Close=close).with_columns(
        High=pl.max_horizontal("High", "Close"), Low=pl.min_horizontal("Low", "Close")
    )
    bars.write_csv(path)
    return was, bars.filter(Date=session)["Close"].item()


def write_flat_stock(folder: Path, restated: float = 100.0) -> None:
    """Write a panel of one stock that closes at 100 throughout but for one session.

    One close of 124 lifts the 50-session average by 0.48, and its slope over twenty sessions to 2.4 bp a day.
    """
    (folder / "files" / "panel").mkdir(exist_ok=True)
    sessions = sessions_between(FIRST, LAST)["session"]
    close = pl.when(pl.col("date") == RESTATED).then(restated).otherwise(100.0)
    rows = pl.DataFrame({"symbol": "ZQF", "date": sessions}).with_columns(
        **dict.fromkeys(("open", "high", "low", "close"), close), volume=pl.lit(1000)
    )
    rows.write_csv(folder / "files" / "panel" / "bars.csv")


def derive(place: Workspace) -> dg.ExecuteInProcessResult:
    """Ingest bars and derive what the log stands on, without the published file."""
    wanted = dg.AssetSelection.assets("core/state_change", "core/bar_revision")
    selection = wanted.upstream().required_multi_asset_neighbors()
    return dg.materialize(
        definitions().assets or [],
        selection=selection,
        resources={"workspace": place},
        run_config=QUIET,
        raise_on_error=False,
    )


def log(place: Workspace) -> pl.DataFrame:
    return place.lake.read(core.StateChange)


@pytest.fixture(scope="module")
def restated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, float, float]:
    """Return a warehouse built, and built again a day later on one restated close; and the close before and after.

    A close of a stock is restated as well.
    """
    folder = tmp_path_factory.mktemp("restated")
    write_bars(folder / "files")
    write_flat_stock(folder)
    assert run(workspace(folder)).success
    assert log(workspace(folder)).is_empty()
    was, now = restate(folder, RESTATED, 1.2)
    write_flat_stock(folder, restated=124.0)
    place = workspace(folder, now=NEXT_DAY)
    assert run(place).success
    return place, was, now


def test_a_restated_close_is_served_with_what_it_moved(restated) -> None:
    place, was, now = restated
    columns = "instrument_id, session, earlier_close, close, kind, is_material, round(close_change_bp), known_from"
    (row,) = ask(place, f"SELECT {columns} FROM serve.revision WHERE asset_class = 'index'")
    assert row == ("RUT", RESTATED, was, now, "close", True, 2000.0, NEXT_DAY.replace(tzinfo=None))
    ((moved, states),) = ask(place, "SELECT states_moved, states FROM serve.revision WHERE asset_class = 'index'")
    of_russell = log(place).filter(pl.col("series_id").str.split("/").list.contains("RUT"))
    assert moved == of_russell.height == log(place).filter(pl.col("subject_kind") != "stock_trend").height > 0
    assert len(states.split("; ")) == moved
    # The closes rose from session to session, so the record that gave way is another one on each.
    sessions = sessions_between(RESTATED, LAST).height
    (record,) = (text for text in states.split("; ") if text.startswith("RUT record_close"))
    begin = f"RUT record_close {RESTATED} to {LAST} ({sessions} sessions in {sessions} stretches, at last): "
    assert record.startswith(begin)
    assert record.endswith(f" -> {now} on {RESTATED}")


def test_a_restated_close_of_a_stock_is_served_with_what_it_moved(restated) -> None:
    """Its average rises from the restated session on; the history ends before it falls out of the window."""
    place, *_ = restated
    ((name, earlier, close, moved, states),) = ask(
        place,
        "SELECT instrument_id, earlier_close, close, states_moved, states FROM serve.revision"
        " WHERE asset_class = 'stock'",
    )
    assert (name, earlier, close, moved) == ("ZQF", 100.0, 124.0, 2)
    assert states == (
        f"ZQF medium_phase {RESTATED} to {LAST}: none -> up; ZQF medium_since {RESTATED} to {LAST}: none -> {RESTATED}"
    )
    logged = log(place).filter(subject_kind="stock_trend")
    assert logged.select("cause", "evidence", "changed_sessions").unique().rows() == [
        ("vendor_revision", f"ZQF {RESTATED} close 100.0 -> 124.0 (version 2)", sessions_between(RESTATED, LAST).height)
    ]
    assert logged["comparison_number"].unique().to_list() == log(place)["comparison_number"].unique().to_list() == [2]


def test_the_changes_name_the_version_that_made_them_and_none_lies_before_it(restated) -> None:
    place, was, now = restated
    causes = ask(place, "SELECT DISTINCT cause, evidence FROM core.state_change WHERE subject_kind <> 'stock_trend'")
    assert causes == [("vendor_revision", f"RUT {RESTATED} close {was} -> {now} (version 2)")]
    assert log(place)["first_session"].min() == RESTATED
    assert log(place)["last_session"].max() == LAST
    record = log(place).filter(subject_id="RUT", aspect="record_close").sort("first_session").row(0, named=True)
    assert record["to_state"] == f"{now} on {RESTATED}"


def test_questions_about_revisions_are_answered(restated) -> None:
    examples = {statement.name: statement for statement in read_statements("examples")}
    with duckdb.connect(str(restated[0].settings.database_path), read_only=True) as connection:
        bars = connection.sql(examples["what_was_restated"].sql).pl()
        states = connection.sql(examples["which_states_moved"].sql).pl()
    assert dict(bars.select("instrument_id", "states_moved").rows()) == {"RUT": log(restated[0]).height - 2, "ZQF": 2}
    assert set(states["cause"]) == {"vendor_revision"}


def test_a_further_run_of_the_same_data_logs_nothing_and_has_identical_content(restated) -> None:
    place, *_ = restated
    before, parts, rows = hashes(place), place.lake.files(core.StateChange), log(place)
    again = workspace(place.settings.warehouse_dir.parent, now=NEXT_DAY + dt.timedelta(hours=1))
    assert run(again).success
    assert (hashes(place), place.lake.files(core.StateChange)) == (before, parts)
    assert log(place).equals(rows)


def test_a_run_killed_before_it_logs_leaves_the_change_to_the_next_and_nothing_is_logged_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after the states were remembered; the next run has a further change of its own."""
    write_bars(tmp_path / "files")
    assert derive(workspace(tmp_path)).success
    first = restate(tmp_path, RESTATED, 1.2)
    append = Lake.append

    def killed(lake: Lake, table: type[Table], frame: pl.DataFrame) -> pl.DataFrame:
        if table is core.StateChange:
            raise RuntimeError("killed")
        return append(lake, table, frame)

    with monkeypatch.context() as patch:
        patch.setattr(Lake, "append", killed)
        assert "RuntimeError: killed" in failure(derive(workspace(tmp_path, now=NEXT_DAY)))
    assert log(workspace(tmp_path)).is_empty()
    second = restate(tmp_path, dt.date(2024, 3, 1), 0.8)
    place = workspace(tmp_path, now=DAY_AFTER)
    assert derive(place).success
    evidence = log(place).sort("comparison_number")["evidence"].unique(maintain_order=True).to_list()
    assert evidence[0] == f"RUT {RESTATED} close {first[0]} -> {first[1]} (version 2)"
    assert evidence[1].startswith(f"RUT 2024-03-01 close {second[0]} -> {second[1]} (version 2)")
    assert log(place).filter(comparison_number=2)["known_at"].unique().to_list() == [NEXT_DAY]
    rows = log(place)
    for later in (1, 2):
        assert derive(workspace(tmp_path, now=DAY_AFTER + dt.timedelta(hours=later))).success
    assert log(place).equals(rows)
    assert rows.select(core.StateChange.primary_key()).is_duplicated().any() is False
    stored = place.lake.read(core.BarRevision)
    assert stored.equals(bar_revisions(place.lake.read(raw.Bar), "index", Parameters()))
    assert stored.select("session", "known_from").rows() == [(RESTATED, NEXT_DAY), (dt.date(2024, 3, 1), DAY_AFTER)]


def test_other_parameters_new_sessions_and_a_clock_set_back(tmp_path: Path) -> None:
    """A clock that is set back compares nothing: the log goes forward."""
    write_bars(tmp_path / "files", last=dt.date(2024, 3, 1))
    assert derive(workspace(tmp_path, now=dt.datetime(2024, 3, 1, 22, tzinfo=dt.UTC))).success
    write_bars(tmp_path / "files")
    place = workspace(tmp_path)
    assert derive(place).success
    assert set(log(place)["cause"]) == {"price"}
    assert log(place)["first_session"].min() > dt.date(2024, 3, 1)
    assert (log(place)["first_session"] == log(place)["last_session"]).all()
    priced = log(place).height
    wider = Workspace(workspace(tmp_path, now=NEXT_DAY).settings, Parameters(medium_flat_band_bp=6.0))
    assert derive(wider).success
    added = log(place).filter(comparison_number=3)
    assert set(added["cause"]) == {"param_change"}
    assert set(added["aspect"]) == {"medium_phase", "medium_since"}
    remembered, rows = place.lake.read(StatedSpell), log(place)
    assert derive(workspace(tmp_path, now=dt.datetime(2024, 2, 1, 22, tzinfo=dt.UTC))).success
    assert (place.lake.read(StatedSpell).equals(remembered), log(place).equals(rows)) == (True, True)
    assert priced > 0
