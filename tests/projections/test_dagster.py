from __future__ import annotations

from pipelines.contracts import core
from pipelines.projections.dagster import asset_key, column_schema


def test_key_is_layer_and_name() -> None:
    assert asset_key(core.TrendSpell).path == ["core", "trend_spell"]


def test_columns_show_type_nullability_meaning_and_unit() -> None:
    schema = column_schema(core.MovingAverage)
    slope = next(column for column in schema.columns if column.name == "slope_50_bp_per_day")
    assert (slope.type, slope.constraints.nullable, slope.constraints.other) == (
        "double",
        True,
        ["basis points per day"],
    )
    assert slope.description == "Slope of the 50-session SMA over 20 sessions."
    assert schema.constraints is not None
    assert schema.constraints.other == ["primary key: series_id, session"]
