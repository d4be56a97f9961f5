"""A hash of what a table says, not of how a file was written: equal hashes mean equal rows.

Parquet bytes vary with the number of threads, so files cannot be compared; this goes over values in key order.
"""

from __future__ import annotations

import hashlib

import polars as pl

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
    for column in frame.get_columns():
        if column.name not in VOLATILE_COLUMNS:
            digest.update(f"{column.name}:{column.dtype}:{len(column)};".encode())
            digest.update(column.is_null().to_numpy().tobytes())
            digest.update(_values(column))
    return digest.hexdigest()


def _values(column: pl.Series) -> bytes:
    if column.dtype == pl.String:
        filled = column.fill_null("")
        return filled.str.len_bytes().to_numpy().tobytes() + "".join(filled).encode()
    plain = column.to_physical()
    return plain.fill_null(False if plain.dtype == pl.Boolean else 0).to_numpy().tobytes()
