"""A warehouse built of the made-up documents, once for all tests of this folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import dagster as dg
import pytest

from pipelines.defs.workspace import Workspace
from tests.defs.document_files import THURSDAY, write_documents
from tests.defs.test_main_job import run, workspace, write_bars


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, dg.ExecuteInProcessResult]:
    """Return the workspace and the result of a first run on bars and documents; leave its files as they are."""
    folder = tmp_path_factory.mktemp("documents")
    write_bars(folder / "files")
    write_documents(folder / "files")
    place = workspace(folder, now=THURSDAY)
    return place, run(place)


@pytest.fixture
def copied(first_run: tuple[Workspace, dg.ExecuteInProcessResult], tmp_path: Path) -> Path:
    """Return a folder with files and warehouse as the first run left them, to do with as a test likes."""
    folder = tmp_path / "copied"
    shutil.copytree(first_run[0].settings.warehouse_dir.parent, folder)
    return folder
