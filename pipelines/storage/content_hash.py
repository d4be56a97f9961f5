"""A hash of what a table says, not of how a file was written: equal hashes mean equal rows.

Parquet bytes vary with the number of threads, so files cannot be compared; this goes over values in key order.
"""

from __future__ import annotations

import hashlib

import polars as pl
import polars.selectors as cs

VOLATILE_COLUMNS = frozenset(
    {"fetched_at", "known_from", "earlier_known_from", "first_known_from", "known_at", "previous_known_at"}
)
"""Columns that say when we learnt a value; two builds of the same facts may differ in them."""


def content_hash(frame: pl.DataFrame) -> str:
    """Return the SHA-256 over the rows of ``frame``, in the order given, volatile columns left out.

    Each column contributes its name, its type, its nulls and its values, so neither a moved null nor a
    shifted text can go unnoticed.
    """
    digest = hashlib.sha256()
    # A step over all columns at a time: one over a single column costs more than most columns hold.
    rows = frame.select(pl.exclude(VOLATILE_COLUMNS))
    nulls, values = rows.select(pl.all().is_null()), rows.select(_filled(*column) for column in rows.schema.items())
    texts = values.select(cs.string())
    lengths, joined = texts.select(pl.all().str.len_bytes()), texts.select(pl.all().str.join())
    for name, dtype in rows.schema.items():
        digest.update(f"{name}:{dtype}:{rows.height};".encode())
        digest.update(nulls[name].to_numpy().tobytes())
        if dtype == pl.String:
            digest.update(lengths[name].to_numpy().tobytes() + joined[name].item().encode())
        else:
            digest.update(values[name].to_numpy().tobytes())
    return digest.hexdigest()


def _filled(name: str, dtype: pl.DataType) -> pl.Expr:
    """Return a column's physical values with something neutral where there is none."""
    nothing: object = "" if dtype == pl.String else False if dtype == pl.Boolean else 0
    return pl.col(name).to_physical().fill_null(nothing)
