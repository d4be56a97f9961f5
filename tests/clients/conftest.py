"""The warehouse of the sample, built once by the command that users run; and Superset on it, started once."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines.storage.build import BuildFacts
from pipelines.storage.lake import Lake
from pipelines.storage.warehouse import publish
from tests.checkout import ROOT, Checkout, free_port, sample
from tests.clients.superset_client import Superset

__all__ = ["sample"]


@pytest.fixture(scope="session")
def built(sample: Checkout) -> Path:
    """Return the folder of the sample's warehouse. Tests read it only."""
    return sample / "warehouse" / "sample"


@pytest.fixture(scope="session")
def lake(built: Path) -> Lake:
    return Lake(built / "lake")


@pytest.fixture
def swapped(built: Path, tmp_path: Path) -> Path:
    """Return a copy of the published file that a test may replace."""
    return Path(shutil.copy(built / "market.duckdb", tmp_path / "market.duckdb"))


@pytest.fixture(scope="session")
def republish(lake: Lake) -> Callable[[Path], int]:
    """Return what publishes the same lake anew over a file and returns the new generation."""

    def build(database: Path) -> int:
        now = dt.datetime.now(dt.UTC)
        made = publish(
            database,
            lake,
            BuildFacts(
                source="sample", is_synthetic=True, built_at=now, known_at=now, parameter_set_id="p", code_version="c"
            ),
        )
        assert made.is_published
        return made.generation

    return build


@pytest.fixture(scope="session")
def published(built: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Return a connection of the project's own DuckDB: what the clients' answers are held against."""
    with duckdb.connect(str(built / "market.duckdb"), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def superset(sample: Checkout) -> Iterator[Superset]:
    """Return Superset as ``make superset`` starts it, the dashboard of the sample imported."""
    assert (ROOT / ".venv-superset" / "client").exists(), "Superset is not installed: run make test-clients"
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with sample.serving(f"make superset SUPERSET_PORT={port}", f"{base}/health", seconds=900):
        yield Superset(base, (sample / ".superset" / "password").read_text())
