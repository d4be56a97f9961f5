"""Claims and core tables by hand that tests of claim checks use; nothing here computes what a test asserts."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.contracts import core
from pipelines.contracts.table import Table
from pipelines.parameters import Parameters
from pipelines.seeds.claim_rules import read_claims
from pipelines.transforms.claim.check import claim_checks, claims
from pipelines.transforms.claim.view import STANDS_FROM
from tests.market import calendar, instrument, universe, weekdays
from tests.seeds.claim_files import NAMES, file_text, of_type

FRIDAY, MONDAY = dt.date(2024, 11, 29), dt.date(2024, 12, 2)
KNOWN = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
Facts = Mapping[str, Any]
_DEFAULTS: Mapping[Any, Any] = {
    pl.Float64: 1.0,
    pl.Int64: 1,
    pl.Int32: 1,
    pl.Boolean: False,
    pl.String: "x",
    pl.Date: FRIDAY,
}


def rows(table: type[Table], *facts: Facts) -> pl.DataFrame:
    """Return rows of a table with what a test is about; of the rest null what may be, and else a filler."""
    columns = table.columns()
    filled = {name: None if column.nullable else _DEFAULTS.get(column.dtype, KNOWN) for name, column in columns.items()}
    return pl.DataFrame([{**filled, **row} for row in facts], {name: column.dtype for name, column in columns.items()})


def tables(*filled: tuple[type[Table], list[Facts]]) -> dict[type[Table], pl.DataFrame]:
    """Return every table that claims are checked on: closes of four series on 29 November, and those given.

    The calendar runs from 2 September to 31 December 2024; NDX and RUT make the universe ``two``.
    """
    closes = [{"series_id": name, "session": FRIDAY, "close": 2400.0} for name in ("RUT", "SPX", "NDX", "RUT/NDX")]
    given = {table: rows(table, *facts) for table, facts in filled}
    return {
        **{table: rows(table) for table in STANDS_FROM},
        core.Session: calendar(weekdays(dt.date(2024, 9, 2), dt.date(2024, 12, 31))),
        core.Instrument: instrument("RUT"),
        core.UniverseMember: universe(["NDX", "RUT"], "NDX", "two"),
        core.SeriesPrice: rows(core.SeriesPrice, *closes),
        **given,
    }


def claim(kind: str, **changes: str | None) -> pl.DataFrame:
    """Return ``core.Claim`` of one claim, read from a file as a user's is."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "claims.yaml"
        path.write_text(file_text(of_type(kind, **changes)))
        return claims(read_claims(NAMES, path, []), KNOWN)


def checked(known: pl.DataFrame, data: Mapping[type[Table], pl.DataFrame]) -> dict[str, Any]:
    """Return what the data say of a single claim, held against the contract."""
    (row,) = core.ClaimCheck.validate(claim_checks(known, data, Parameters())).iter_rows(named=True)
    return row
