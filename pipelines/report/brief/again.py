"""A past brief against a published file: is it the same again, and if not, what says something else now?

Belongs here: comparing an issued brief with what would be issued. Not here: issuing (``issue``).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

from pipelines.report.brief.fact import BriefError
from pipelines.report.brief.issue import MANIFEST, issue_brief


class Difference(NamedTuple):
    """One value that is another now than in the issued brief."""

    section: str
    row: int
    column: str
    issued: object
    now: object


class Comparison(NamedTuple):
    """An issued brief set against one made from a published file."""

    is_identical: bool
    """Whether every file is the same, byte for byte."""
    tables: list[str]
    """Tables with another content hash."""
    differences: list[Difference]


class _Issued(NamedTuple):
    """What a manifest says of an issued brief, as far as it is needed to issue it again."""

    instrument: str
    session: dt.date
    since: dt.date
    tables: dict[str, str]
    files: dict[str, str]


def compare(manifest: Path, database: Path, folder: Path) -> Comparison:
    """Issue a past brief again from a published file, into another folder, and compare the two.

    Args:
        manifest: The manifest of the issued brief.
        database: A published file: of the same moment (``MARKET_KNOWN_AT``) to get the same brief, or of today.
        folder: Where the other one goes.

    Raises:
        BriefError: the manifest is none, a file beside it was changed, or the file cannot answer.
    """
    issued = _read(manifest)
    _require_untouched(manifest, issued)
    now = issue_brief(database, folder, issued.instrument, issued.session, issued.since)
    tables = sorted(
        name
        for name in issued.tables.keys() | now.manifest["tables"].keys()
        if issued.tables.get(name) != now.manifest["tables"].get(name)
    )
    was, is_now = (json.loads((place / "facts.json").read_text()) for place in (manifest.parent, now.folder))
    return Comparison(issued.files == now.manifest["files"], tables, list(_differences(was, is_now)))


def _read(manifest: Path) -> _Issued:
    try:
        found = json.loads(manifest.read_text())
        session, since = (dt.date.fromisoformat(found[name]) for name in ("session", "since"))
        return _Issued(str(found["index"]), session, since, dict(found["tables"]), dict(found["files"]))
    except OSError as error:
        raise BriefError(f"{manifest}: expected the {MANIFEST} of an issued brief, was: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        wrong = f"another file ({type(error).__name__}: {error})"
        raise BriefError(f"{manifest}: expected the {MANIFEST} of an issued brief, was {wrong}") from error


def _require_untouched(manifest: Path, issued: _Issued) -> None:
    """Raise where a file of the issued brief is not the one that the manifest names."""
    for name, digest in issued.files.items():
        path = manifest.parent / name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            raise BriefError(f"{path}: expected the file that {MANIFEST} names, was another or none")


def _differences(was: dict[str, Any], now: dict[str, Any]) -> list[Difference]:
    found = []
    for section in sorted(was.keys() | now.keys()):
        old, new = was.get(section, []), now.get(section, [])
        for row in range(max(len(old), len(new))):
            before, after = (rows[row] if row < len(rows) else {} for rows in (old, new))
            found += [
                Difference(section, row, column, before.get(column), after.get(column))
                for column in sorted(before.keys() | after.keys())
                if before.get(column) != after.get(column)
            ]
    return found
