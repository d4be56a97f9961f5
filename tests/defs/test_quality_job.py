"""Quality of bars through the main job: what is held back, odd, missing or unlike the second source is published."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import dagster as dg
import duckdb
import numpy as np
import polars as pl
import pytest

from pipelines.contracts import raw
from pipelines.definitions import definitions
from pipelines.defs.jobs import JOB
from pipelines.defs.workspace import Workspace
from pipelines.settings import Settings
from pipelines.sources.calendar import sessions_between

FIRST, LAST = dt.date(2023, 1, 3), dt.date(2024, 3, 8)
EVENING = dt.datetime(2024, 3, 8, 22, tzinfo=dt.UTC)
NEXT = EVENING + dt.timedelta(days=3)
SESSIONS = sessions_between(FIRST, LAST)["session"].to_list()
SPLIT, DIVIDEND = SESSIONS[100], SESSIONS[200]
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def closes(start: float) -> np.ndarray:
    steps = np.arange(len(SESSIONS))
    return np.round(start * (1 + 0.03 * np.sin(steps / 15)), 2)


def write(folder: Path, name: str, close: np.ndarray, leave_out: tuple[int, ...] = ()) -> None:
    folder.mkdir(exist_ok=True)
    frame = pl.DataFrame(
        {"Date": SESSIONS, "Open": close, "High": close + 0.5, "Low": close - 0.5, "Close": close, "Volume": 1000}
    )
    frame.filter(~pl.int_range(pl.len()).is_in(leave_out)).write_csv(folder / f"{name}.csv")


def stock_rows() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return a stock that splits 2 for 1 and pays 1 dollar, and one whose history is halved three days later."""
    wave = closes(100.0)
    traded = np.where(np.array(SESSIONS) < SPLIT, wave * 2, wave)
    parts = [("GOOD", traded, EVENING), ("BAD", wave, EVENING), ("BAD", wave / 2, NEXT)]
    bars = pl.concat(
        pl.DataFrame({"session": SESSIONS, "close": close}).with_columns(
            instrument_id=pl.lit(name), open="close", high="close", low="close", volume=pl.lit(500.0), **stamp(moment)
        )
        for name, close, moment in parts
    ).with_columns(adjusted_close=pl.lit(None, pl.Float64), split_factor=pl.lit(1.0))
    actions = pl.DataFrame(
        {
            "instrument_id": ["GOOD", "GOOD", "GOOD"],
            "ex_session": [SPLIT, DIVIDEND, SESSIONS[50]],
            "action_type": ["split", "dividend", "dividend"],
            "split_ratio": [2.0, None, None],
            "dividend_amount": [None, 1.0, 500.0],
        }
    ).with_columns(currency=pl.lit("USD"), is_withdrawn=pl.lit(value=False), **stamp(EVENING))
    return raw.StockBar.cast(bars.select(raw.StockBar.column_names())), raw.StockAction.cast(
        actions.select(raw.StockAction.column_names())
    )


def stamp(moment: dt.datetime) -> dict[str, pl.Expr]:
    return {
        "known_from": pl.lit(moment),
        "fetched_at": pl.lit(moment),
        "known_basis": pl.lit("observed"),
        "vendor_symbol": pl.lit("X"),
        "source": pl.lit("files"),
        "payload_hash": pl.lit("x"),
    }


def run(place: Workspace) -> dg.ExecuteInProcessResult:
    job = definitions().get_repository_def().get_job(JOB)
    with dg.DagsterInstance.ephemeral() as instance:
        return job.execute_in_process(instance=instance, resources={"workspace": place}, run_config=QUIET)


