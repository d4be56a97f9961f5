"""Prices of series as flat arrays, from their first bar on or going on from rows that are stored.

Belongs here: what averages and trends share of the way from a frame to arrays and back, and what is carried from a
build to the next. Not here: any definition (``moving_average``, ``trend``), or how arrays are looked through
(``scan.flat``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from pipelines.transforms.scan.flat import Flags, Floats, Integers, Layout

Columns = dict[str, Floats]


@dataclass(frozen=True)
class PriceRows:
    """Rows of series one under the other, each in order of session; NaN where a price is null.

    A series either begins with its first bar or goes on from rows that are stored. Those stored ones stand in front of
    its new rows, as many as the longest window looks back on, and ``kept`` has their averages and states.

    Attributes:
        layout: which rows belong to which series.
        sessions: dates, one a row.
        close, high, low: prices in points.
        missing_so_far: calendar sessions without a row before this one, counted over all rows.
        number: ordinal of each row among all bars of its series, from 1.
        is_new: whether a row is to be derived.
        kept: the stored rows, those of ``~is_new`` in their order; None where every row is new.
    """

    layout: Layout
    sessions: pl.Series
    close: Floats
    high: Floats
    low: Floats
    missing_so_far: Integers
    number: Integers
    is_new: Flags
    kept: pl.DataFrame | None = None

    @classmethod
    def of(cls, prices: pl.DataFrame, series: str, kept: pl.DataFrame | None = None) -> PriceRows:
        """Return the rows of a frame that is sorted by series and session.

        Args:
            prices: ``session``, ``close``, ``high``, ``low``, ``missing_before`` and the column ``series``.
            series: Name of the column that names the series.
            kept: What is stored of the rows in front, sorted alike, with ``bar_number``; see the class.
        """
        layout = Layout.of_lengths(prices[series].rle().struct.field("len").to_numpy())
        number = layout.row + np.int32(1)
        is_new = np.ones(layout.size, dtype=bool)
        if kept is not None and len(kept):
            is_stored = prices.select(series, "session").join(
                kept.select(series, "session", "bar_number"), on=[series, "session"], how="left", maintain_order="left"
            )["bar_number"]
            is_new = is_stored.is_null().to_numpy()
            first = is_stored.gather(layout.starts).fill_null(1).to_numpy().astype(np.int32)
            number = layout.row + first[layout.of]
        return cls(
            layout,
            prices["session"],
            array_of(prices["close"]),
            array_of(prices["high"]),
            array_of(prices["low"]),
            np.cumsum(prices["missing_before"].to_numpy(), dtype=np.int32),
            number,
            is_new,
            kept,
        )

    @cached_property
    def new_layout(self) -> Layout:
        """Return the layout of the new rows alone; every series has some."""
        return Layout.of_lengths(np.bincount(self.layout.of[self.is_new], minlength=len(self.layout.starts)))

    @cached_property
    def last_kept(self) -> Integers:
        """Return the place of each series' last stored row, -1 where all its rows are new."""
        count = np.bincount(self.layout.of[~self.is_new], minlength=len(self.layout.starts))
        return np.where(count > 0, self.layout.starts + count - 1, -1)

    def before(self, name: str) -> Floats:
        """Return the stored value on each series' last stored row; NaN where there is none."""
        if self.kept is None or self.kept.is_empty():
            return np.full(len(self.layout.starts), np.nan)
        return array_of(self.last_stored()[name])

    def last_stored(self) -> pl.DataFrame:
        """Return each series' last stored row, one row a series; all null where its rows are all new."""
        kept = self.kept if self.kept is not None else pl.DataFrame()
        places = pl.Series(np.cumsum(~self.is_new)[self.last_kept] - 1).set(pl.Series(self.last_kept < 0), None)
        return kept.select(pl.all().gather(places))

    def with_kept(self, name: str, values: Floats) -> Floats:
        """Return the values of new rows among the stored ones of the rows in front."""
        if self.kept is None or not len(self.kept):
            return values
        every = np.empty(self.layout.size)
        every[self.is_new] = values
        every[~self.is_new] = array_of(self.kept[name])
        return every


def array_of(values: pl.Series) -> Floats:
    """Return numbers as an array, NaN for null."""
    return values.cast(pl.Float64).fill_null(np.nan).to_numpy()


def numbers(columns: Mapping[str, Floats]) -> list[pl.Series]:
    """Return arrays as columns, null for NaN."""
    return [pl.Series(name, values, nan_to_null=True) for name, values in columns.items()]


def code(*cases: Flags) -> Integers:
    """Return the number, from 1, of the first case that is true on a row; 0 where none is."""
    found = np.zeros(len(cases[0]), dtype=np.uint8)
    for number, case in reversed(list(enumerate(cases, start=1))):
        found[case] = number
    return found


def worded(name: str, codes: Integers, words: Sequence[str]) -> pl.Series:
    """Return the word of each code, counted from 1; null for 0."""
    return pl.Series(name, [None, *words], pl.String).gather(codes.astype(np.uint32))
