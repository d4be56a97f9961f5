"""A daily run of all stocks against the vendor on the loopback interface, after histories of different length.

The history is put in by the ingestion itself, short of the connection (``tests/vendor/direct``), and built by the first
run. Then the vendor, a process of its own, moves on by a session, and two processes do what the main job does in one:
all that comes before the file, and the file. ``--symbols`` and ``--years`` take a smaller cut.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import dagster as dg

from benchmarks.disk_use import size_of
from pipelines.contracts import core
from pipelines.contracts.table import qualified_name
from pipelines.definitions import definitions
from pipelines.defs.workspace import Workspace
from pipelines.ingestion.run import Vendor, ingest_universe
from pipelines.ingestion.spool import Spool
from pipelines.settings import Settings
from tests.vendor.direct import direct_ask
from tests.vendor.listing import Plan
from tests.vendor.market import Market
from tests.vendor.process import VendorProcess

THREADS = "2"
BEFORE, DAY = (dt.datetime(2024, 12, day, 23, tzinfo=dt.UTC) for day in (19, 20))
LAST = dt.date(2024, 12, 31)
OF_STOCKS = (
    core.StockBar,
    core.StockTrendState,  # and the averages, from the same rows
    core.StockAction,
    core.AdjustmentFactor,
    core.StockBarWarning,
    core.MemberSpell,
    core.Breadth,
    core.BarRevision,
)


def put_in(settings: Settings, plan: Plan) -> dict[str, Any]:
    """Ingest the whole history of all stocks, as the evening before knows it."""
    market, workspace = Market(plan), Workspace(settings)
    vendor = Vendor("yahoo", direct_ask(market, BEFORE), lambda: BEFORE)
    result = ingest_universe(market.symbols, vendor, workspace.lake, Spool(settings.spool_dir), workspace.parameters)
    return {"rows": dict(result.rows)}


def materialised(groups: Iterable[str]) -> dict[str, Any]:
    """Materialise groups of assets, and return the seconds of each step and what each asset read and added."""
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(
            definitions().assets or [],
            selection=dg.AssetSelection.groups(*groups),
            resources={"workspace": Workspace()},
            instance=instance,
            run_config=quiet,
        )
    found: dict[str, Any] = {"steps": {}, "rows_read": {}, "new_rows": {}}
    for event in result.all_events:
        if event.event_type_value == "STEP_SUCCESS" and event.step_key:
            found["steps"][event.step_key] = event.step_success_data.duration_ms / 1e3
    for event in result.get_asset_materialization_events():
        metadata = event.materialization.metadata
        for name in ("rows_read", "new_rows"):
            if name in metadata and event.asset_key:
                found[name][".".join(event.asset_key.path)] = metadata[name].value
    return found


def run_part(part: str, plan: Plan) -> None:
    """Run one part here, as the environment says where, and print what it took and did."""
    began, settings = time.perf_counter(), Settings()
    if part == "history":
        said = put_in(settings, plan)
    else:
        said = materialised({"first": ("raw", "core", "serve"), "day": ("raw", "core"), "publish": ("serve",)}[part])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": time.perf_counter() - began, "peak_mb": peak, **said}))


def measured(part: str, plan: Plan, environment: dict[str, str]) -> dict[str, Any]:
    """Run one part in a process of its own, so that its peak is its own."""
    command = [sys.executable, "-m", "benchmarks.daily_run", "--part", part]
    sizes = ["--symbols", str(plan.symbols), "--years", str(plan.years)]
    answer = subprocess.run([*command, *sizes], env=os.environ | environment, capture_output=True, text=True)
    if answer.returncode:
        raise SystemExit(f"{part}: {answer.stderr[-4000:]}")
    found: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return found


def line(*cells: object) -> None:
    """Print a row of Markdown."""
    print("|", " | ".join(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in cells), "|", flush=True)


def measure(plan: Plan) -> None:
    """Print what the daily run after one length of history takes."""
    with tempfile.TemporaryDirectory() as folder, VendorProcess(plan, BEFORE) as vendor:
        symbols = Path(folder) / "symbols.txt"
        symbols.write_text("\n".join(Market(Plan(plan.symbols, 1, LAST)).symbols))
        environment = {
            "DAGSTER_HOME": folder, "MARKET_SOURCE": "yahoo", "MARKET_WAREHOUSE_DIR": f"{folder}/warehouse",
            "MARKET_UNIVERSE": str(symbols), "MARKET_YAHOO_URL": vendor.url, "MARKET_WEB_URL": vendor.url,
            "MARKET_YAHOO_PER_MINUTE": "1000000", "MARKET_YAHOO_BURST": "1000", "MARKET_NOW": BEFORE.isoformat(),
            "POLARS_MAX_THREADS": THREADS, "OMP_NUM_THREADS": THREADS,
        }  # fmt: skip
        (Path(folder) / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
        found = {part: measured(part, plan, environment) for part in ("history", "first")}
        vendor.now = DAY
        vendor.log.clear()
        environment["MARKET_NOW"] = DAY.isoformat()
        found["day"] = measured("day", plan, environment)
        requests = vendor.log.requests()
        found["publish"] = measured("publish", plan, environment)
        told(plan, found, [one.kind for one in requests], Path(folder) / "warehouse" / "yahoo")


def told(plan: Plan, found: dict[str, Any], requests: list[str], place: Path) -> None:
    """Print one line a part, and the figures of the day."""
    day, years = found["day"], plan.years
    for part, one in found.items():
        line(years, part, f"{one['seconds']:,.1f} s", f"{one['peak_mb']:,.0f} MB")
    kinds = ", ".join(f"{kind}: {requests.count(kind):,}" for kind in sorted(set(requests)))
    line(years, "requests of the day", len(requests), kinds)
    line(years, "raw rows put in before", sum(found["history"]["rows"].values()), "")
    line(years, "raw rows of the day", sum(day["new_rows"].values()), _some(day["new_rows"]))
    line(years, "transform input of the day: stocks", sum(_of_stocks(day).values()), _some(_of_stocks(day)))
    twice = {*_of_stocks(day), qualified_name(core.StockMovingAverage)}
    others = {name: rows for name, rows in day["rows_read"].items() if name not in twice}
    line(years, "transform input of the day: all else", sum(others.values()), "indices, members, filings")
    parts = {"raw": "lake/raw", "core": "lake/core", "published file": "market.duckdb", "all there is": "."}
    for name, part in parts.items():
        line(years, f"disk: {name}", f"{size_of(place / part) / 1e6:,.0f} MB", "")
    for step, seconds in sorted((day["steps"] | found["publish"]["steps"]).items(), key=lambda item: -item[1])[:12]:
        line(years, f"step {step}", f"{seconds:,.1f} s", f"{found['first']['steps'][step]:,.1f} s in the first run")


def _of_stocks(day: dict[str, Any]) -> dict[str, int]:
    return {name: day["rows_read"][name] for name in map(qualified_name, OF_STOCKS)}


def _some(rows: dict[str, int]) -> str:
    return ", ".join(f"{name}: {count:,}" for name, count in rows.items() if count)


def main() -> None:
    """Measure and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, default=3_000)
    parser.add_argument("--years", type=int, nargs="+", default=[10, 30])
    parser.add_argument("--part", choices=("history", "first", "day", "publish"))
    chosen = parser.parse_args()
    if chosen.part:
        run_part(chosen.part, Plan(chosen.symbols, chosen.years[0], LAST))
        return
    print(f"{chosen.symbols:,} symbols\n\n| years | what | figure | |\n|---|---|---|---|", flush=True)
    for years in chosen.years:
        measure(Plan(chosen.symbols, years, LAST))


if __name__ == "__main__":
    main()
