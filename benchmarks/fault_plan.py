"""The whole fault plan, measured: 3,000 stocks over ten years, every fault at once, four evenings of the main job.

What ``make test-faults`` asserts is printed here as figures: seconds, memory, requests, rows, and how many rows are not
as stated. The waits after refusals are cut short (``tests.fault_plan.hurried``). Run as
``python -m benchmarks.fault_plan [stocks years stocks-a-case]``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import polars as pl

from pipelines.contracts import core, raw
from tests.fault_plan.asked_of import other_outcomes, unstated
from tests.fault_plan.evening_run import lake_of, new_home, run_evening
from tests.fault_plan.plan_days import FAULTY, LOAD, REFUSED, REPAIRED
from tests.fault_plan.stage import Stage
from tests.vendor.process import VendorProcess

EVENINGS = {LOAD: "first load", FAULTY: "a week later", REFUSED: "refused", REPAIRED: "after the faults"}

_FIGURES = ("s", "s of processor", "peak MB", "charts asked", "versions", "bars", "held back", "not as stated")


def main(arguments: list[str]) -> None:
    """Print a line of Markdown for each evening."""
    stage = Stage(*map(int, arguments)) if arguments else Stage(symbols=3_000, years=10, per_case=20)
    print(f"{stage.symbols} stocks x {stage.years} years, {len(stage.cases)} cases of {stage.per_case} stocks\n")
    print(f"| evening | {' | '.join(_FIGURES)} |\n|---|{'---|' * len(_FIGURES)}", flush=True)
    with tempfile.TemporaryDirectory() as folder, VendorProcess(stage.plan) as vendor:
        home = new_home(Path(folder))
        lake = lake_of(home)
        for fault in stage.faults():
            vendor.faults.add(fault)
        for day, name in EVENINGS.items():
            ended = run_evening(stage, vendor, home, day)
            rows = [lake.scan(table).select(pl.len()).collect().item() for table in (raw.StockBar, core.StockBar)]
            held = lake.read(core.QuarantinedBar).height
            odd = [f"{key}: {was}" for key, was in other_outcomes(stage, lake, day).items()]
            odd += unstated(stage, lake, day) if day != REFUSED else []
            measured = (ended.seconds, ended.processor_seconds, ended.peak_megabytes, ended.charts, *rows, held)
            print(f"| {name} | {' | '.join(f'{figure:,.0f}' for figure in (*measured, len(odd)))} |", flush=True)
            print("".join(f"not as stated: {one}\n" for one in odd), end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
