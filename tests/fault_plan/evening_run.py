"""The main job of an evening as a process of its own, as a user starts it, and what it took.

Belongs here: starting and measuring. Not here: what it ought to bring (``stage``, ``asked_of``).
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from pipelines.storage.lake import Lake
from tests.fault_plan.plan_days import evening
from tests.fault_plan.stage import Stage
from tests.vendor.process import VendorProcess

_ROOT = Path(__file__).resolve().parents[2]


class EveningRun(NamedTuple):
    """A run that has ended.

    Attributes:
        code: Its exit code.
        seconds: From start to end.
        peak_megabytes: The most memory it held.
        charts: How many charts the vendor was asked for.
        printed: What it printed, errors included.
    """

    code: int
    seconds: float
    peak_megabytes: float
    charts: int
    printed: str


def new_home(folder: Path) -> Path:
    """Return a folder for runs, with the project's Dagster settings."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(_ROOT / "dagster.yaml", folder)
    return folder


def run_evening(stage: Stage, vendor: VendorProcess, home: Path, day: dt.date) -> EveningRun:
    """Run ``python -m pipelines`` on an evening, its waits cut short (``hurried``)."""
    vendor.now = evening(day)
    vendor.log.clear()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MARKET_")}
    environment |= {"DAGSTER_HOME": str(home), "DAGSTER_DISABLE_TELEMETRY": "1", "PYTHONPATH": str(_ROOT)}
    environment |= stage.settings(home, vendor.url, day)
    began = time.monotonic()
    with (home / "printed.txt").open("w+") as printed:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.fault_plan.hurried"],
            cwd=home, env=environment, stdout=printed, stderr=subprocess.STDOUT,
        )  # fmt: skip
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - began
        printed.seek(0)
        text = printed.read()
    return EveningRun(process.returncode, seconds, usage.ru_maxrss / 1024, len(vendor.log.requests("chart")), text)


def lake_of(home: Path) -> Lake:
    """Return the lake that runs have filled."""
    return Lake(home / "warehouse" / "yahoo" / "lake")


def database_of(home: Path) -> Path:
    """Return the file that they have published."""
    return home / "warehouse" / "yahoo" / "market.duckdb"
