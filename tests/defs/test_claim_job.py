"""Claims through the main job: a user's own file, what the tables say of it, and files that are refused."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from pipelines.contracts import core
from pipelines.defs.workspace import Workspace
from tests.defs.test_main_job import ask, failure, hashes, run, workspace, write_bars
from tests.seeds.claim_files import NOTE, file_text, of_type

PUBLISHED = {**NOTE, "note_id": "own", "published_at": "2024-03-08T08:00:00-05:00"}
TO_COME = {**NOTE, "note_id": "later", "published_at": "2024-03-08T17:30:00-05:00"}
DAY = "2024-03-08"
CLAIMS = file_text(
    of_type("period_return", claim_id="off", as_of=DAY, period="2024-02", stated="99"),
    of_type("phase", claim_id="trend", as_of=DAY),
    of_type("phase", claim_id="too-late", as_of="2024-03-11"),
    of_type("largest_sector", claim_id="sector", as_of=DAY),
    note=PUBLISHED,
) + file_text(of_type("phase", claim_id="unheard", as_of=DAY), note=TO_COME)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("claims")
    write_bars(folder / "files")
    (folder / "mine.yaml").write_text(CLAIMS)
    place = workspace(folder, claims=folder / "mine.yaml")
    assert run(place).success
    return place


def test_a_users_claims_are_served_with_their_verdicts_once_they_are_published(built: Workspace) -> None:
    rows = ask(built, "SELECT claim_id, verdict, session, is_synthetic FROM serve.claim_check ORDER BY claim_number")
    day = dt.date(2024, 3, 8)
    assert [row[0] for row in rows] == ["off", "trend", "too-late", "sector"]
    assert [row[1] for row in rows[:1] + rows[2:]] == ["contradicted", "not_computable", "not_computable"]
    assert {row[2:] for row in rows} == {(day, False), (dt.date(2024, 3, 11), False)}
    assert ask(built, "SELECT DISTINCT book FROM core.claim") == [("own",)]
    (trend,) = ask(built, "SELECT major_phase FROM core.trend_state WHERE series_id = 'RUT' AND session = '2024-03-08'")
    assert rows[1][1] == ("reproduced" if trend == ("up",) else "contradicted")


def test_a_month_without_a_number_of_ours_is_worked_out_from_the_bars(built: Workspace) -> None:
    ((first, last),) = ask(
        built,
        "SELECT max(close) FILTER (session = '2024-01-31'), max(close) FILTER (session = '2024-02-29') FROM core.bar "
        "WHERE instrument_id = 'RUT'",
    )
    ((value, difference),) = ask(
        built, "SELECT computed_value, difference FROM serve.claim_check WHERE claim_id = 'off'"
    )
    assert value == pytest.approx((last / first - 1) * 100)
    assert difference == pytest.approx(value - 99)


def test_a_further_claim_is_one_entry_and_no_other_table_changes_for_it(built: Workspace) -> None:
    before = hashes(built)
    more = of_type("record_count", claim_id="more", as_of=DAY, **{"from": "2024-01-01"})
    claims = built.settings.claims
    assert claims is not None
    claims.write_text(CLAIMS + file_text(more, note={**PUBLISHED, "note_id": "third"}))
    assert run(built).success
    after = hashes(built)
    assert {name for name in before if before[name] != after[name]} == {
        "core.claim",
        "core.claim_check",
        "serve.claim_check",
    }
    assert ask(built, "SELECT count(*) FROM claims_of('third')") == [(1,)]
    claims.write_text(CLAIMS)


def test_a_bad_claims_file_is_refused_with_line_and_reason_and_what_was_published_stays(built: Workspace) -> None:
    assert run(built).success
    before = hashes(built)
    claims = built.settings.claims
    assert claims is not None
    claims.write_text(CLAIMS.replace("stated: 99", "stated: nan"))
    found = failure(run(built))
    line = CLAIMS.splitlines().index("      stated: 99") + 1
    assert f"mine.yaml:{line}: stated: expected a number such as 10.8 or -3, was 'nan'" in found
    assert hashes(built) == before
    assert built.lake.read(core.Claim).height == 4
    claims.write_text(CLAIMS)


def test_a_claims_file_that_is_not_there_is_named(tmp_path: Path, built: Workspace) -> None:
    write_bars(tmp_path / "files")
    found = failure(run(workspace(tmp_path, claims=tmp_path / "none.yaml")))
    assert f"{tmp_path / 'none.yaml'}: expected a claims file, a YAML file, was unreadable: No such file" in found
