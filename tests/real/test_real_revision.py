"""One close of the Russell restated on the real prices: which states that moves.

On 2024-11-25 the Russell closed at 2,442.03, 0.71 below the record close of 2021-11-08, 2,442.74. Had the vendor said
2,443.10 later, the record would be that of November 2024.
"""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import polars as pl
import pytest

from pipelines.contracts import core
from pipelines.defs.workspace import Workspace
from pipelines.settings import Settings
from tests.defs.test_state_log import derive

MONDAY, LAST = dt.date(2024, 11, 25), dt.date(2024, 12, 2)
FIRST_RUN, SECOND_RUN = (dt.datetime(2024, 12, day, 22, tzinfo=dt.UTC) for day in (2, 3))


@pytest.fixture(scope="module")
def log(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """Return the log of changes after a second run, on the Russell's file with one close restated."""
    folder = tmp_path_factory.mktemp("restated")
    shutil.copytree(real_data / "prices", folder / "files")
    settings = {"source": "files", "files_dir": folder / "files", "warehouse_dir": folder / "out"}
    assert derive(Workspace(Settings(**settings, now=FIRST_RUN))).success
    path = folder / "files" / "RUT.csv"
    bars = pl.read_csv(path, try_parse_dates=True)
    close = pl.when(pl.col("Date") == MONDAY).then(2443.10).otherwise("Close")
    bars.with_columns(Close=close).write_csv(path)
    place = Workspace(Settings(**settings, now=SECOND_RUN))
    assert derive(place).success
    (revision,) = place.lake.read(core.BarRevision).rows(named=True)
    assert (revision["instrument_id"], revision["session"], revision["close"]) == ("RUT", MONDAY, 2443.10)
    assert round(revision["earlier_close"], 2) == 2442.03
    assert round(revision["close_change_bp"], 2) == 4.38
    return place.lake.read(core.StateChange)


def test_the_record_close_of_three_years_gives_way(log: pl.DataFrame) -> None:
    (row,) = log.filter(subject_id="RUT", aspect="record_close").rows(named=True)
    assert (row["first_session"], row["last_session"], row["cause"]) == (MONDAY, LAST, "vendor_revision")
    assert row["from_state"].startswith("2442.74")
    assert row["from_state"].endswith("on 2021-11-08")
    assert row["to_state"] == "2443.1 on 2024-11-25"


def test_nothing_changes_before_the_restated_session_or_on_another_index(log: pl.DataFrame) -> None:
    assert log["first_session"].min() == MONDAY
    assert set(log["series_id"]) <= {"RUT", "RUT/SPX", "RUT/NDX", "RUT/DJI", "DJI/RUT", "NDX/RUT", "SPX/RUT"}
    assert set(log["cause"]) == {"vendor_revision"}
    assert all(text.startswith(f"RUT {MONDAY} close 2442.03") for text in log["evidence"])


def test_four_basis_points_move_no_phase_and_no_verdict(log: pl.DataFrame) -> None:
    assert log.filter(pl.col("subject_kind").is_in(["trend", "regime"])).is_empty()
