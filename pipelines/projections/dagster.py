"""A contract as Dagster metadata: the column schema that the UI shows before the first run."""

from __future__ import annotations

import dagster as dg

from pipelines.contracts.table import Table, grain_of, layer_of, name_of, unit_of
from pipelines.projections.duckdb import type_of


def asset_key(table: type[Table]) -> dg.AssetKey:
    """Return the asset key of a table, ``[layer, name]``."""
    return dg.AssetKey([layer_of(table), name_of(table)])


def column_schema(table: type[Table]) -> dg.TableSchema:
    """Return the table's columns with type, nullability, description and unit."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=name,
                type=type_of(column).lower(),
                description=column.description,
                constraints=dg.TableColumnConstraints(
                    nullable=column.nullable, unique=column.unique, other=[unit] if (unit := unit_of(column)) else []
                ),
            )
            for name, column in table.columns().items()
        ],
        constraints=dg.TableConstraints(other=[f"primary key: {', '.join(grain_of(table))}"]),
    )
