"""The base class of every table declaration and what follows from a declaration alone.

Belongs here: naming (class -> layer and table), grain, description, units.
Not here: anything that knows Dagster, DuckDB or a file path (see ``projections`` and ``storage``).
"""

from __future__ import annotations

import inspect
import re

import dataframely as dy

_CONTRACTS = __name__.rpartition(".")[0]


class Table(dy.Schema):
    """One declared table. The class docstring's first paragraph is its public description."""


class Log(Table):
    """A table that only grows and cannot be derived again, such as what changed from one build to the next."""


def is_appended(table: type[Table]) -> bool:
    """Return whether a table's rows are appended and kept, as they cannot be derived again: raw ones and logs."""
    return layer_of(table) == "raw" or issubclass(table, Log)


def layer_of(table: type[Table]) -> str:
    """Return the layer ("raw", "core" or "serve"): the contract module or package the class stands in."""
    path = table.__module__.removeprefix(f"{_CONTRACTS}.").split(".")
    return path[0] if table.__module__.startswith(_CONTRACTS) else path[-1]


def name_of(table: type[Table]) -> str:
    """Return the table's name, the class name in snake case: ``MovingAverage`` is ``moving_average``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", table.__name__).lower()


def qualified_name(table: type[Table]) -> str:
    """Return ``layer.table`` as SQL writes it."""
    return f"{layer_of(table)}.{name_of(table)}"


def description_of(table: type[Table]) -> str:
    """Return the first paragraph of the class docstring on one line."""
    paragraph = (inspect.getdoc(table) or "").split("\n\n", 1)[0]
    return " ".join(paragraph.split())


def grain_of(table: type[Table]) -> list[str]:
    """Return the primary key columns, in order; rows are stored sorted by them."""
    return table.primary_key()


def unit_of(column: dy.Column) -> str | None:
    """Return the unit of a column ("per cent", "points", …), or None for a label."""
    return (column.metadata or {}).get("unit")


def values_of(column: dy.Column) -> tuple[str, ...]:
    """Return the few values that a text column holds one of, in declared order; none for any other column."""
    values: tuple[str, ...] = (column.metadata or {}).get("values", ())
    return values


def tables_in(namespace: dict[str, object], module: str) -> tuple[type[Table], ...]:
    """Return the tables that a contract module or package declares, in the order of the namespace."""
    return tuple(
        item
        for item in namespace.values()
        if isinstance(item, type) and issubclass(item, Table) and f"{item.__module__}.".startswith(f"{module}.")
    )
