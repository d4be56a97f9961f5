"""All stocks at full width: the trend tables against plain Parquet, TA-Lib and pandas, a day's update, and the file.

Each part runs in a process of its own, so that its peak is its own, over one made-up market that is drawn once into a
temporary folder (``full_width_market``). ``--stocks`` and ``--sessions`` take a smaller cut.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.full_width_market import BUCKETS, KNOWN, add_session, calendar, draw
from pipelines.contracts import core
from pipelines.derivation.stock_trend import TrendBuild
from pipelines.parameters import Parameters
from pipelines.storage.bucket_store import BucketStore
from pipelines.storage.build import BuildFacts
from pipelines.storage.lake import Lake

WORKERS = 2
TABLES = (core.StockMovingAverage, core.StockTrendState)
PRICES = ("instrument_id", "session", "close", "high", "low", "is_close_only")
QUERIES = {
    "all stocks, one session": "SELECT * FROM serve.stock_trend WHERE session = DATE '{session}'",
    "one stock, whole history": "SELECT * FROM serve.stock_trend WHERE instrument_id = '{stock}' ORDER BY session",
}


def ours(root: Path, sessions: int) -> dict[str, Any]:
    """Derive what is to be derived."""
    report = TrendBuild(Lake(root), BUCKETS, Parameters(), sessions=calendar(sessions)).run(WORKERS)
    return {"rows_read": report.rows_read, "rows_derived": report.rows_derived}


def plain(root: Path, sessions: int) -> dict[str, Any]:
    """Read the bars' columns and write as many rows and bytes as we do, some buckets at a time, nothing derived.

    What is written has to be read before; that time is left out.
    """
    lake, out = Lake(root), root / "plain"
    out.mkdir(exist_ok=True)

    def copy(bucket: int) -> float:
        began = time.perf_counter()
        BucketStore(lake, core.StockBar, BUCKETS).scan(bucket).select(PRICES).collect()
        seconds = time.perf_counter() - began
        for table in TABLES:
            data = BucketStore(lake, table, BUCKETS).scan(bucket).collect().to_arrow()
            began = time.perf_counter()
            pq.write_table(data, out / f"{table.__name__}-{bucket}.parquet", compression="zstd")
            seconds += time.perf_counter() - began
        return seconds

    with ThreadPoolExecutor(WORKERS) as pool:
        return {"seconds": sum(pool.map(copy, range(BUCKETS))) / WORKERS}


def rival(name: str) -> Callable[[Path, int], dict[str, Any]]:
    """Return a part that derives the same columns with another library and writes them, a stock at a time."""

    def run(root: Path, sessions: int) -> dict[str, Any]:
        from benchmarks import full_width_rivals

        derive = {"TA-Lib": full_width_rivals.by_talib, "pandas": full_width_rivals.by_pandas}[name]
        number = dict(zip(calendar(sessions)["session"].to_numpy(), range(sessions), strict=True))
        out = root / name
        out.mkdir(exist_ok=True)
        for bucket in range(BUCKETS):
            files = sorted((Lake(root).folder(core.StockBar) / f"bucket={bucket:02d}").glob("*.parquet"))
            bars = pq.read_table(files, columns=list(PRICES), partitioning=None).to_pandas()
            parts = []
            for stock, rows in bars.sort_values(["instrument_id", "session"]).groupby("instrument_id", sort=False):
                days = rows["session"].to_numpy().astype("datetime64[D]")
                at = np.array([number[day] for day in days])
                prices = [rows[column].to_numpy(copy=True) for column in ("close", "high", "low")]
                columns = derive(days, *prices, np.diff(at, prepend=at[:1] - 1) - 1)
                own = {
                    "instrument_id": np.full(len(rows), stock, object),
                    "session": days,
                    "close": prices[0],
                } | columns
                parts.append(
                    pa.table({key: pa.array(values, from_pandas=True) for key, values in (own | columns).items()})
                )
            pq.write_table(pa.concat_tables(parts), out / f"{bucket}.parquet", compression="zstd")
        return {}

    return run


def published(root: Path, _sessions: int) -> dict[str, Any]:
    """Publish the file and ask it twice."""
    from pipelines.storage.warehouse import publish

    database = root / "market.duckdb"
    publish(database, Lake(root), BuildFacts("made up", False, KNOWN, KNOWN, "p", "c"))
    return {"bytes": database.stat().st_size}


def asked(root: Path, sessions: int) -> dict[str, Any]:
    """Return the median milliseconds of each query on an open file, the fastest of many as well."""
    found: dict[str, Any] = {}
    middle = calendar(sessions)["session"][sessions // 2 + 30]
    with duckdb.connect(str(root / "market.duckdb"), read_only=True) as connection:
        for name, sql in QUERIES.items():
            text, taken = sql.format(session=middle, stock="S00017"), []
            for _ in range(30):
                began = time.perf_counter()
                connection.sql(text).pl()
                taken.append((time.perf_counter() - began) * 1e3)
            found[f"{name}: ms median"], found[f"{name}: ms best"] = np.median(taken), min(taken)
    return found


PARTS: dict[str, Callable[[Path, int], dict[str, Any]]] = {
    "ours": ours,
    "plain Parquet": plain,
    "TA-Lib": rival("TA-Lib"),
    "pandas": rival("pandas"),
    "day": ours,
    "publish": published,
    "queries": asked,
}


def measured(part: str, root: Path, sessions: int) -> dict[str, Any]:
    """Run one part in a process of its own; seconds, processor seconds and peak MB beside what it says itself."""
    command = [sys.executable, "-m", "benchmarks.full_width", "--part", part, "--root", str(root)]
    answer = subprocess.run([*command, "--sessions", str(sessions)], check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    cells = "; ".join(
        f"{key} {value:,.1f}" if isinstance(value, float) else f"{key} {value:,}" for key, value in found.items()
    )
    print(f"| {part} | {sessions:,} | {cells} |", flush=True)
    return found


def run_part(part: str, root: Path, sessions: int) -> None:
    """Run one part here and print what it took."""
    began, used = time.perf_counter(), time.process_time()
    said = PARTS[part](root, sessions)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    taken = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - used, "peak_mb": peak}
    print(json.dumps(taken | {key: float(value) if isinstance(value, float) else value for key, value in said.items()}))


def main() -> None:
    """Measure and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stocks", type=int, default=3_000)
    parser.add_argument("--sessions", type=int, default=7_500)
    parser.add_argument("--part", choices=PARTS)
    parser.add_argument("--root", type=Path)
    chosen = parser.parse_args()
    if chosen.part:
        run_part(chosen.part, chosen.root, chosen.sessions)
        return
    print("| part | sessions | figures |\n|---|---|---|", flush=True)
    for sessions in (chosen.sessions // 3, chosen.sessions):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            draw(root, chosen.stocks, sessions + 1, last=sessions)
            found = {"ours": measured("ours", root, sessions)}
            if sessions == chosen.sessions:
                found |= {part: measured(part, root, sessions) for part in ("plain Parquet", "TA-Lib", "pandas")}
                for other in ("plain Parquet", "TA-Lib", "pandas"):
                    print(
                        f"| ours / {other} | {sessions:,} | {found['ours']['seconds'] / found[other]['seconds']:.2f} |"
                    )
            add_session(root, chosen.stocks, sessions + 1)
            for part in ("day", "publish", "queries"):
                measured(part, root, sessions + 1)


if __name__ == "__main__":
    os.environ.setdefault("POLARS_MAX_THREADS", str(WORKERS))
    main()
