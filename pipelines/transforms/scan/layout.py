"""How rows of a frame become the array a scan runs over, and nothing else."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl


def by_row(rows: pl.DataFrame, values: pl.Series) -> npt.NDArray[np.float64]:
    """Return values as a scan takes them: a row per observation, a column per series, NaN where there is none.

    Args:
        rows: Gives the place of each value by its columns ``row`` and ``series``, both counted from 0.
        values: One value for each of ``rows``.
    """
    row, series = rows["row"].to_numpy(), rows["series"].to_numpy()
    shape = (row.max() + 1, series.max() + 1) if len(rows) else (0, 0)
    array = np.full(shape, np.nan)
    array[row, series] = values.fill_null(np.nan).to_numpy()
    return array
