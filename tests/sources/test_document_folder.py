"""Folders of documents: what counts as one, and how it is told apart."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from pipelines.sources.base import SourceError
from pipelines.sources.document import documents


def test_documents_of_a_kind_are_the_files_of_its_folder_with_its_endings(tmp_path: Path) -> None:
    folder = tmp_path / "holdings"
    folder.mkdir()
    for name in ("b.CSV", "a.xlsx", "notes.txt", ".hidden.csv"):
        (folder / name).write_text(name)
    (tmp_path / "sec").mkdir()
    found = list(documents(tmp_path, "holdings"))
    assert [document.locator for document in found] == ["holdings/a.xlsx", "holdings/b.CSV"]
    assert found[0].payload_hash == hashlib.sha256(b"a.xlsx").hexdigest()
    assert list(documents(tmp_path, "sec")) == list(documents(tmp_path, "panel")) == []


def test_a_document_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "panel" / "x.csv").mkdir(parents=True)
    with pytest.raises(SourceError, match=r"panel/x\.csv: expected a file that can be read, was: Is a directory"):
        list(documents(tmp_path, "panel"))
