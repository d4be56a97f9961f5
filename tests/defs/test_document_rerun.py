"""The main job on documents once more: what a further run adds, repairs, refuses, and what an earlier clock sees.

Every company is made up, and so is every number.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines.contracts import raw
from pipelines.contracts.table import qualified_name
from pipelines.defs.workspace import Workspace
from pipelines.sources.document import documents
from pipelines.sources.financial_statements import read_financial_statements
from pipelines.transforms.document import as_rows
from tests.defs.document_files import (
    ALFA,
    DOCUMENT_TABLES,
    FEBRUARY,
    KNOWN_FEBRUARY,
    KNOWN_MARCH,
    MARCH,
    RUT,
    THURSDAY,
    adsh,
    february,
    holdings_text,
    march,
    metadata,
    run_from,
    write_documents,
    write_statements,
)
from tests.defs.test_main_job import ask, failure, hashes, run, workspace, write_bars

WHEN = ("known_from", "known_basis", "fetched_at", "payload_hash")
"""Columns that another run has otherwise; an archive has the time of its writing in it."""
FRIDAY_SETTLED = dt.datetime(2024, 3, 8, 21, 30, tzinfo=dt.UTC)
HOLDINGS, FILINGS = (raw.Holding,), (raw.Filing, raw.FilingFact)
IVV_FEBRUARY = Path("files/holdings/IVV_holdings_2024-02-29.csv")


def stored(place: Workspace) -> dict[str, pl.DataFrame]:
    return {qualified_name(table): place.lake.read(table) for table in (*DOCUMENT_TABLES, raw.RejectedRow)}


# What a further run adds


def test_a_second_run_reads_no_document_again_and_appends_nothing(first_run) -> None:
    place, _ = first_run
    before, parts, content = stored(place), sorted(place.settings.lake_dir.rglob("part-*")), hashes(place)
    result = run(workspace(place.settings.warehouse_dir.parent, now=THURSDAY + dt.timedelta(minutes=5)))
    assert result.success
    for name, rows in stored(place).items():
        assert_frame_equal(rows, before[name])
    for table in DOCUMENT_TABLES:
        told = metadata(result, qualified_name(table))
        assert ("documents read" in told, told["new_rows"]) == (False, 0)
        assert told["dagster/row_count"] == before[qualified_name(table)].height
    assert sorted(place.settings.lake_dir.rglob("part-*")) == parts
    assert hashes(place) == content


@pytest.fixture(scope="module")
def corrected(first_run, tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, dg.ExecuteInProcessResult]:
    """Return a run on other holdings of the older date, at the last moment that counts for Friday's overview."""
    folder = tmp_path_factory.mktemp("corrected") / "market"
    shutil.copytree(first_run[0].settings.warehouse_dir.parent, folder)
    (folder / IVV_FEBRUARY).write_text(february(alfa=160))
    place = workspace(folder, now=FRIDAY_SETTLED)
    return place, run(place)


def test_other_content_of_the_same_fund_and_date_is_a_new_version_that_core_takes(corrected) -> None:
    place, result = corrected
    assert (result.success, metadata(result, "raw.holding")["documents read"]) == (True, 1)
    versions = place.lake.read(raw.Holding).filter(fund_id="IVV", as_of=FEBRUARY, ticker="ZQA").sort("known_from")
    assert versions.select("market_value", "known_from", "known_basis").rows() == [
        (60_000.0, KNOWN_FEBRUARY, "assumed"),
        (160_000.0, FRIDAY_SETTLED, "observed"),
    ]
    sql = "SELECT symbol, weight_share, known_from FROM serve.membership WHERE index_id = 'SPX' AND as_of = "
    at = FRIDAY_SETTLED.replace(tzinfo=None)
    expected = {"ZQA": 0.8, "ZQB": 0.1, "ZQC-A": 0.05, "ZQC-B": 0.05}
    assert ask(place, f"{sql} '2024-02-29' ORDER BY symbol") == [(*item, at) for item in expected.items()]
    assert [row[2] for row in ask(place, f"{sql} '2024-03-06'")] == [KNOWN_MARCH.replace(tzinfo=None)] * 4


def test_a_correction_of_older_holdings_does_not_push_newer_ones_out_of_the_overview(corrected) -> None:
    sql = "SELECT session, holdings_as_of FROM serve.index_overview WHERE instrument_id = 'SPX'"
    found = ask(corrected[0], f"{sql} AND session >= '2024-03-07' ORDER BY session")
    assert found == [(dt.date(2024, 3, day), MARCH) for day in (7, 8)]


