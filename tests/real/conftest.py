"""The four cash indices as the core tables that transforms take, built straight from the real price files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import duckdb
import polars as pl
import pytest

from pipelines import seeds
from pipelines.contracts import core
from pipelines.definitions import definitions
from pipelines.defs.jobs import JOB
from pipelines.defs.workspace import Workspace
from pipelines.settings import Settings
from tests.market import bar_frame, calendar, weekdays

FILES = {"RUT": "RUT", "SPX": "GSPC", "NDX": "NDX", "DJI": "DJI"}
CHRISTMAS = dt.date(2024, 12, 25)


@pytest.fixture(scope="session")
def real_bars(real_data: Path) -> pl.DataFrame:
    """Return ``core.Bar`` of RUT, SPX, NDX and DJI up to 2024-12-02."""
    columns = ("Date", "Open", "High", "Low", "Close", "Volume")
    files = [
        pl.read_csv(real_data / "prices" / f"{file}.csv", columns=columns, try_parse_dates=True)
        .rename({name: name.lower() for name in columns})
        .with_columns(instrument_id=pl.lit(instrument), session=pl.col("date"))
        .with_columns(pl.col("open", "high", "low", "close", "volume").cast(pl.Float64))
        for instrument, file in FILES.items()
    ]
    return bar_frame(pl.concat(files))


@pytest.fixture(scope="session")
def real_sessions(real_bars: pl.DataFrame) -> pl.DataFrame:
    """Return ``core.Session``: every session with a bar, and the rest of December 2024 (opening hours are not real)."""
    december = [day for day in weekdays(dt.date(2024, 12, 3), dt.date(2024, 12, 31)) if day != CHRISTMAS]
    return calendar({*real_bars["session"], *december})


@pytest.fixture(scope="session")
def real_pairs() -> pl.DataFrame:
    """Return the seed's pairs."""
    return seeds.ratio_pairs()


@pytest.fixture(scope="session")
def real_members() -> pl.DataFrame:
    """Return the seed's universe."""
    return seeds.universe_members()


@pytest.fixture(scope="session")
def real_instruments() -> pl.DataFrame:
    """Return the seed's instruments."""
    return seeds.instruments(is_synthetic=False)


@pytest.fixture(scope="session")
def real_prices(real_bars: pl.DataFrame) -> pl.DataFrame:
    """Return ``core.SeriesPrice`` of the four instruments; a close-only bar has no high and low."""
    has_range = ~pl.col("is_close_only")
    frame = real_bars.select(
        "session",
        "close",
        series_id="instrument_id",
        series_kind=pl.lit("instrument"),
        high=pl.when(has_range).then("high"),
        low=pl.when(has_range).then("low"),
        missing_before=pl.lit(0, pl.Int64),
    )
    return core.SeriesPrice.validate(frame.select(core.SeriesPrice.column_names()))


@pytest.fixture(scope="session")
def warehouse(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection to what the main job publishes from the four price files."""
    folder = tmp_path_factory.mktemp("real")
    settings = Settings(source="files", files_dir=real_data / "prices", warehouse_dir=folder)
    job = definitions().get_repository_def().get_job(JOB)
    with dg.DagsterInstance.ephemeral() as instance:
        quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        resources = {"workspace": Workspace(settings)}
        assert job.execute_in_process(instance=instance, resources=resources, run_config=quiet).success
    with duckdb.connect(str(settings.database_path), read_only=True) as connection:
        yield connection
