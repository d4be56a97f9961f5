from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.contracts import serve
from pipelines.contracts.table import name_of, qualified_name
from pipelines.storage.statements import read_statements, tables_read_by

SERVED = {qualified_name(table) for table in serve.TABLES}


def test_head_lines_become_facts_and_go_on_over_lines(tmp_path: Path) -> None:
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "a.sql").write_text("-- claim: One\n-- and two.\n-- severity: warn\nSELECT 1 -- not: this\n")
    (statement,) = read_statements("checks", tmp_path)
    assert statement.name == "a"
    assert statement.head == {"claim": "One and two.", "severity": "warn"}


def test_tables_are_read_from_the_sql_not_from_its_text(tmp_path: Path) -> None:
    (tmp_path / "serve").mkdir()
    text = "WITH x AS (SELECT * FROM core.bar) SELECT 'core.cross' FROM x JOIN core.ratio USING (a) -- core.session\n"
    (tmp_path / "serve" / "a.sql").write_text(text)
    assert tables_read_by(read_statements("serve", tmp_path)[0]) == ["core.bar", "core.ratio"]


def test_every_served_table_but_the_manifest_has_its_select() -> None:
    tables = {name_of(table) for table in serve.TABLES} - {"warehouse_build"}
    assert {statement.name for statement in read_statements("serve")} == tables


@pytest.mark.parametrize("check", read_statements("checks"), ids=lambda check: check.name)
def test_every_check_says_what_it_claims_of_which_table(check) -> None:
    assert check.head["claim"].endswith(".")
    assert check.head["table"] in SERVED
    assert check.head["severity"] in {"error", "warn"}


@pytest.mark.parametrize("example", read_statements("examples"), ids=lambda example: example.name)
def test_every_example_asks_a_question_of_public_tables(example) -> None:
    assert example.head["question"].endswith("?")
    assert set(tables_read_by(example)) <= SERVED