def test_a_file_that_says_the_same_in_other_bytes_is_no_version(copied: Path) -> None:
    (copied / "files" / "holdings" / "IVV again.csv").write_text(march() + "\n")
    place = workspace(copied, now=FRIDAY_SETTLED)
    before = stored(place)["raw.holding"]
    assert run_from(place, raw.Holding, serves=False).success
    assert_frame_equal(stored(place)["raw.holding"], before)


def write_one_stock(folder: Path, close: float) -> Path:
    """Write a panel of two sessions of one stock."""
    path = folder / "files" / "panel" / "bars.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [f"ZQA,{day},50,60,40,{close},1000" for day in ("2024-03-06", "2024-03-07")]
    path.write_text("\n".join(["symbol,date,open,high,low,close,volume", *rows, ""]))
    return path


def test_a_bar_of_a_panel_that_differs_by_noise_is_no_version(tmp_path: Path) -> None:
    """Half a basis point of 50 is 0.0025."""
    closes = {}
    for hours, close in enumerate((50.0, 50.0025, 50.0026)):
        write_one_stock(tmp_path, close)
        place = workspace(tmp_path, now=THURSDAY + dt.timedelta(hours=hours))
        assert run_from(place, raw.StockBar, serves=False).success
        closes[close] = place.lake.read(raw.StockBar).filter(session=dt.date(2024, 3, 7)).sort("known_from")["close"]
    assert {close: known.to_list() for close, known in closes.items()} == {
        50.0: [50.0],
        50.0025: [50.0],
        50.0026: [50.0, 50.0026],
    }


def test_a_panel_that_says_otherwise_at_the_same_moment_is_refused(tmp_path: Path) -> None:
    write_one_stock(tmp_path, 50.0)
    assert run_from(workspace(tmp_path, now=THURSDAY), raw.StockBar, serves=False).success
    write_one_stock(tmp_path, 51.0)
    message = failure(run_from(workspace(tmp_path, now=THURSDAY), raw.StockBar, serves=False))
    assert "bars.csv: expected a reading later than those known, was no later for 2 bars that differ" in message


def test_a_file_that_lies_there_twice_is_read_once(first_run, tmp_path: Path) -> None:
    write_bars(tmp_path / "files")
    write_documents(tmp_path / "files")
    for path in [path for path in (tmp_path / "files").glob("*/*") if path.name != "class_ticker_map.csv"]:
        shutil.copy(path, path.with_name(f"{path.stem} copy{path.suffix}"))
    place = workspace(tmp_path, now=THURSDAY)
    result = run_from(place, *DOCUMENT_TABLES, serves=False)
    assert result.success
    for table in DOCUMENT_TABLES:
        assert place.lake.read(table).height == first_run[0].lake.read(table).height
        assert metadata(result, qualified_name(table))["documents read"] == (3 if table is raw.Holding else 1)


# What stops a run


def html_page(folder: Path) -> None:
    (folder / "holdings" / "IVV_holdings_2024-03-07.csv").write_text("<!DOCTYPE html><title>Are you a robot?</title>")


def cut_off(folder: Path) -> None:
    text = march(alfa=41)
    (folder / "holdings" / "IVV_holdings_2024-03-06.csv").write_text(text[: text.index("ZQCB") + 30])


def of_another_fund(folder: Path) -> None:
    text = holdings_text(dt.date(2024, 3, 7), (ALFA, 60), name=RUT)
    (folder / "holdings" / "IVV_holdings_2024-03-07.csv").write_text(text)


def of_an_unknown_fund(folder: Path) -> None:
    text = holdings_text(dt.date(2024, 3, 7), (ALFA, 60), name="iShares Fictional Ocean ETF")
    (folder / "holdings" / "IVV_holdings_2024-03-07.csv").write_text(text)


def of_days_to_come(folder: Path) -> None:
    text = holdings_text(dt.date(2134, 3, 7), (ALFA, 60))
    (folder / "holdings" / "IVV_holdings_2134-03-07.csv").write_text(text)


def broken_zip(folder: Path) -> None:
    path = folder / "sec" / "fsds_2024q1.zip"
    path.write_bytes(path.read_bytes()[:-100])


