"""Curated facts as CSV files beside this module, read through their contracts.

Every row names its source and the date it was checked. No computation, no vendor data.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import dataframely as dy
import polars as pl

from pipelines.contracts.core import ClassTicker, Fund, Instrument, RatioPair, RegionShare, UniverseMember
from pipelines.contracts.table import Table, name_of

T = TypeVar("T", bound=Table)
_FOLDER = Path(__file__).parent


def read_seed(table: type[T], folder: Path = _FOLDER, **constants: pl.Expr) -> dy.DataFrame[T]:
    """Read ``<table>.csv`` as the contract declares it; ``constants`` are columns the file leaves out.

    Raises:
        ValueError: a row breaks the contract; the message names the file and the broken rules.
    """
    path = folder / f"{name_of(table)}.csv"
    types = {name: column.dtype for name, column in table.columns().items() if name not in constants}
    frame = pl.read_csv(path, schema=types).with_columns(**constants)
    good, failure = table.filter(frame)
    if failure.counts():
        raise ValueError(f"{path.name}: expected rows that keep the contract, was {failure.counts()}")
    return good


def instruments(is_synthetic: bool) -> dy.DataFrame[Instrument]:
    """Return the instrument seed; of a synthetic source the names say so."""
    frame = read_seed(Instrument, is_synthetic=pl.lit(is_synthetic))
    if is_synthetic:
        return Instrument.validate(frame.with_columns(name=pl.col("name") + " (synthetic sample)"))
    return frame


def ratio_pairs() -> dy.DataFrame[RatioPair]:
    """Return the ratio pairs that are followed."""
    return read_seed(RatioPair)


def universe_members() -> dy.DataFrame[UniverseMember]:
    """Return which instruments are ranked together, and against which benchmark."""
    return read_seed(UniverseMember)


def funds() -> dy.DataFrame[Fund]:
    """Return the funds whose holdings stand for an index."""
    return read_seed(Fund)


def class_tickers() -> dy.DataFrame[ClassTicker]:
    """Return the tickers of share classes that differ from their symbols."""
    return read_seed(ClassTicker)


def region_shares() -> dy.DataFrame[RegionShare]:
    """Return what part of each region's economy the United States are."""
    return read_seed(RegionShare)
