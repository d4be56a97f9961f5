"""Disk use of a warehouse: raw, core and the published file, of 4 indices and of many stocks over 30 years.

Indices: the main job on the real price files, or on the sample where there are none. Stocks: random walks in cents of
fewer symbols, told as measured and as scaled to 3,000 by the number of rows; each table's bytes grow with its rows.
"""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from pipelines import seeds
from pipelines.contracts import core, raw
from pipelines.contracts.table import layer_of, name_of
from pipelines.sources.calendar import sessions_between
from pipelines.storage.build import BuildFacts
from pipelines.storage.compaction import Folding, compact
from pipelines.storage.lake import Lake
from pipelines.storage.warehouse import publish
from pipelines.transforms.bar import latest_bars

ROOT = Path(__file__).resolve().parents[1]
SYMBOLS, FULL_WIDTH, YEARS = 100, 3_000, 30
BATCH = 25
"""Symbols of a batch, each of which is a part of the raw table until it is folded."""
LAST = dt.date(2024, 12, 31)
NOW = dt.datetime(2025, 1, 2, 12, tzinfo=dt.UTC)


def size_of(path: Path) -> int:
    """Return the bytes of a file or of all files of a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


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


def batch_of(symbols: list[str], sessions: pl.Series, random: np.random.Generator) -> pl.DataFrame:
    """Return ``raw.StockBar`` of random walks in cents."""
    shape = (len(symbols), len(sessions))
    close = np.maximum(50.0 * np.exp(np.cumsum(random.normal(0.0, 0.02, shape), axis=1)), 1.0).ravel()
    wicks = np.abs(random.normal(0.0, 0.01, (3, close.size)))
    known = pl.col("session").cast(pl.Datetime("us", "UTC")) + dt.timedelta(hours=21, minutes=30)
    made = pl.DataFrame(
        {
            "instrument_id": pl.Series(symbols).gather(np.repeat(np.arange(shape[0]), shape[1])),
            "session": sessions.gather(np.tile(np.arange(shape[1]), shape[0])),
            "open": np.round(close * (1 - wicks[0] / 2), 2),
            "high": np.round(close * (1 + wicks[1]), 2),
            "low": np.round(close * (1 - wicks[0] - wicks[2]), 2),
            "close": np.round(close, 2),
            "volume": np.round(np.exp(random.normal(13.0, 1.0, close.size))),
        }
    ).with_columns(
        known_from=known,
        known_basis=pl.lit("assumed"),
        vendor_symbol="instrument_id",
        source=pl.lit("yahoo"),
        payload_hash=pl.col("instrument_id").hash(1).cast(pl.String) + pl.col("instrument_id").hash(2).cast(pl.String),
        fetched_at=pl.lit(NOW).cast(pl.Datetime("us", "UTC")),
        split_factor=pl.lit(1.0),
    )
    schema = {name: column.dtype for name, column in raw.StockBar.columns().items()}
    absent = [pl.lit(None, kind).alias(name) for name, kind in schema.items() if name not in made.columns]
    return made.with_columns(absent).select(pl.col(name).cast(kind) for name, kind in schema.items())


def stocks(folder: Path) -> None:
    """Print what bars of stocks take, as received, folded, as core and published, measured and scaled."""
    random = np.random.default_rng(1)
    sessions = sessions_between(LAST - dt.timedelta(days=365 * YEARS + 7), LAST)["session"]
    names = [f"S{number:04d}" for number in range(SYMBOLS)]
    lake, empty = Lake(folder / "lake"), Lake(folder / "empty")
    for first in range(0, SYMBOLS, BATCH):
        lake.append(raw.StockBar, batch_of(names[first : first + BATCH], sessions, random))
    received = size_of(lake.folder(raw.StockBar))
    compact(lake, raw.StockBar, Folding(least_files=2, readers_finish_within_seconds=0))
    lake.replace(core.StockBar, latest_bars(lake.read(raw.StockBar), NOW).select(core.StockBar.column_names()))
    facts = BuildFacts("files", False, NOW, NOW, "p", "c")
    for name, place in (("with", lake), ("without", empty)):
        place.replace(core.Instrument, seeds.instruments(is_synthetic=False))
        assert publish(folder / name / "market.duckdb", place, facts).is_published
    published = size_of(folder / "with" / "market.duckdb") - size_of(folder / "without" / "market.duckdb")
    rows = SYMBOLS * len(sessions)
    sizes = [size_of(lake.folder(table)) for table in (raw.StockBar, core.StockBar)] + [published]
    line(f"bars of {SYMBOLS} stocks x {YEARS} years ({rows:,} rows), measured", sizes)
    scale = FULL_WIDTH / SYMBOLS
    line(f"bars of {FULL_WIDTH:,} stocks x {YEARS} years, scaled", [size * scale for size in sizes])
    per_row = ", ".join(
        f"{layer_of(table)}.{name_of(table)} {size / rows:.1f}"
        for table, size in zip((raw.StockBar, core.StockBar), sizes, strict=False)
    )
    print(f"\nbytes a row: {per_row}, in the published file {published / rows:.1f}")
    print(f"raw as received in {SYMBOLS // BATCH} parts {received / 1e6:,.1f} MB, folded {sizes[0] / 1e6:,.1f} MB")


def main() -> None:
    """Measure and print Markdown."""
    print("| MB | raw | core | published file | together |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        indices(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        stocks(Path(folder))


if __name__ == "__main__":
    main()