def zip_with_damage_inside(folder: Path) -> None:
    path = folder / "sec" / "fsds_2023q4.zip"
    write_statements(path, *((number, "2023-11-01", {"": 1000 + number, "US": 600}) for number in range(1, 300)))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "tables", "name", "reason"),
    [
        (html_page, HOLDINGS, "holdings/IVV_holdings_2024-03-07.csv", "was an HTML or XML page"),
        (cut_off, HOLDINGS, "holdings/IVV_holdings_2024-03-06.csv", "cut off"),
        (of_another_fund, HOLDINGS, "holdings/IVV_holdings_2024-03-07.csv", "was those of IWM"),
        (of_an_unknown_fund, HOLDINGS, "holdings/IVV_holdings_2024-03-07.csv", "iShares Fictional Ocean ETF"),
        (of_days_to_come, HOLDINGS, "holdings/IVV_holdings_2134-03-07.csv", "was of 2134-03-07"),
        (broken_zip, FILINGS, "sec/fsds_2024q1.zip", "expected a sound zip archive"),
        (zip_with_damage_inside, FILINGS, "sec/fsds_2023q4.zip", "expected"),
    ],
)
def test_a_document_that_cannot_be_read_stops_the_run_and_the_published_file_stays_as_it_was(
    copied: Path, damage: Callable[[Path], None], tables: tuple, name: str, reason: str
) -> None:
    damage(copied / "files")
    place = workspace(copied, now=FRIDAY_SETTLED)
    published, before = place.settings.database_path.read_bytes(), stored(place)
    message = failure(run_from(place, *tables))
    assert message.startswith(f"{name}: ")
    assert reason in message
    assert place.settings.database_path.read_bytes() == published
    inside = {path.name for path in place.settings.source_dir.iterdir()}
    assert inside - {"published"} == {"lake", "market.duckdb"}
    for table, rows in stored(place).items():
        assert_frame_equal(rows, before[table])


def test_documents_before_the_one_that_cannot_be_read_are_kept_and_not_read_again(copied: Path) -> None:
    html_page(copied / "files")
    (copied / IVV_FEBRUARY).write_text(february(alfa=160))
    place = workspace(copied, now=FRIDAY_SETTLED)
    published = place.settings.database_path.read_bytes()
    assert "IVV_holdings_2024-03-07.csv" in failure(run(place))
    assert place.settings.database_path.read_bytes() == published
    (copied / "files" / "holdings" / "IVV_holdings_2024-03-07.csv").unlink()
    again = workspace(copied, now=FRIDAY_SETTLED + dt.timedelta(hours=1))
    result = run_from(again, raw.Holding, serves=False)
    assert ("documents read" in metadata(result, "raw.holding"), result.success) == (False, True)
    assert place.lake.read(raw.Holding).filter(fund_id="IVV", as_of=FEBRUARY)["known_from"].n_unique() == 2


# What a killed run leaves behind


def test_a_run_that_was_killed_between_facts_and_filings_repairs_itself(copied: Path) -> None:
    path = copied / "files" / "sec" / "fsds_2023q1.zip"
    write_statements(path, (1, "2023-02-01", {"": 900, "US": 450}), (4, "2023-02-02", {"": 70, "NonUs": 7}))
    place = workspace(copied, now=FRIDAY_SETTLED)
    (document,) = (found for found in documents(copied / "files", "sec") if found.path == path)
    facts = as_rows(raw.FilingFact, read_financial_statements(path).facts, place.origin(document))
    place.lake.append(raw.FilingFact, facts)
    before = place.lake.read(raw.FilingFact)
    for expected in (2, 0):
        result = run_from(place, raw.Filing, raw.FilingFact, serves=False)
        assert result.success
        assert metadata(result, "raw.filing")["new_rows"] == expected
        assert metadata(result, "raw.filing_fact")["new_rows"] == 0
    assert_frame_equal(place.lake.read(raw.FilingFact), before)
    added = place.lake.read(raw.Filing).filter(pl.col("filed").dt.year() == 2023)["adsh"]
    assert sorted(added) == [adsh(1, "2023-02-01"), adsh(4, "2023-02-02")]


