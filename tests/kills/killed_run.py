"""Runs of ``python -m pipelines`` in processes of their own, watched stage by stage, to be killed when one likes.

A run is forked from a server that has imported Dagster and DuckDB and nothing of ours, which saves most of the start;
from there on it is ``pipelines.__main__.main()`` with an environment, a working directory, a Dagster home and a process
group of its own, as from a terminal. The server has one thread, which is asserted, so that forking copies no lock that
nobody will open: polars, NumPy and pyarrow start threads when they are imported, and are left to the runs.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import sys
import time
from collections.abc import Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parents[2]
Stage = Literal["ingestion", "transform", "publish"]
STAGES: tuple[Stage, ...] = ("ingestion", "transform", "publish")
_LIBRARIES = ["dagster", "duckdb", "httpx", "pydantic_settings", "sqlglot"]
_LONGEST_SECONDS = 300.0
_GLANCE_SECONDS = 0.003


def _main(home: str, environment: dict[str, str]) -> None:
    os.setsid()
    threads_of_server = list(Path(f"/proc/{os.getppid()}/task").iterdir())
    assert len(threads_of_server) == 1
    with Path(home, "printed.txt").open("w") as printed:
        for stream in (1, 2):
            os.dup2(printed.fileno(), stream)
    os.chdir(home)
    os.environ.clear()
    os.environ.update(environment)
    from pipelines.__main__ import main

    code = main()
    sys.stdout.flush()
    os._exit(code)


class Run:
    """One run of the main job in a process of its own.

    Args:
        home: Dagster's home and the working directory; ``warehouse`` below it is built into.
        source: The source, whose folder of the warehouse is watched.
        environment: Further variables.
    """

    def __init__(self, home: Path, source: str, environment: Mapping[str, str]) -> None:
        self._folder = home / "warehouse" / source
        self._printed = home / "printed.txt"
        self._printed.unlink(missing_ok=True)
        self._core_before = self._core()
        self._published_before = self._published()
        variables = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "DAGSTER_HOME": str(home),
            "DAGSTER_DISABLE_TELEMETRY": "1",
            "MARKET_WAREHOUSE_DIR": str(home / "warehouse"),
            "MARKET_SOURCE": source,
            **environment,
        }
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_LIBRARIES)
        self._process: ForkServerProcess = context.Process(target=_main, args=(str(home), variables))
        self._process.start()

    def wait_for(self, stage: Stage) -> bool:
        """Wait until the run has come to a stage, and return whether it has and still runs."""
        deadline = time.monotonic() + _LONGEST_SECONDS
        while not self._has_come_to(stage) and self._process.is_alive() and time.monotonic() < deadline:
            time.sleep(_GLANCE_SECONDS)
        return self._process.is_alive()

    def wait(self, seconds: float) -> None:
        """Let the run go on for so long, or to its end."""
        self._process.join(seconds)

    def kill(self) -> bool:
        """Kill the run with everything it started, and return whether it was still running."""
        assert self._process.pid is not None
        if self._process.is_alive():
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.join(30)
        return self._process.exitcode == -signal.SIGKILL

    def stage(self) -> Stage | None:
        """Return the last stage that the run has come to."""
        return next((stage for stage in reversed(STAGES) if self._has_come_to(stage)), None)

    def finish(self) -> dict[Stage, float]:
        """Wait until the run has succeeded, and return how many seconds each stage took."""
        began = {}
        for stage in STAGES:
            self.wait_for(stage)
            began[stage] = time.monotonic()
        self._process.join(_LONGEST_SECONDS)
        assert self._process.exitcode == 0, self._printed.read_text()
        ends = [*list(began.values())[1:], time.monotonic()]
        return {stage: end - began[stage] for stage, end in zip(STAGES, ends, strict=True)}

    def _has_come_to(self, stage: Stage) -> bool:
        if stage == "publish":
            return any(self._folder.glob(".market.duckdb-*.tmp")) or self._published() != self._published_before
        if stage == "transform":
            return self._core() != self._core_before
        return self._printed.exists() and self._printed.stat().st_size > 0

    def _published(self) -> int | None:
        """Return which file is published."""
        database = self._folder / "market.duckdb"
        return database.stat().st_ino if database.exists() else None

    def _core(self) -> dict[str, int]:
        """Return when each table of core was last written."""
        return {str(path): path.stat().st_mtime_ns for path in self._folder.glob("lake/core/*/bucket=00/rows.parquet")}


def new_home(folder: Path) -> Path:
    """Return a new folder for runs, with the project's Dagster settings."""
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "dagster.yaml", folder)
    return folder
