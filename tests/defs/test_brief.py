"""The brief, from the warehouse of the made-up documents: what it says, that it is the same again, its refusals."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path

import dagster as dg
import duckdb
import polars as pl
import pytest

from pipelines.defs.brief import BRIEF, brief
from pipelines.defs.workspace import Workspace
from pipelines.report.brief import __main__ as command
from pipelines.report.brief.again import compare
from pipelines.report.brief.change import ABSENT, changes
from pipelines.report.brief.fact import BriefError, Facts, Section, read_facts
from pipelines.report.brief.issue import MANIFEST, Issued, issue_brief
from pipelines.report.brief.page import page_of, written
from pipelines.storage.statements import Statement
from tests.defs.test_main_job import run, workspace

SESSION, EARLIER = dt.date(2024, 3, 7), dt.date(2024, 2, 29)


def issued(place: Workspace, folder: Path, **changes_: object) -> Issued:
    asked = {"index": "SPX", "session": SESSION, "since": EARLIER, **changes_}
    return issue_brief(place.settings.database_path, folder, **asked)


class _Page(HTMLParser):
    """What a browser would fetch from elsewhere, and every tag that is open at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "link", "img", "iframe"):
            self.fetched.append(tag)
        self.fetched += [
            str(value)
            for name, value in attrs
            if name in ("src", "href", "xlink:href") and not str(value).startswith("#")
        ]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_a_page_needs_nothing_else_and_says_what_the_tables_say(first_run, tmp_path: Path) -> None:
    place, _ = first_run
    found = issued(place, tmp_path)
    page = _Page()
    page.feed((found.folder / "brief.html").read_text())
    assert page.fetched == []
    told = " ".join(page.text)
    with duckdb.connect(str(place.settings.database_path), read_only=True) as connection:
        close, sector = connection.sql(
            "SELECT close, largest_sector FROM serve.index_overview "
            f"WHERE instrument_id = 'SPX' AND session = DATE '{SESSION}'"
        ).fetchall()[0]
    assert f"closed at {close:,.2f} on {SESSION}" in told
    assert f"Largest sector: {sector}," in told
    assert {"price.png", "ratio.png", "breadth.png", "brief.md", "facts.json"} <= found.manifest["files"].keys()
    assert [(found.folder / name).read_bytes()[:4] for name in ("price.png", "ratio.png")] == [b"\x89PNG"] * 2


def test_the_same_warehouse_gives_the_same_bytes_and_is_issued_once(first_run, tmp_path: Path) -> None:
    first, other = (issued(first_run[0], tmp_path / name) for name in ("one", "two"))
    for name in first.manifest["files"]:
        assert (first.folder / name).read_bytes() == (other.folder / name).read_bytes(), name
    before = {path: path.stat().st_mtime_ns for path in first.folder.iterdir()}
    again = issued(first_run[0], tmp_path / "one")
    assert (again.folder, again.is_new, first.is_new) == (first.folder, False, True)
    assert {path: path.stat().st_mtime_ns for path in first.folder.iterdir()} == before


def test_without_an_earlier_brief_a_week_and_with_one_its_session(first_run, tmp_path: Path) -> None:
    assert issued(first_run[0], tmp_path, since=None).manifest["since"] == str(EARLIER)
    monday = dt.date(2024, 3, 4)
    issued(first_run[0], tmp_path, session=monday)
    assert issued(first_run[0], tmp_path, since=None).manifest["since"] == str(monday)


def test_a_past_brief_is_issued_again_byte_for_byte_from_a_rebuilt_warehouse(copied: Path, tmp_path: Path) -> None:
    place = workspace(copied, now=dt.datetime(2024, 3, 7, 22, 30, tzinfo=dt.UTC))
    past = issued(place, tmp_path / "briefs")
    shutil.rmtree(place.settings.lake_dir / "core")
    place.settings.database_path.unlink()
    assert run(place).success
    found = compare(past.folder / MANIFEST, place.settings.database_path, tmp_path / "again")
    assert (found.is_identical, found.tables, found.differences) == (True, [], [])