def test_a_filing_that_stands_in_two_archives_is_taken_once(copied: Path) -> None:
    write_statements(
        copied / "files" / "sec" / "fsds_2024q2.zip", (1, "2024-02-01", {"": 1, "US": 1}), (4, "2024-03-07", {"": 5})
    )
    place = workspace(copied, now=FRIDAY_SETTLED)
    assert run_from(place, raw.Filing, raw.FilingFact, serves=False).success
    first = place.lake.read(raw.FilingFact).filter(adsh=adsh(1, "2024-02-01"))
    assert sorted(first["fact_value"]) == [400.0, 600.0, 1000.0]
    assert place.lake.read(raw.Filing)["adsh"].is_unique().all()
    assert place.lake.read(raw.Filing).height == 4


def test_a_run_that_was_killed_before_it_kept_refused_rows_keeps_them_in_the_next(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (copied / IVV_FEBRUARY).write_text(february(alfa=160).replace("12O,000", "13O,000"))
    place = workspace(copied, now=FRIDAY_SETTLED)

    def killed(*_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr("pipelines.defs.document.append_rejected", killed)
        assert "killed" in failure(run_from(place, raw.Holding, serves=False))
    assert run_from(place, raw.Holding, serves=False).success
    refused = place.lake.read(raw.RejectedRow).filter(raw_table="holding")
    assert sorted("13O,000.00" in payload for payload in refused["payload"]) == [False, True]
    assert place.lake.read(raw.Holding).filter(fund_id="IVV", as_of=FEBRUARY)["known_from"].n_unique() == 2


# An earlier clock


def test_a_clock_set_back_sees_no_holdings_and_no_filings_that_came_later(copied: Path) -> None:
    """On Tuesday at noon February's holdings were known, Gamma's report not: that came at 21:05.

    Bars of the last ten sessions were known when they were read, on Thursday.
    """
    place = workspace(copied, now=dt.datetime(2024, 3, 5, 12, tzinfo=dt.UTC))
    place.settings.database_path.unlink(missing_ok=True)  # or it would not be replaced by an older state
    assert run(place).success
    assert ask(place, "SELECT DISTINCT index_id, as_of FROM serve.membership ORDER BY ALL") == [
        ("RUT", FEBRUARY),
        ("SPX", FEBRUARY),
    ]
    assert ask(place, "SELECT DISTINCT cik FROM core.company_revenue_geography ORDER BY ALL") == [
        (9900001,),
        (9900002,),
    ]
    assert ask(place, "SELECT max(session) FROM core.stock_bar") == [(dt.date(2024, 2, 21),)]
    assert ask(place, "FROM members_as_of('SPX', '2024-03-07') SELECT DISTINCT as_of") == [(FEBRUARY,)]


def test_a_first_run_at_an_earlier_clock_does_not_see_documents_of_days_to_come(tmp_path: Path) -> None:
    write_bars(tmp_path / "files")
    write_documents(tmp_path / "files")
    early = workspace(tmp_path, now=dt.datetime(2024, 2, 20, 22, tzinfo=dt.UTC))
    assert run(early).success
    assert ask(early, "SELECT count(*) FROM core.membership") == [(0,)]
    assert ask(early, "SELECT cik FROM core.company_revenue_geography ORDER BY ALL") == [(9900001,), (9900002,)]
    assert ask(early, "SELECT DISTINCT holdings_as_of FROM serve.index_overview") == [(None,)]
    known = early.lake.read(raw.Holding).select("as_of", "known_from").unique().sort("as_of").rows()
    assert known == [(FEBRUARY, KNOWN_FEBRUARY), (MARCH, KNOWN_MARCH)]


def test_after_a_first_run_at_an_earlier_clock_the_rows_are_those_of_one_run(first_run, tmp_path: Path) -> None:
    """Bars that had not closed are taken from their document once they have, and the document rests again."""
    write_bars(tmp_path / "files")
    write_documents(tmp_path / "files")
    early, late = dt.datetime(2024, 1, 31, 22, tzinfo=dt.UTC), THURSDAY
    for now in (early, late):
        assert run_from(workspace(tmp_path, now=now), *DOCUMENT_TABLES, serves=False).success
    place, once = workspace(tmp_path, now=late), first_run[0].lake
    for table in DOCUMENT_TABLES:
        told = [name for name in table.column_names() if name not in WHEN]
        assert_frame_equal(place.lake.read(table).select(told), once.read(table).select(told), check_row_order=False)
    result = run_from(place, *DOCUMENT_TABLES, serves=False)
    assert [table for table in DOCUMENT_TABLES if "documents read" in metadata(result, qualified_name(table))] == []
