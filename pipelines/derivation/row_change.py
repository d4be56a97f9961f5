"""From where on derived rows differ from stored ones: what those who derive from them have to look at.

Belongs here: the comparison of rows. Not here: which rows are derived, or how changes are remembered (``storage``).
"""

from __future__ import annotations

import datetime as dt

import polars as pl


def first_differences(stored: pl.DataFrame, derived: pl.DataFrame, key: list[str]) -> dict[str, dt.date]:
    """Return from which date on the rows of each series differ from the stored ones, of those that do.

    Args:
        stored: Rows as they were.
        derived: Rows as they are now, with the same columns.
        key: The series, a date, and what else is in the key.
    """
    series, time, values = key[0], key[1], [name for name in stored.columns if name not in key]
    both = stored.with_columns(is_stored=True).join(
        derived.with_columns(is_derived=True), on=key, how="full", suffix="_now", coalesce=True
    )
    is_other = pl.any_horizontal(
        pl.col("is_stored").is_null(),
        pl.col("is_derived").is_null(),
        *(pl.col(name).ne_missing(pl.col(f"{name}_now")) for name in values),
    )
    return dict(both.filter(is_other).group_by(series).agg(pl.col(time).min()).rows())
