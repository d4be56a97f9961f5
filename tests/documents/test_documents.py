"""The pages that tell people what to type: every command and query of them is run, or declared with a reason."""

from __future__ import annotations

import datetime as dt
import re
import subprocess
import sys

import duckdb
import pytest

from pipelines.storage.statements import read_statements
from tests.checkout import BUILT, ROOT, Checkout
from tests.documents.markdown import LANGUAGES, blocks, commands, is_command, queries
from tests.documents.run_table import (
    BY_CLIENTS,
    EVERY_COMMAND,
    LIVE,
    ON_THE_SAMPLE,
    PAGES,
    SUITES,
    WITHOUT_ROWS,
    clients_folder,
    page,
)

README = page("README.md")
PROGRAMS = [(name, block.text) for name in PAGES for block in blocks(page(name)) if block.language == "python"]


def test_every_command_of_the_pages_has_a_way_to_be_run_and_no_way_is_left_over() -> None:
    assert {command for name in PAGES for command in commands(page(name))} == EVERY_COMMAND


def test_the_readme_answers_then_gives_two_commands_three_lines_of_live_data_sql_and_bi() -> None:
    head, *sections = re.split(r"^## ", README, flags=re.MULTILINE)
    assert re.findall(r"!\[[^\]]+\]\(([^)]+)\)", head) == ["docs/images/brief.png", "docs/images/asset_graph.png"]
    named = {section.partition("\n")[0]: section for section in sections}
    assert list(named)[:4] == ["Two commands", "Live data", "SQL", "BI"]
    assert [block.text.splitlines() for block in blocks(named["Two commands"])] == [["make warehouse", "make brief"]]
    assert [block.text.splitlines() for block in blocks(named["Live data"])] == [LIVE]


@pytest.mark.parametrize("name", PAGES)
def test_commands_stand_where_they_are_found(name: str) -> None:
    """Blocks name their language, text holds no command, and none has a comment: zsh takes # as a word."""
    for block in blocks(page(name)):
        assert block.language in LANGUAGES
        if block.language == "":
            assert not list(filter(is_command, block.text.splitlines()))
        if block.language == "sh":
            assert "#" not in block.text


@pytest.mark.parametrize("name", PAGES)
def test_files_that_a_page_points_to_are_there(name: str) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page(name)):
        assert ((ROOT / name).parent / target).exists(), target


def test_what_would_be_missed_is_found() -> None:
    text = (
        "Type `make this` or `A=1 make\nthat X=2`, not `make`; `FROM t` and `SELECT 1`.\n"
        "```sh\nexport A=b\n  make here \\\n  B=c\n```\n```sql\nSELECT 2; -- why\nFROM u;\n```\n```\nmake text\n```\n"
    )
    assert commands(text) == ["export A=b", "make here    B=c", "make this", "A=1 make that X=2"]
    assert queries(text) == ["SELECT 2", "FROM u", "FROM t", "SELECT 1"]


# What is typed in a checkout of the sample


def test_the_sample_is_built_and_summed_up(sample: Checkout) -> None:
    printed = (sample / BUILT).read_text()
    assert ON_THE_SAMPLE["make warehouse"] in printed
    assert "received rows: 6040, new rows: 6040" in printed
    assert "market.duckdb" in printed
    assert "last session  2024-12-31" in printed
    assert "serve.index_overview             6,040" in printed
    questions = [statement.head["question"] for statement in read_statements("examples")]
    assert sum(question in printed for question in questions) == 3
    with duckdb.connect(str(sample / "warehouse/sample/market.duckdb"), read_only=True) as connection:
        weeks = connection.execute(
            "SELECT DISTINCT period_start, period_end, period_last_session, is_partial FROM serve.period_return "
            "WHERE period = 'week' AND period_end = DATE '2024-12-31'"
        ).fetchall()
    # The week goes on in January, though the year's last session has closed.
    assert weeks == [(dt.date(2024, 12, 30), dt.date(2024, 12, 31), dt.date(2025, 1, 3), True)]


@pytest.mark.parametrize("command", [command for command in ON_THE_SAMPLE if command != "make warehouse"])
def test_a_command_on_the_sample(sample: Checkout, command: str) -> None:
    said = sample.type(command, typed="" if "|" in command else "SELECT 40 + 2;")
    assert said.code == 0, said.last_lines
    assert ON_THE_SAMPLE[command] in said.out
    if command == "make sql":
        assert "42" in said.out
    if "overview.csv" in command:
        assert len((sample / "overview.csv").read_text().splitlines()) == 6041


def test_the_queries_of_the_readme_can_be_pasted_at_the_prompt(sample: Checkout) -> None:
    (pasted,) = (block.text for block in blocks(README) if block.language == "sql")
    said = sample.type("make sql", typed=pasted)
    assert (said.code, said.err) == (0, "")
    assert said.out.count("┌") == pasted.count(";")


@pytest.mark.parametrize("name", PAGES)
def test_a_query_gives_rows(sample: Checkout, name: str) -> None:
    with duckdb.connect(str(sample / "warehouse/sample/market.duckdb"), read_only=True) as connection:
        for query in queries(page(name)):
            if query not in WITHOUT_ROWS:
                assert connection.execute(query).fetchall(), query
    assert not (WITHOUT_ROWS.keys() - {query for each in PAGES for query in queries(page(each))})


@pytest.mark.parametrize(("name", "program"), PROGRAMS, ids=[name for name, _ in PROGRAMS])
def test_a_program_runs(sample: Checkout, name: str, program: str) -> None:
    subprocess.run([sys.executable, "-c", program], cwd=sample.folder, env=sample.environment(), check=True)


# What is run elsewhere


def test_what_is_run_elsewhere_is_run_there(sample: Checkout) -> None:
    continuous = (ROOT / ".ci" / "run").read_text()
    for command, reason in SUITES.items():
        if command != ".ci/run":
            said = sample.type(command.replace("make ", "make -n "))
            assert (said.code, bool(said.out)) == (0, True), said.last_lines
        assert (f"\n{command}\n" in re.sub(r"\n +", "\n", continuous)) == (".ci/run runs it" in reason), command
    for command, module in BY_CLIENTS.items():
        assert command in (clients_folder() / module).read_text()
