"""Errors that a newcomer meets, tried at the shell: each says what was expected, what was, and what to do.

Those that need a run of the job are in ``test_newcomer_slow``; what an index, a session, a book or a claims file is
refused for, in the tests of those.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
import pytest

from tests.checkout import Checkout, taken_port
from tests.newcomer.refusal import assert_refused, held_for_writing

PRETENDS = """#!/bin/sh
exec {python} -c "import sys
sys.version_info, sys.version = (3, 10, 1), '3.10.1 (pretended)'
exec(sys.argv[1])" "$2"
"""
"""A Python that says it is another one."""


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_another_python_is_asked_for(checkout: Checkout) -> None:
    (checkout / ".venv").unlink()
    python = checkout.home / "python3.10"
    python.write_text(PRETENDS.format(python=sys.executable))
    python.chmod(0o755)
    hint = "install a later one, or name it: make warehouse PYTHON=python3.12"
    assert_refused(checkout, f"make warehouse PYTHON={python}", f"Python: expected 3.11 or later, was 3.10.1; {hint}")
    told = f"Python: expected 3.11 or later as python3.99, was no such command; {hint}"
    assert_refused(checkout, "make warehouse PYTHON=python3.99", told)
    assert not (checkout / ".venv").exists()


def test_another_port_is_asked_for(checkout: Checkout) -> None:
    with taken_port() as port:
        told = (
            f"PORT: expected a free port, was {port}; stop what listens there, or choose another: make ui PORT=number"
        )
        assert_refused(checkout, f"make ui PORT={port}", told)
    assert_refused(checkout, "make ui PORT=http", "PORT: expected a free port, was http;")


@pytest.mark.parametrize("command", ["make ui", "make sql"])
def test_a_wrong_setting_is_named_before_anything_starts(checkout: Checkout, command: str) -> None:
    told = "MARKET_SOURCE: expected to be 'sample', 'files' or 'yahoo', was 'yaho'"
    assert_refused(checkout, command, told, MARKET_SOURCE="yaho", PORT="0")


def test_the_prompt_needs_a_warehouse_that_nobody_writes_to(checkout: Checkout) -> None:
    database = checkout / "warehouse/sample/market.duckdb"
    place = "warehouse/sample/market.duckdb: expected"
    assert_refused(checkout, "make sql", f"{place} a published warehouse, was none; run make warehouse first")
    database.parent.mkdir()
    with duckdb.connect(str(database)) as connection:
        connection.execute("CREATE TABLE mine (x INTEGER)")
    assert_refused(checkout, "make sql", f"{place} a published warehouse, was another file", "run make warehouse")
    with held_for_writing(database):
        told = (
            f"{place} readers only, was held open for writing; close what holds it, or let it open the file read-only"
        )
        assert_refused(checkout, "make sql", told)
