"""The Parquet lake without this project and without DuckDB: polars, pyarrow and pandas on its bucket folders."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from pipelines.contracts import core
from pipelines.contracts.table import Log, Table, grain_of, name_of, qualified_name
from pipelines.storage.content_hash import content_hash

TABLES = pytest.mark.parametrize(
    "table",
    [table for table in core.TABLES if not issubclass(table, Log)],  # a log has no file before its first row
    ids=name_of,
)


@pytest.fixture(scope="session")
def folders(built: Path) -> Path:
    return built / "lake" / "core"


@pytest.fixture(scope="session")
def stated(published: duckdb.DuckDBPyConnection) -> dict[str, tuple[int, str]]:
    """Return the rows and hash of each table as the build states them."""
    rows = published.execute("SELECT table_name, row_count, content_hash FROM serve.warehouse_build").fetchall()
    return {name: (count, digest) for name, count, digest in rows}


def as_published(table: type[Table], rows: pl.DataFrame) -> tuple[int, str]:
    """Return rows and hash of what a reader got, in the order of the key, its moments as DuckDB has them."""
    moments = [name for name, kind in rows.schema.items() if isinstance(kind, pl.Datetime) and kind.time_zone]
    plain = rows.with_columns(pl.col(name).dt.convert_time_zone("UTC").dt.replace_time_zone(None) for name in moments)
    return rows.height, content_hash(plain.select(list(table.columns())).sort(grain_of(table)))


def assert_as_stated(stated: dict[str, tuple[int, str]], table: type[Table], rows: pl.DataFrame) -> None:
    """Assert that rows are those of the build; the hash of a long table is one over its buckets."""
    if table in core.BUCKETED:
        name = "serve.stock_trend" if table in core.IN_THE_LAKE_ONLY else qualified_name(table)
        assert rows.height == stated[name][0]
        assert not rows.select(pl.struct(grain_of(table)).is_duplicated().any()).item()
    else:
        assert as_published(table, rows) == stated[qualified_name(table)]


def has_no_file(folders: Path, stated: dict[str, tuple[int, str]], table: type[Table]) -> bool:
    """Return whether a table that is carried on holds nothing: as a log it has no file before its first row."""
    folder = folders / name_of(table)
    if not any(folder.glob("bucket=*/_record.json")) or any(folder.glob("bucket=*/*.parquet")):
        return False
    assert stated[qualified_name(table)][0] == 0
    return True


@TABLES
def test_polars_reads_types_and_rows(folders: Path, stated: dict, table: type[Table]) -> None:
    if has_no_file(folders, stated, table):
        return
    frame = pl.scan_parquet(folders / name_of(table) / "bucket=*" / "*.parquet", hive_partitioning=True).collect()
    assert frame.schema["bucket"].is_integer()
    assert dict(frame.drop("bucket").schema) == {name: column.dtype for name, column in table.columns().items()}
    assert_as_stated(stated, table, frame)


@TABLES
def test_pyarrow_reads_types_and_rows(folders: Path, stated: dict, table: type[Table]) -> None:
    if has_no_file(folders, stated, table):
        return
    found = ds.dataset(folders / name_of(table), partitioning="hive")
    empty = pl.DataFrame(schema={name: column.dtype for name, column in table.columns().items()}).to_arrow()
    read = found.to_table(columns=list(table.columns()))
    assert [plain(kind) for kind in read.schema.types] == [plain(kind) for kind in empty.schema.types]
    assert pa.types.is_integer(found.schema.field("bucket").type)
    assert_as_stated(stated, table, pl.DataFrame(read))


def plain(kind: pa.DataType) -> pa.DataType:
    """Return a type without the width of its offsets, which says nothing of the values."""
    return pa.string() if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) else kind


@TABLES
def test_pandas_reads_types_and_rows(folders: Path, stated: dict, table: type[Table]) -> None:
    if has_no_file(folders, stated, table):
        return
    frame = pd.read_parquet(folders / name_of(table), dtype_backend="pyarrow")
    assert list(frame.columns.drop("bucket")) == list(table.columns())
    rows = pl.from_pandas(frame.drop(columns="bucket")).cast(
        {name: column.dtype for name, column in table.columns().items()}
    )
    assert_as_stated(stated, table, rows)


def test_pandas_by_default_turns_whole_numbers_with_nulls_into_floats(folders: Path) -> None:
    """A pitfall that the page on BI names; the pyarrow types above have none of it."""
    table = core.Membership
    assert str(table.columns()["cik"].dtype) == "Int64"
    assert pd.read_parquet(folders / "membership")["cik"].dtype.kind in "fi"
    trend = pd.read_parquet(folders / "trend_state")
    whole = [name for name, column in core.TrendState.columns().items() if column.dtype == pl.Int64 and column.nullable]
    assert whole
    assert all(trend[name].dtype.kind == "f" for name in whole if trend[name].isna().any())


def test_every_file_says_whether_it_is_synthetic(folders: Path) -> None:
    for file in folders.glob("*/bucket=*/*.parquet"):
        assert pl.read_parquet_metadata(file)["is_synthetic"] == "true", file.parent
