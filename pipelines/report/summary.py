"""What the main job prints when it is done: tables, rows, last session, the file, and three questions answered."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl

from pipelines.settings import SYNTHETIC_NOTE
from pipelines.storage.statements import read_statements

EXAMPLES = ("where_do_the_indices_stand", "which_index_has_no_fresh_record", "who_outperforms_since_when")


def summary(database: Path) -> str:
    """Return the printed summary of a published warehouse."""
    with duckdb.connect(str(database), read_only=True) as connection:
        return "\n".join([*_head(connection, database), *_tables(connection), *_answers(connection)])


def _head(connection: duckdb.DuckDBPyConnection, database: Path) -> Iterator[str]:
    build = connection.sql("SELECT * FROM serve.warehouse_build LIMIT 1").pl().row(0, named=True)
    megabytes = database.stat().st_size / 1e6
    yield ""
    if build["is_synthetic"]:
        yield SYNTHETIC_NOTE + "The bars are made up between a few well-known values."
        yield "For real prices: MARKET_SOURCE=yahoo make warehouse, or MARKET_SOURCE=files MARKET_FILES_DIR=folder."
        yield ""
    is_past = build["known_at"] < build["built_at"]
    command = f"make sql DATABASE={os.path.relpath(database)}" if is_past else "make sql"
    yield f"DuckDB file   {os.path.relpath(database)} ({megabytes:.1f} MB), open it with `{command}`"
    if is_past:
        yield f"known at      {build['known_at']:%Y-%m-%d %H:%M:%S} UTC: what was known later is left out"
    yield f"source        {build['source']}"
    yield f"last session  {build['last_session']}"
    yield f"build         {build['generation']}, {build['built_at']:%Y-%m-%d %H:%M} UTC"
    yield f"parameters    {build['parameter_set_id']}, code {build['code_version']}"


def _tables(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    rows = connection.execute(
        "SELECT table_name, row_count FROM serve.warehouse_build ORDER BY table_name DESC"
    ).fetchall()
    yield ""
    yield f"{'table':<28}{'rows':>10}"
    for name, count in sorted(rows, key=lambda row: (not row[0].startswith("serve"), row[0])):
        yield f"{name:<28}{'view' if count is None else format(count, ','):>10}"
    yield from _notes(connection)


def _notes(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Yield a line per index with something amiss, and one for all stocks."""
    health = connection.execute(
        "SELECT instrument_id, bars, missing_sessions, rejected_by_rule, quarantined_by_rule FROM serve.data_health "
        "WHERE asset_class = 'index' AND (bars = 0 OR missing_sessions + rejected_rows + quarantined_bars > 0) "
        "ORDER BY instrument_id"
    ).fetchall()
    for instrument, bars, missing, rejected, held in health:
        note = f"note: {instrument} has {bars:,} bars, {missing} missing sessions; rejected rows: {rejected or 'none'}"
        yield f"{note}; held back: {held}" if held else note
    stocks, bars, missing, rejected, warned, held = connection.execute(
        "SELECT count(*), coalesce(sum(bars), 0), coalesce(sum(missing_sessions), 0), "
        "coalesce(sum(rejected_rows), 0), coalesce(sum(warned_bars), 0), coalesce(sum(quarantined_bars), 0) "
        "FROM serve.data_health WHERE asset_class = 'stock'"
    ).fetchall()[0]
    if missing or rejected or warned or held:
        yield (
            f"note: {stocks:,} stocks have {bars:,} bars, {missing:,} missing sessions, {rejected:,} rejected rows, "
            f"{warned:,} odd and {held:,} held back bars (serve.data_health)"
        )


def _answers(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    examples = {statement.name: statement for statement in read_statements("examples")}
    for name in EXAMPLES:
        yield f"\n{examples[name].head['question']}  (sql/examples/{name}.sql)"
        with pl.Config(
            tbl_hide_dataframe_shape=True,
            tbl_hide_column_data_types=True,
            tbl_formatting="UTF8_HORIZONTAL_ONLY",
            tbl_width_chars=200,
            tbl_cols=-1,
            fmt_str_lengths=80,
            float_precision=2,
        ):
            yield str(connection.sql(examples[name].sql).pl())
