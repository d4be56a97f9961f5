"""The main job as a whole process, and where its time goes. Run with ``make bench``.

Each figure is the median of several runs after a warm-up, beside the same job on longer history and beside
importing what the job imports, all in one go, since machines are noisy and only ratios travel.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUNS = 5
_STEPS = """
import dagster as dg
from pipelines.definitions import definitions
from pipelines.defs.jobs import JOB
quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
with dg.DagsterInstance.ephemeral() as instance:
    result = definitions().get_repository_def().get_job(JOB).execute_in_process(instance=instance, run_config=quiet)
for event in result.all_events:
    if event.event_type_value == "STEP_SUCCESS":
        print(event.step_key, event.step_success_data.duration_ms)
"""


def measured(arguments: list[str], environment: dict[str, str]) -> tuple[float, float, str]:
    """Return wall seconds, peak memory in MB and output of one process."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"expected a run that succeeds, was status {status}: {' '.join(arguments)}")
    return time.perf_counter() - began, usage.ru_maxrss / 1024, output


def line(name: str, arguments: list[str], environment: dict[str, str]) -> float:
    """Print the median of several runs and return it."""
    measured(arguments, environment)
    runs = [measured(arguments, environment)[:2] for _ in range(RUNS)]
    seconds = [run[0] for run in runs]
    median = statistics.median(seconds)
    memory = statistics.median(run[1] for run in runs)
    print(f"| {name} | {median:.1f} | {min(seconds):.1f} to {max(seconds):.1f} | {memory:.0f} |", flush=True)
    return median


def main() -> None:
    """Measure and print Markdown."""
    with tempfile.TemporaryDirectory() as folder:
        base = {name: value for name, value in os.environ.items() if not name.startswith("MARKET_")}
        base |= {"DAGSTER_HOME": folder, "MARKET_WAREHOUSE_DIR": f"{folder}/warehouse"}
        (Path(folder) / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
        sample = {**base, "MARKET_SOURCE": "sample"}
        print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, {RUNS} runs each after a warm-up\n")
        print("| process | median s | range s | peak MB |\n|---|---|---|---|")
        imports = line(
            "import dagster and the definitions", ["-c", "import pipelines.definitions as d; d.definitions()"], sample
        )
        job = line("main job, sample: 4 indices, 6 years, nothing new", ["-m", "pipelines"], sample)
        places = [(job, "sample", sample)]
        prices = Path(os.environ.get("MARKET_REAL_DATA", "../shared/data")) / "prices"
        if prices.is_dir():
            files = {**base, "MARKET_SOURCE": "files", "MARKET_FILES_DIR": str(prices)}
            places.append(
                (line("main job, files: 4 indices, whole history", ["-m", "pipelines"], files), "files", files)
            )
        print(f"\nimports are {imports / job:.0%} of the sample job")
        if len(places) > 1:
            print(f"whole history (8.6 times the bars) costs {places[1][0] / job:.1f} times the sample job")
        for _, name, environment in places:
            steps = [row.split() for row in measured(["-c", _STEPS], environment)[2].splitlines()]
            total = sum(float(duration) for _, duration in steps)
            print(f"\n{name}: steps take {total / 1000:.1f} s; the longest:")
            for step, duration in sorted(steps, key=lambda row: -float(row[1]))[:6]:
                print(f"  {step:<24}{float(duration) / 1000:6.2f} s {float(duration) / total:6.0%}")


if __name__ == "__main__":
    main()
