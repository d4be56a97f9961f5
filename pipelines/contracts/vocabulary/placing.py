"""How a column is described once and placed in many tables: one small factory per kind of column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import dataframely as dy
import polars as pl

Placing = Callable[..., Any]
"""Puts a column into a table; takes primary_key, nullable and further bounds."""


def column(
    kind: type[dy.Column], meaning: str, unit: str | None = None, values: Sequence[str] = (), **fixed: Any
) -> Placing:
    """Return a factory of columns that share one meaning; the caller sets key and nullability."""

    def place(**placing: Any) -> Any:
        metadata = {"unit": unit} if unit else {"values": tuple(values)} if values else {}
        return kind(description=meaning, metadata=metadata, **{**fixed, **placing})

    return place


def choice(meaning: str, values: Sequence[str]) -> Placing:
    """Return a factory of text columns that hold one of a few values, which the meaning lists."""
    allowed = list(values)

    def is_allowed(column: pl.Expr) -> pl.Expr:
        return column.is_in(allowed)

    return column(dy.String, f"{meaning}: {', '.join(allowed)}.", values=allowed, check=is_allowed)


def text(meaning: str) -> Placing:
    """Return a factory of columns of text."""
    return column(dy.String, meaning)


def date(meaning: str) -> Placing:
    """Return a factory of columns of dates."""
    return column(dy.Date, meaning)


def moment(meaning: str) -> Placing:
    """Return a factory of columns of moments in UTC."""
    return column(dy.Datetime, meaning, "UTC", time_unit="us", time_zone="UTC")


def number(meaning: str, unit: str, **bounds: Any) -> Placing:
    """Return a factory of columns of numbers."""
    return column(dy.Float64, meaning, unit, **bounds)


def count(meaning: str, unit: str, **bounds: Any) -> Placing:
    """Return a factory of columns of whole numbers from 0."""
    return column(dy.Int64, meaning, unit, **{"min": 0, **bounds})


def flag(meaning: str) -> Placing:
    """Return a factory of columns of truth values."""
    return column(dy.Bool, meaning)
