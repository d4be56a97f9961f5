"""Disk use of a warehouse of 4 indices: raw, core and the published file.

From the main job on the real price files, or on the sample where there are none. What 3,000 stocks take is told by
``daily_run``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def size_of(path: Path) -> int:
    """Return the bytes of a file or of all files of a folder; a file of two names counts once."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum({facts.st_ino: facts.st_size for facts in (file.stat() for file in files if file.is_file())}.values())


def line(name: str, sizes: list[float]) -> None:
    """Print a row of megabytes."""
    print(f"| {name} | " + " | ".join(f"{size / 1e6:,.1f}" for size in sizes) + f" | {sum(sizes) / 1e6:,.1f} |")


def indices(folder: Path) -> None:
    """Print what the main job leaves behind of 4 indices."""
    prices = Path(os.environ.get("MARKET_REAL_DATA", "../shared/data")) / "prices"
    name, source = ("4 indices, whole history", "files") if prices.is_dir() else ("4 indices, sample", "sample")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MARKET_")}
    environment |= {"DAGSTER_HOME": str(folder), "MARKET_WAREHOUSE_DIR": str(folder), "MARKET_SOURCE": source}
    environment |= {"MARKET_FILES_DIR": str(prices.resolve())} if prices.is_dir() else {}
    (folder / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    subprocess.run(
        [sys.executable, "-m", "pipelines"], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL
    )
    place = folder / source
    line(name, [size_of(place / part) for part in ("lake/raw", "lake/core", "market.duckdb")])


def main() -> None:
    """Measure and print Markdown."""
    print("| MB | raw | core | published file | together |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        indices(Path(folder))


if __name__ == "__main__":
    main()
