"""The facts of a brief: the answers of ``sql/brief`` for one index and session, from a published file.

Belongs here: asking. Not here: what is made of the answers (``page``, ``chart``). Nothing later than the session is
asked for.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.report.published import PublishedError, opened
from pipelines.settings import SYNTHETIC_NOTE
from pipelines.storage.statements import Statement, read_statements

_SESSIONS_BACK = 5
"""Without an earlier brief, a brief says what changed within a week."""


class BriefError(ValueError):
    """A brief cannot be written: there is no such file, index or session."""


@dataclass(frozen=True)
class Section:
    """One table of a brief: its statement, with title, key and watched columns in the head, and its rows."""

    statement: Statement
    rows: pl.DataFrame

    @property
    def name(self) -> str:
        """Return the name without the number that sorts it."""
        number, _, name = self.statement.name.partition("_")
        return name if number.isdigit() else self.statement.name

    @property
    def title(self) -> str:
        """Return the heading."""
        return self.statement.head["title"]

    @property
    def key(self) -> list[str]:
        """Return the columns that tell the rows apart."""
        return _names(self.statement.head["key"])

    @property
    def watched(self) -> list[str]:
        """Return the columns whose changes are told."""
        return _names(self.statement.head.get("watched", ""))

    @property
    def evidence(self) -> str:
        """Return the tables that the rows come from."""
        return self.statement.head["evidence"]


@dataclass(frozen=True)
class Facts:
    """What a published file says of an index at a session."""

    index: str
    session: dt.date
    build: dict[str, object]
    """A row of ``serve.warehouse_build``, short of the table's own columns."""
    hashes: dict[str, str]
    """Content hash by table."""
    sections: dict[str, Section]
    charts: dict[str, Section]

    @property
    def note(self) -> str:
        """Return what has to be said before anything is shown: the synthetic note, or nothing."""
        return SYNTHETIC_NOTE if self.build["is_synthetic"] else ""


def day(name: str, text: str | None) -> dt.date | None:
    """Return the date that was given under a name, None for none.

    Raises:
        BriefError: the text is no date.
    """
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError as error:
        raise BriefError(f"{name}: expected a date such as 2024-12-02, was {text!r}") from error


def read_facts(database: Path, index: str, session: dt.date) -> Facts:
    """Return the facts of an index at a session.

    Raises:
        BriefError: there is no published file, no such index, or no bar of it on that session.
    """
    with _opened(database) as connection:
        _require(connection, index, session)
        build = connection.sql("SELECT * FROM serve.warehouse_build ORDER BY table_name").pl()
        sections, charts = (
            [_section(connection, statement, index, session) for statement in read_statements(kind)]
            for kind in ("brief", "chart")
        )
        return Facts(
            index,
            session,
            build.drop("table_name", "row_count", "content_hash").row(0, named=True),
            dict(build.select("table_name", "content_hash").rows()),
            {section.name: section for section in sections},
            {section.name: section for section in charts},
        )


def last_session(database: Path, index: str) -> dt.date:
    """Return the last session of an index.

    Raises:
        BriefError: there is no published file, or no such index.
    """
    with _opened(database) as connection:
        found: dt.date | None = _one(
            connection, "SELECT max(session) FROM core.bar WHERE instrument_id = $index", index=index
        )
        if found is None:
            raise _no_index(connection, index)
    return found


def session_before(database: Path, index: str, session: dt.date) -> dt.date:
    """Return the session of the index a week before another, or its first one."""
    with _opened(database) as connection:
        earlier: dt.date | None = _one(
            connection,
            "SELECT min(session) FROM (SELECT session FROM core.bar WHERE instrument_id = $index "
            "AND session < $session ORDER BY session DESC LIMIT $back)",
            index=index,
            session=session,
            back=_SESSIONS_BACK,
        )
    return earlier or session


def _opened(database: Path) -> duckdb.DuckDBPyConnection:
    try:
        return opened(database)
    except PublishedError as error:
        raise BriefError(str(error)) from error


def _section(connection: duckdb.DuckDBPyConnection, statement: Statement, index: str, session: dt.date) -> Section:
    asked = {name: value for name, value in (("index", index), ("session", session)) if f"${name}" in statement.sql}
    return Section(statement, connection.sql(statement.sql, params=asked).pl())


def _require(connection: duckdb.DuckDBPyConnection, index: str, session: dt.date) -> None:
    """Raise where the index has no bar on the session."""
    asked = "SELECT session FROM core.bar WHERE instrument_id = $index ORDER BY session"
    sessions = connection.sql(asked, params={"index": index}).pl()["session"]
    if sessions.is_empty():
        raise _no_index(connection, index)
    if session not in sessions:
        before = sessions.filter(sessions < session)
        near = f"the first one is {sessions[0]}" if before.is_empty() else f"the one before it is {before[-1]}"
        raise BriefError(f"SESSION: expected a session of {index}, was {session}; {near}")


def _no_index(connection: duckdb.DuckDBPyConnection, index: str) -> BriefError:
    """Return the refusal of a name that is no index, or of an index without bars."""
    with_bars = connection.sql("SELECT DISTINCT instrument_id FROM core.bar ORDER BY ALL").pl()["instrument_id"]
    return BriefError(f"INDEX: expected one of {', '.join(with_bars) or 'the indices with bars'}, was {index!r}")


def _one(connection: duckdb.DuckDBPyConnection, sql: str, **values: object) -> Any:
    """Return the one value that a query with named parameters asks for."""
    return connection.sql(sql, params=values).pl().item()


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
