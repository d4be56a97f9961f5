"""The SQL files of the project: served tables, macros, checks and examples, with their ``-- key: value`` heads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import sqlglot
from sqlglot import exp

SQL_FOLDER = Path(__file__).resolve().parents[2] / "sql"
_HEAD = re.compile(r"^--\s*(?P<key>[a-z_]+):\s*(?P<value>.+)$")


@dataclass(frozen=True)
class Statement:
    """One SQL file: its name (the file's stem), the facts of its head and its text."""

    name: str
    head: dict[str, str]
    sql: str


def read_statements(kind: str, folder: Path = SQL_FOLDER) -> list[Statement]:
    """Return the statements of ``sql/<kind>``, by name.

    The head is the run of comment lines at the top; a line ``-- key: value`` in it is a fact of the
    statement, and a following comment line without a key goes on with the value.
    """
    return [_parse(path) for path in sorted((folder / kind).glob("*.sql"))]


def _parse(path: Path) -> Statement:
    head: dict[str, str] = {}
    key = ""
    text = path.read_text(encoding="utf-8")
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        if match := _HEAD.match(line):
            key = match["key"]
            head[key] = match["value"].strip()
        elif key:
            head[key] += " " + line.lstrip("- ").strip()
    return Statement(path.stem, head, text)


def tables_read_by(statement: Statement) -> list[str]:
    """Return the ``schema.table`` names that a statement reads, in order of name."""
    tables = sqlglot.parse_one(statement.sql, dialect="duckdb").find_all(exp.Table)
    return sorted({f"{table.db}.{table.name}" for table in tables if table.db})
