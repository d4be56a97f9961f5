"""The published file, opened to be read: ``python -m pipelines.report.published FILE`` says why it cannot be, if so.

Belongs here: opening it, and what a person can do about a file that is absent, held by a writer, or no warehouse.
Not here: what is asked of it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from pipelines.settings import Settings, SettingsError
from pipelines.storage.holder import AS_READERS, is_held_for_writing


class PublishedError(ValueError):
    """The published file cannot be read; the text says what was expected, what was, and what to do."""


def opened(database: Path) -> duckdb.DuckDBPyConnection:
    """Return a connection that reads a published file.

    Raises:
        PublishedError: there is no such file, a program holds it for writing, or it is no warehouse.
    """
    if not database.is_file():
        raise PublishedError(f"{database}: expected a published warehouse, was none; run make warehouse first")
    try:
        connection = duckdb.connect(str(database), read_only=True)
    except duckdb.Error as error:
        if is_held_for_writing(error):
            raise PublishedError(f"{database}: {AS_READERS}") from error
        raise PublishedError(_no_warehouse(database, str(error))) from error
    try:
        connection.execute("SELECT generation FROM serve.warehouse_build LIMIT 0")
    except duckdb.Error as error:
        connection.close()
        raise PublishedError(_no_warehouse(database, str(error))) from error
    return connection


def _no_warehouse(database: Path, reason: str) -> str:
    first, *_ = reason.splitlines()
    return (
        f"{database}: expected a published warehouse, was another file ({first}); run make warehouse to build it anew"
    )


def main() -> int:
    """Return 0 where the file of the arguments can be read, else 1 with the reason on standard error."""
    try:
        Settings.of_environment()
        opened(Path(sys.argv[1])).close()
    except (SettingsError, PublishedError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
