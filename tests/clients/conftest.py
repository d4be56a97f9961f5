"""The warehouse of the sample, built once by the command that users run; and Superset on it, started once."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines.report.superset_export import write_export
from pipelines.storage.build import BuildFacts
from pipelines.storage.lake import Lake
from pipelines.storage.warehouse import publish
from tests.clients.superset_client import Superset, running_superset

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the sample's warehouse. Tests read it only."""
    home = tmp_path_factory.mktemp("home")
    shutil.copy(ROOT / "dagster.yaml", home)
    (home / "dagster.yaml").write_text((home / "dagster.yaml").read_text().replace(".dagster", str(home / ".dagster")))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MARKET_")}
    environment |= {
        "DAGSTER_HOME": str(home),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "MARKET_WAREHOUSE_DIR": str(home / "warehouse"),
    }
    subprocess.run(
        [sys.executable, "-m", "pipelines"], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL
    )
    return home / "warehouse" / "sample"


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
def superset(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Superset]:
    """Return Superset as ``make superset`` starts it, the dashboard of the sample imported."""
    folder = tmp_path_factory.mktemp("superset")
    export = write_export(built / "market.duckdb", folder / "dashboard.zip")
    with running_superset(folder / "home", export) as client:
        yield client
