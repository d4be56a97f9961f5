"""What a warehouse says after a run or a kill, read as anyone would read it, to be held against another's."""

from __future__ import annotations

import random
from pathlib import Path

import duckdb
import polars as pl

from pipelines.contracts import core, raw, serve
from pipelines.contracts.table import grain_of, name_of, qualified_name
from pipelines.projections.duckdb import quoted
from pipelines.storage.content_hash import content_hash
from pipelines.storage.lake import Lake
from pipelines.storage.warehouse import published_tables

Content = dict[str, tuple[int | None, str]]
"""Rows and content hash by table; empty where there is no file."""


def published(database: Path, chance: random.Random, recomputed: int = 3) -> Content:
    """Return what the published file states of each table, having counted all and hashed a few of them anew."""
    if not database.exists():
        return {}
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        builds = connection.execute("SELECT DISTINCT generation, data_snapshot FROM serve.warehouse_build").fetchall()
        assert len(builds) == 1
        stated = connection.execute("SELECT table_name, row_count, content_hash FROM serve.warehouse_build").fetchall()
        found = {name: (rows, digest) for name, rows, digest in stated}
        tables = [table for table in published_tables() if found.get(qualified_name(table), (None,))[0] is not None]
        for table in tables:
            name = qualified_name(table)
            assert connection.execute(f"SELECT count(*) FROM {name}").fetchall() == [(found[name][0],)]
        # The hash of a long table is one over the buckets of the lake, which the file does not tell.
        whole = [table for table in tables if table not in (*core.BUCKETED, serve.StockTrend)]
        for table in chance.sample(whole, recomputed):
            order = ", ".join(map(quoted, grain_of(table)))
            rows = connection.sql(f"SELECT * FROM {qualified_name(table)} ORDER BY {order}").pl()
            assert content_hash(rows) == found[qualified_name(table)][1], qualified_name(table)
    assert {qualified_name(table) for table in published_tables()} - set(found) == {
        qualified_name(serve.WarehouseBuild)
    }
    return found


def kept(lake_root: Path) -> Content:
    """Return rows and content hash of each raw table."""
    lake = Lake(lake_root)
    rows: dict[str, pl.DataFrame] = {name_of(table): lake.read(table).sort(grain_of(table)) for table in raw.TABLES}
    return {name: (frame.height, content_hash(frame)) for name, frame in rows.items()}