def test_a_past_brief_is_set_against_what_corrected_data_says(copied: Path, tmp_path: Path) -> None:
    place = workspace(copied, now=dt.datetime(2024, 3, 8, 22, 30, tzinfo=dt.UTC))
    past = issued(place, tmp_path / "briefs")
    prices = place.settings.files_dir / "GSPC.csv"
    bars = pl.read_csv(prices)
    last = pl.col("Date") == str(SESSION)
    bars.with_columns(pl.when(last).then(pl.col("Close") - 1).otherwise("Close").alias("Close")).write_csv(prices)
    assert run(place).success
    found = compare(past.folder / MANIFEST, place.settings.database_path, tmp_path / "again")
    assert not found.is_identical
    assert "serve.index_overview" in found.tables
    closes = {(row.section, row.column): (row.issued, row.now) for row in found.differences}
    was, now = closes["standing", "close"]
    assert now == pytest.approx(was - 1)


def test_a_brief_that_was_changed_by_hand_is_no_evidence(first_run, tmp_path: Path) -> None:
    past = issued(first_run[0], tmp_path)
    (past.folder / "brief.md").write_text("another")
    with pytest.raises(BriefError, match=r"brief\.md: expected the file that manifest\.json names"):
        compare(past.folder / MANIFEST, first_run[0].settings.database_path, tmp_path / "again")
    with pytest.raises(BriefError, match="expected the manifest"):
        compare(past.folder / "brief.md", first_run[0].settings.database_path, tmp_path / "again")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"index": "XXX"}, "INDEX: expected one of DJI, NDX, RUT, SPX, was 'XXX'"),
        (
            {"session": dt.date(2024, 3, 9)},
            "SESSION: expected a session of SPX, was 2024-03-09; the one before it is 2024",
        ),
        ({"since": dt.date(2024, 3, 8)}, "SINCE: expected a session up to 2024-03-07, was 2024-03-08"),
    ],
)
def test_what_cannot_be_asked_is_refused(first_run, tmp_path: Path, asked: dict, told: str) -> None:
    with pytest.raises(BriefError, match=told.replace("(", r"\(")):
        issued(first_run[0], tmp_path, **asked)
    assert list(tmp_path.iterdir()) == []


