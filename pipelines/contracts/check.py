"""Holding a frame against its contract, with an error that says where it broke."""

from __future__ import annotations

from typing import TypeVar, cast

import dataframely as dy
import polars as pl

from pipelines.contracts.table import Table, grain_of, qualified_name

T = TypeVar("T", bound=Table)
_SHOWN = 3


class ContractError(ValueError):
    """Rows of a table break its contract; ``counts`` gives the broken rules and how often."""

    def __init__(self, message: str, counts: dict[str, int]) -> None:
        super().__init__(message)
        self.counts = counts


def checked(table: type[T], frame: pl.DataFrame) -> dy.DataFrame[T]:
    """Return ``frame`` with the contract's columns, in its order, sorted by the primary key.

    Raises:
        ContractError: a column is missing or of another type, or a row breaks a rule or repeats a key.
    """
    expected = {name: column.dtype for name, column in table.columns().items()}
    was = {name: kind for name, kind in frame.schema.items() if name in expected}
    if was != expected:
        differing = {name: (kind, was.get(name)) for name, kind in expected.items() if was.get(name) != kind}
        text = "; ".join(
            f"{name}: expected {kind}, was {other or 'absent'}" for name, (kind, other) in differing.items()
        )
        raise ContractError(f"{qualified_name(table)}: {text}", {"columns": len(differing)})
    good, failure = table.filter(frame.select(list(expected)))
    counts = failure.counts()
    if counts:
        keys = failure.invalid().select(grain_of(table) or frame.columns).head(_SHOWN).rows(named=True)
        rules = ", ".join(f"{rule} ({count} rows)" for rule, count in counts.items())
        raise ContractError(
            f"{qualified_name(table)}: expected rows that keep the contract, was broken: {rules}; first: {keys}", counts
        )
    return cast("dy.DataFrame[T]", good.sort(grain_of(table)))
