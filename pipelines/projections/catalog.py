"""The contracts as a Markdown page, ``warehouse/CATALOG.md``: every table, its grain and its columns."""

from __future__ import annotations

from collections.abc import Iterable

from pipelines.contracts.table import Table, description_of, grain_of, qualified_name, unit_of
from pipelines.projections.duckdb import type_of

_HEAD = """# Catalog

Generated from `pipelines/contracts` by `make catalog`; do not edit. A dagger (†) marks a column that may be null.
"""


def _section(table: type[Table]) -> str:
    rows = [
        f"| `{name}`{'†' * column.nullable} | {type_of(column)} | {unit_of(column) or ''} | {column.description} |"
        for name, column in table.columns().items()
    ]
    grain = ", ".join(f"`{name}`" for name in grain_of(table))
    head = f"## {qualified_name(table)}\n\n{description_of(table)}\n\nOne row per {grain}.\n"
    return "\n".join([head, "| column | type | unit | meaning |", "|---|---|---|---|", *rows]) + "\n"


def catalog(tables: Iterable[type[Table]]) -> str:
    """Return the whole page."""
    return "\n".join([_HEAD, *(_section(table) for table in tables)])