def test_the_command_says_what_it_did_or_why_not(
    copied: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MARKET_SOURCE", "files")
    monkeypatch.setenv("MARKET_FILES_DIR", str(copied / "files"))
    monkeypatch.setenv("MARKET_WAREHOUSE_DIR", str(copied / "out"))
    monkeypatch.setattr(sys, "argv", ["brief", "--index", "RUT", "--session", "", "--since", ""])
    assert command.main() == 0
    assert "issued" in capsys.readouterr().out
    for arguments, told in (
        (["--session", "2 March"], "expected a date such as 2024-12-02, was '2 March'"),
        (["--index", "FTSE"], "was 'FTSE'"),
        (["--again", "nowhere.json"], "nowhere.json"),
    ):
        monkeypatch.setattr(sys, "argv", ["brief", *arguments])
        assert command.main() == 1
        assert told in capsys.readouterr().err
    monkeypatch.setenv("MARKET_WAREHOUSE_DIR", str(copied / "none"))
    monkeypatch.setattr(sys, "argv", ["brief"])
    assert command.main() == 1
    assert "run make warehouse first" in capsys.readouterr().err


def test_the_asset_shows_sentences_changes_and_pictures(copied: Path) -> None:
    place = workspace(copied, now=dt.datetime(2024, 3, 7, 22, 30, tzinfo=dt.UTC))
    result = dg.materialize(
        [*(dg.AssetSpec(key) for key in brief.dependency_keys), brief],
        selection=[BRIEF],
        resources={"workspace": place},
        run_config={"ops": {"report__brief": {"config": {"index": "SPX"}}}},
    )
    metadata = result.asset_materializations_for_node("report__brief")[0].metadata
    assert metadata["session"].value == str(SESSION)
    assert "closed at" in metadata["what stands"].value
    assert metadata["price"].value.startswith("![price](data:image/png;base64,iVBOR")
    assert Path(str(metadata["page"].value)).is_file()


# Parts


def section(rows: list[dict]) -> Section:
    head = {"title": "Levels", "key": "level_id", "watched": "state", "evidence": "serve.level_state"}
    return Section(Statement("60_levels", head, ""), pl.DataFrame(rows, schema={"level_id": str, "state": str}))


def facts(*rows: tuple[str, str]) -> Facts:
    rows_ = [{"level_id": level, "state": state} for level, state in rows]
    return Facts("RUT", SESSION, {"is_synthetic": False}, {}, {"levels": section(rows_)}, {})


def test_changes_tell_rows_that_turned_came_and_went() -> None:
    found = changes(
        facts(("a", "intact"), ("b", "intact"), ("c", "broken")),
        facts(("b", "testing"), ("d", "intact"), ("c", "broken")),
    )
    assert [(change.subject, change.before, change.after) for change in found] == [
        ("b", "intact", "testing"),
        ("d", ABSENT, "intact"),
        ("a", "intact", ABSENT),
    ]


@pytest.mark.parametrize(
    ("value", "column", "told"),
    [
        (None, "close", "-"),
        (True, "is_exposed", "yes"),
        (0.17839893, "weight_share", "17.84 %"),
        (-0.3521, "drawdown_pct", "-0.35 %"),
        (17.8029, "slope_50_bp_per_day", "+17.80"),
        (2434.1399, "close", "2,434.14"),
        (0.1150104, "ratio", "0.11501"),
        (1964, "companies_total", "1,964"),
        ("role_reversed", "state", "role reversed"),
        ("RUT-2021_x", "level_id", "RUT-2021_x"),
        (SESSION, "since", "2024-03-07"),
    ],
)
def test_values_are_written_by_the_unit_in_their_name(value: object, column: str, told: str) -> None:
    assert written(value, column) == told


@pytest.mark.parametrize("kind", ["html", "md"])
def test_text_of_vendors_is_harmless_on_a_page(first_run, kind: str) -> None:
    evil = "<script>alert(1)</script>|[x](y)\n# head"
    read = read_facts(first_run[0].settings.database_path, "SPX", SESSION)
    levels = read.sections["levels"]
    rows = pl.DataFrame({name: [evil if dtype == pl.String else None] for name, dtype in levels.rows.schema.items()})
    rows = rows.with_columns(origin=pl.lit("published"), low=1.0, high=1.0, state_since=None, is_exposed=True)
    read.sections["levels"] = Section(levels.statement, rows)
    page = page_of(read, SESSION, [], {}, kind)
    assert "<script>alert" not in page
    if kind == "md":
        assert "\n# head" not in page
        assert "](y)" not in page.replace("\\[x](y)", "")


def test_the_synthetic_note_stands_on_every_page_and_picture(first_run) -> None:
    read = read_facts(first_run[0].settings.database_path, "SPX", SESSION)
    read.build["is_synthetic"] = True
    for kind in ("html", "md"):
        assert page_of(read, SESSION, [], {"price": b"<svg/>"}, kind).count("SYNTHETIC SAMPLE") >= 2


def test_facts_are_stored_as_they_were_read(first_run, tmp_path: Path) -> None:
    found = issued(first_run[0], tmp_path)
    stored = json.loads((found.folder / "facts.json").read_text())
    assert stored["standing"][0]["close"] == found.facts.sections["standing"].rows["close"][0]
    assert stored.keys() == found.facts.sections.keys()
