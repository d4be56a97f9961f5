"""Builds as known at a past moment: beside the present one, equal to what was built then, and the same every time."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest

from pipelines.contracts import core, raw
from pipelines.defs.workspace import Workspace
from pipelines.storage.lake import LakeError
from tests.defs.document_files import FEBRUARY, MARCH, THURSDAY, february, metadata, write_statements
from tests.defs.test_main_job import ask, failure, hashes, run, workspace
from tests.defs.test_state_log import restate

LATER = dt.datetime(2024, 3, 8, 23, tzinfo=dt.UTC)
STAMP = "20240307T220000Z"


def files(folder: Path) -> dict[str, tuple[int, int]]:
    """Return every file of the present warehouse and lake, with its size and time; locks apart."""
    return {
        str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file() and "known" not in path.parts and path.name not in (".lock", ".run.lock")
    }


@pytest.fixture(scope="module")
def corrected(first_run, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Return a folder built on Thursday and again on Friday on corrections, and what Thursday's tables said."""
    folder = tmp_path_factory.mktemp("known") / "market"
    shutil.copytree(first_run[0].settings.warehouse_dir.parent, folder)
    then = hashes(workspace(folder, now=THURSDAY))
    restate(folder, dt.date(2024, 2, 1), 1.2)
    (folder / "files" / "holdings" / "IVV_holdings_2024-02-29.csv").write_text(february(alfa=160))
    panel = folder / "files" / "panel" / "bars.csv"
    panel.write_text(panel.read_text().replace(",1000\n", ",1001\n", 5))
    write_statements(folder / "files" / "sec" / "fsds_2024q2.zip", (4, "2024-03-08", {"": 70, "NonUs": 7}))
    (folder / "files" / "yahoo" / "companies_2024-03-08.csv").write_text(
        "Symbol,Shortname,Longname,Sector,Industry,Country,Marketcap\nZQB,Beta,,Energy,Oil,Fictia,8000\n"
    )
    (folder / "files" / "rut.csv").open("a").write("2024-03-09,1,1,1,1,1\n")
    assert run(workspace(folder, now=LATER)).success
    return folder, then


@pytest.fixture(scope="module")
def of_the_past(corrected) -> tuple[Workspace, dict[str, tuple[int, int]]]:
    """Return the build on Friday of what was known on Thursday, and the files there were before it."""
    folder, _ = corrected
    before = files(folder / "out")
    place = workspace(folder, now=LATER + dt.timedelta(hours=1), known_at=THURSDAY)
    result = run(place)
    assert result.success
    assert metadata(result, "raw.bar") == {"at_rest": "as known at 2024-03-07 22:00:00 UTC"}
    assert metadata(result, "core.state_change") == {"at_rest": "as known at 2024-03-07 22:00:00 UTC"}
    return place, before


def test_it_says_what_was_built_then(corrected, of_the_past) -> None:
    folder, then = corrected
    assert hashes(of_the_past[0]) == then
    now = hashes(workspace(folder, now=LATER))
    differing = {name for name in then if then[name] != now[name]}
    assert {
        *("core.bar", "core.bar_revision", "core.state_change", "core.membership", "core.stock_bar", "serve.revision"),
        *("core.company_revenue_geography", "core.company_attribute", "serve.index_overview", "serve.rejected_row"),
    } <= differing


def test_it_lies_beside_the_present_one_and_touches_nothing_of_it(corrected, of_the_past) -> None:
    place, before = of_the_past
    assert files(corrected[0] / "out") == before
    assert place.settings.database_path == corrected[0] / "out" / "files" / "known" / STAMP / "market.duckdb"
    lake = place.settings.build_dir / "lake"
    assert {path.name for path in lake.iterdir() if path.is_dir()} == {"core", "kept"}
    assert not (lake / "core" / "state_change").exists()


def test_it_says_as_of_when_it_is_known_and_when_it_was_built(of_the_past) -> None:
    place, _ = of_the_past
    moments = ask(place, "SELECT DISTINCT known_at, built_at, last_session FROM serve.warehouse_build")
    clock = (LATER + dt.timedelta(hours=1)).replace(tzinfo=None)
    assert moments == [(THURSDAY.replace(tzinfo=None), clock, dt.date(2024, 3, 7))]


def test_built_again_for_the_same_moment_it_has_identical_content(corrected, of_the_past) -> None:
    place, _ = of_the_past
    before = hashes(place)
    again = workspace(corrected[0], now=LATER + dt.timedelta(days=30), known_at=THURSDAY)
    assert run(again).success
    assert hashes(again) == before
    assert ask(again, "SELECT DISTINCT generation FROM serve.warehouse_build") == [(2,)]


def test_nothing_can_be_appended_to_what_is_known(of_the_past) -> None:
    lake = of_the_past[0].lake
    for table in (raw.Bar, core.StateChange):
        with pytest.raises(LakeError, match="expected nothing to append, as the build is of a past moment"):
            lake.append(table, table.create_empty())


def test_a_moment_before_the_first_bar_publishes_nothing(corrected) -> None:
    place = workspace(corrected[0], now=LATER, known_at=dt.datetime(1950, 1, 1, tzinfo=dt.UTC))
    assert "core.bar: expected bars known at 1950-01-01 00:00 UTC, was none of" in failure(run(place))
    assert not place.settings.database_path.exists()


def test_a_corrected_date_of_holdings_counts_from_its_first_version_with_its_newest_values(corrected) -> None:
    """February's holdings were corrected a week later; the overview shows them corrected from the first of March on."""
    place = workspace(corrected[0], now=LATER)
    sql = "SELECT session, holdings_as_of, largest_sector_share FROM serve.index_overview WHERE instrument_id = 'SPX'"
    found = {day: (held, share) for day, held, share in ask(place, f"{sql} AND session >= '2024-02-29'")}
    assert found[dt.date(2024, 2, 29)] == (None, None)
    assert found[dt.date(2024, 3, 1)] == (FEBRUARY, 0.8)
    assert found[dt.date(2024, 3, 6)] == (FEBRUARY, 0.8)
    assert found[dt.date(2024, 3, 7)][0] == MARCH