@pytest.fixture(scope="module")
def built(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[duckdb.DuckDBPyConnection, dict[str, dg.AssetCheckEvaluation]]:
    """Yield the file of a second run, after which RUT's last close is a hundredfold and BAD's history halved."""
    folder = tmp_path_factory.mktemp("quality")
    files, other = folder / "files", folder / "other"
    for name, start in (("SPX", 4000.0), ("NDX", 11000.0)):
        write(files, name, closes(start))
    write(files, "DJI", closes(33000.0), leave_out=(30,))
    write(files, "RUT", closes(1900.0))
    second = closes(4000.0)
    second[7] *= 1.001
    write(other, "^GSPC", second)
    settings = {"source": "files", "files_dir": files, "warehouse_dir": folder / "out", "second_source_dir": other}
    place = Workspace(Settings(**settings, now=EVENING))
    bars, actions = stock_rows()
    place.lake.append(raw.StockBar, bars)
    place.lake.append(raw.StockAction, actions)
    assert run(place).success
    wrong = closes(1900.0)
    wrong[-1] *= 100
    write(files, "RUT", wrong)
    result = run(Workspace(Settings(**settings, now=NEXT)))
    assert result.success
    checks = {found.check_name: found for found in result.get_asset_check_evaluations()}
    with duckdb.connect(str(place.settings.database_path), read_only=True) as connection:
        yield connection, checks


def test_the_last_good_close_stands_and_the_held_back_one_is_named(built) -> None:
    connection, checks = built
    close, versions = connection.execute(
        "SELECT close, versions FROM core.bar WHERE instrument_id = 'RUT' ORDER BY session DESC LIMIT 1"
    ).fetchone()
    assert (close, versions) == (closes(1900.0)[-1], 2)
    held = connection.execute(
        "SELECT instrument_id, rule, count(*) FROM serve.quarantined_bar GROUP BY ALL ORDER BY ALL"
    )
    assert held.fetchall() == [("BAD", "unseen_split", len(SESSIONS)), ("RUT", "hundredfold", 1)]
    found = checks["no_bar_is_held_back"]
    assert not found.passed
    assert found.severity == dg.AssetCheckSeverity.WARN
    assert "RUT" in found.metadata["first"].value
    assert str(LAST.year) in found.metadata["first"].value
    lines = found.metadata["rows"].value.splitlines()
    assert len(lines) == 2 + min(20, found.metadata["failing_rows"].value)
    assert any("| RUT |" in line for line in lines)


def test_the_missing_session_of_an_index_is_named(built) -> None:
    found = built[1]["no_session_is_missing"]
    assert not found.passed
    assert found.metadata["failing_rows"].value == 1
    assert found.metadata["first"].value == f"instrument_id DJI, session {SESSIONS[30]}"


def test_the_second_source_is_compared_session_by_session(built) -> None:
    connection, checks = built
    compared = connection.execute(
        "SELECT instrument_id, count(*), count_if(is_beyond), round(max(gap_bp), 1) FROM serve.source_gap GROUP BY ALL"
    ).fetchall()
    assert compared == [("SPX", len(SESSIONS), 1, 10.0)]
    assert not checks["second_source_agrees"].passed


def test_health_counts_everything_by_rule(built) -> None:
    rows = built[0].execute(
        "SELECT instrument_id, bars, missing_sessions, sessions_behind, quarantined_bars, quarantined_by_rule,"
        " warned_bars, warned_by_rule, compared_sessions, gap_sessions"
        " FROM serve.data_health ORDER BY asset_class, instrument_id"
    )
    size = len(SESSIONS)
    assert rows.fetchall() == [
        ("DJI", size - 1, 1, 0, 0, None, 0, None, None, None),
        ("NDX", size, 0, 0, 0, None, 0, None, None, None),
        ("RUT", size, 0, 0, 1, "hundredfold: 1", 0, None, None, None),
        ("SPX", size, 0, 0, 0, None, 1, "source_gap: 1", size, 1),
        ("BAD", size, 0, 0, size, f"unseen_split: {size}", 0, None, None, None),
        ("GOOD", size, 0, 0, 0, "impossible_dividend: 1", 0, None, None, None),
    ]


def test_actions_stand_with_their_factors_or_with_a_reason(built) -> None:
    connection, checks = built
    rows = connection.execute(
        "SELECT ex_session, action_factor, left_out_reason FROM serve.stock_action ORDER BY ex_session"
    ).fetchall()
    before = closes(100.0)[199]
    assert rows == [
        (SESSIONS[50], None, "impossible_dividend"),
        (SPLIT, 0.5, None),
        (DIVIDEND, pytest.approx(1 - 1 / before), None),
    ]
    assert not checks["no_action_is_held_back"].passed
    assert checks["factors_lead_from_traded_to_adjusted"].passed


@pytest.mark.parametrize("basis", ["as_traded", "split", "total_return"])
def test_bars_of_a_stock_are_adjusted_at_reading(built, basis: str) -> None:
    found = built[0].execute("SELECT session, close, volume FROM adjusted_bars('GOOD', $1)", [basis]).fetchall()
    wave, is_before = closes(100.0), np.array(SESSIONS) < SPLIT
    paid = np.where(np.array(SESSIONS) < DIVIDEND, 1 - 1 / wave[199], 1.0)
    expected = {"as_traded": np.where(is_before, wave * 2, wave), "split": wave, "total_return": wave * paid}[basis]
    assert [row[0] for row in found] == SESSIONS
    assert [row[1] for row in found] == pytest.approx(expected.tolist())
    volumes = np.where(is_before & (basis != "as_traded"), 1000.0, 500.0)
    assert [row[2] for row in found] == pytest.approx(volumes.tolist())


def test_an_unknown_basis_is_refused(built) -> None:
    with pytest.raises(duckdb.Error, match="expected as_traded, split or total_return, was raw"):
        built[0].execute("FROM adjusted_bars('GOOD', 'raw')").fetchall()
