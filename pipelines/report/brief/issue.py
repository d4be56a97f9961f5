"""Issuing a brief: its files in a folder of their own, and the manifest by which it can be issued again.

Belongs here: files. Not here: what stands in them (``page``, ``chart``). A brief that was issued is never written over:
its folder is named after what it was made from.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from pipelines.report.brief.change import Change, changes
from pipelines.report.brief.chart import charts
from pipelines.report.brief.fact import BriefError, Facts, last_session, read_facts, session_before
from pipelines.report.brief.page import page_of
from pipelines.report.figure import as_bytes
from pipelines.storage.swap import swap_in, temporary_name

FORM = "1"
"""Of the pages: another one makes other bytes of the same facts."""
MANIFEST = "manifest.json"
_IDENTITY = ("form", "index", "session", "since", "source", "data_snapshot", "parameter_set_id", "code_version")


class Issued(NamedTuple):
    """A brief in its folder."""

    folder: Path
    manifest: dict[str, Any]
    facts: Facts
    changes: list[Change]
    is_new: bool
    """Whether it was issued now; false where the same one lay there."""

    def table_of_changes(self) -> pl.DataFrame:
        """Return the changes as rows of text."""
        rows = [[str(value) for value in change] for change in self.changes]
        return pl.DataFrame(rows, schema=list(Change._fields), orient="row")


def issue_brief(
    database: Path, folder: Path, index: str, session: dt.date | None = None, since: dt.date | None = None
) -> Issued:
    """Write the brief of an index at a session, unless the same was issued before.

    Args:
        database: A published file.
        folder: Where briefs lie, one below ``<index>/<session>/<id>``.
        index: The index.
        session: The session; without one, the last.
        since: The session that changes are counted from; without one, that of the last brief of an earlier session
            or, without such a brief, a week before.

    Raises:
        BriefError: there is no published file, no such index, or no bar of it on a session.
    """
    session = session or last_session(database, index)
    since = since or _issued_before(folder, index, session) or session_before(database, index, session)
    if since > session:
        raise BriefError(f"SINCE: expected a session up to {session}, was {since}")
    facts = read_facts(database, index, session)
    changed = changes(read_facts(database, index, since), facts)
    manifest = _manifest(facts, since)
    own = folder / index / str(session) / str(manifest["id"])
    if (own / MANIFEST).is_file():
        return Issued(own, json.loads((own / MANIFEST).read_text()), facts, changed, is_new=False)
    files = _files(facts, since, changed)
    manifest["files"] = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    # The manifest comes last: a folder without one is no brief.
    for name, content in {**files, MANIFEST: _as_json(manifest)}.items():
        _write(own / name, content)
    return Issued(own, manifest, facts, changed, is_new=True)


def _issued_before(folder: Path, index: str, session: dt.date) -> dt.date | None:
    """Return the last session before another of which a brief was issued."""
    days = (manifest.parent.parent.name for manifest in (folder / index).glob(f"*/*/{MANIFEST}"))
    return max((day for day in map(dt.date.fromisoformat, days) if day < session), default=None)


def _manifest(facts: Facts, since: dt.date) -> dict[str, Any]:
    stated = {
        "form": FORM,
        "index": facts.index,
        "session": str(facts.session),
        "since": str(since),
        **{name: facts.build[name] for name in ("source", "data_snapshot", "parameter_set_id", "code_version")},
        "is_synthetic": facts.build["is_synthetic"],
        "known_at": str(facts.build["known_at"]),
        "tables": facts.hashes,
    }
    identity = "\n".join(str(stated[name]) for name in _IDENTITY)
    return {"id": hashlib.sha256(identity.encode()).hexdigest()[:12], **stated}


def _files(facts: Facts, since: dt.date, changed: list[Change]) -> dict[str, bytes]:
    figures = charts(facts)
    vectors = {name: as_bytes(figure, "svg") for name, figure in figures.items()}
    pages = {f"brief.{kind}": page_of(facts, since, changed, vectors, kind).encode() for kind in ("html", "md")}
    pictures = {f"{name}.png": as_bytes(figure, "png") for name, figure in figures.items()}
    stated = {name: section.rows.to_dicts() for name, section in facts.sections.items()}
    return {**pages, **pictures, "facts.json": _as_json(stated)}


def _as_json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, default=str) + "\n").encode()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_name(path)
    temporary.write_bytes(content)
    swap_in(temporary, path)
