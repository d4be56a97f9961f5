from __future__ import annotations

import importlib
import pkgutil

import pytest

from pipelines.contracts import core, raw, serve, vocabulary
from pipelines.contracts.table import Table, description_of, grain_of, layer_of, name_of, qualified_name, unit_of

TABLES = (*raw.TABLES, *core.TABLES, *serve.TABLES)
_PROMISED = {
    "index_overview": "instrument_id session close day_return_pct mtd_return_pct qtd_return_pct ytd_return_pct sma_50 "
    "sma_200 slope_50_bp_per_day slope_200_bp_per_day medium_phase medium_since major_phase major_since statement "
    "record_close record_close_session record_intraday record_intraday_session drawdown_pct",
    "period_return": "instrument_id period period_start period_end base_session return_pct universe_id rank is_partial",
    "relative_regime": "pair_id session verdict since confirmed_session confidence",
    "record_high": "instrument_id basis session event value previous_value previous_session",
    "session": "session week month quarter year is_early_close",
    "instrument": "instrument_id",
    "trend_state": "series_id session",
    "trend_spell": "series_id horizon",
    "ratio_state": "pair_id session",
    "data_health": "instrument_id last_session missing_sessions rejected_rows",
    "warehouse_build": "table_name generation built_at source content_hash parameter_set_id code_version",
}


def test_names_follow_from_the_class() -> None:
    assert (layer_of(core.MovingAverage), name_of(core.MovingAverage)) == ("core", "moving_average")
    assert qualified_name(serve.IndexOverview) == "serve.index_overview"


@pytest.mark.parametrize("table", TABLES, ids=qualified_name)
def test_table_is_fully_declared(table: type[Table]) -> None:
    assert grain_of(table)
    assert description_of(table).endswith(".")
    for name, column in table.columns().items():
        assert column.description, name
        for suffix, unit in (("_pct", "per cent"), ("_bp_per_day", "basis points per day"), ("_sessions", "sessions")):
            if name.endswith(suffix):
                assert unit_of(column) == unit, name


@pytest.mark.parametrize("name", _PROMISED)
def test_promised_public_columns_stand(name: str) -> None:
    table = next(table for table in serve.TABLES if name_of(table) == name)
    assert set(_PROMISED[name].split()) <= set(table.column_names())


OF_ITS_MEASURE = {"value"}
"""A column whose unit another column of its row says."""


@pytest.mark.parametrize("column", sorted({name for table in TABLES for name in table.column_names()} - OF_ITS_MEASURE))
def test_a_column_name_has_one_type_and_one_unit(column: str) -> None:
    placed = [table.columns()[column] for table in TABLES if column in table.columns()]
    assert len({(type(item), unit_of(item)) for item in placed}) == 1


def test_a_name_of_the_vocabulary_means_one_thing() -> None:
    modules = [
        importlib.import_module(f"{vocabulary.__name__}.{found.name}")
        for found in pkgutil.iter_modules(vocabulary.__path__)
    ]
    placed: dict[str, set[int]] = {}
    for module in modules:
        for name, value in vars(module).items():
            if not name.startswith("_") and (name.isupper() or callable(value)):
                placed.setdefault(name, set()).add(id(value))
    assert [name for name, values in placed.items() if len(values) > 1] == []
