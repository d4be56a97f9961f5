"""What a claim may look at: the rows of the core tables up to its date, and how each is cited.

Belongs here: cutting tables at a date, finding rows by key, and writing a row down as evidence.
Not here: what any statement makes of the rows (see the modules beside this one).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from pipelines.contracts import core
from pipelines.contracts.table import Table, grain_of, qualified_name
from pipelines.parameters import Parameters

STANDS_FROM: Mapping[type[Table], str | None] = {
    core.Session: "session",
    core.Instrument: None,
    core.UniverseMember: None,
    core.SeriesPrice: "session",
    core.MovingAverage: "session",
    core.TrendState: "session",
    core.RelativeRegime: "session",
    core.PeriodReturn: "period_end",
    core.PeriodToDate: "session",
    core.RecordState: "session",
    core.RecordHigh: "session",
    core.Level: "pending_from",
    core.LevelState: "valid_from",
    core.Membership: "as_of",
    core.SectorWeight: "as_of",
    core.RevenueExposure: "as_of",
}
"""The tables that claims are checked on, and the column with the date from which a row stands; None: always."""

Tables = Mapping[type[Table], pl.DataFrame]


@dataclass(frozen=True)
class Row:
    """One row of a core table."""

    table: type[Table]
    values: Mapping[str, Any]

    def __getitem__(self, column: str) -> Any:
        """Return the value of a column."""
        return self.values[column]

    def says(self, *columns: str) -> str:
        """Return the row as evidence: table, key, and what the columns hold."""
        key = ", ".join(_written(self.values[column]) for column in grain_of(self.table))
        found = ", ".join(f"{column} {_written(self.values[column])}" for column in columns)
        return f"{qualified_name(self.table)} ({key}): {found}"


@dataclass(frozen=True)
class Claim:
    """One row of ``core.claim``, its parameters at hand."""

    values: Mapping[str, Any]
    parameters: Mapping[str, Any]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Claim:
        """Return the claim of a row of ``core.claim``."""
        return cls(row, json.loads(row["parameters"]))

    @property
    def subject(self) -> str:
        """Return what the claim is about."""
        return str(self.values["subject"])

    @property
    def stated(self) -> str:
        """Return what is stated, as text."""
        return str(self.values["stated"])

    def __getitem__(self, name: str) -> Any:
        """Return a parameter."""
        return self.parameters[name]


class View:
    """The tables as they stood at the close of a session; rows from later on are out of sight.

    Args:
        tables: Every table of ``STANDS_FROM``.
        as_of: Date of the claim.
        parameters: The parameter set.
    """

    def __init__(self, tables: Tables, as_of: dt.date, parameters: Parameters) -> None:
        self._tables = tables
        self.as_of = as_of
        self.parameters = parameters
        before, last = (
            tables[core.Session]
            .select(before=pl.col("session").filter(pl.col("session") <= as_of).max(), last=pl.col("session").max())
            .row(0)
        )
        self.session: dt.date | None = before if last is not None and as_of <= last else None

    def rows(self, table: type[Table], *conditions: pl.Expr, **key: Any) -> list[Row]:
        """Return the rows that stand at the close of the date and meet the conditions, sorted by key."""
        found = self._in_sight(table, **key).filter(*conditions).sort(grain_of(table))
        return [Row(table, values) for values in found.iter_rows(named=True)]

    def row(self, table: type[Table], **key: Any) -> Row | None:
        """Return the first of these rows, or None."""
        return next(iter(self.rows(table, **key)), None)

    def of_session(self, table: type[Table], **key: Any) -> Row | None:
        """Return the row of the claim's session, or None."""
        return self.row(table, session=self.session, **key)

    def newest(self, table: type[Table], **key: Any) -> dt.date | None:
        """Return the newest date of a table's rows with this key, or None."""
        found = self._in_sight(table, **key)
        newest: dt.date | None = found.select(pl.col(STANDS_FROM[table] or "as_of").max()).item()
        return newest

    def _in_sight(self, table: type[Table], **key: Any) -> pl.DataFrame:
        stands_from = STANDS_FROM[table]
        equal = [pl.col(column) == value for column, value in key.items()]
        known = [] if stands_from is None else [pl.col(stands_from) <= self.as_of]
        return self._tables[table].filter(*equal, *known)

    def missing_bar(self, series: Sequence[str]) -> str | None:
        """Return why series have no value at the claim's session, or None where all have one."""
        if self.session is None:
            first, last = self._tables[core.Session].select(first=pl.min("session"), last=pl.max("session")).row(0)
            return f"expected sessions that reach {self.as_of}, was {first} to {last}"
        for series_id in series:
            if self.of_session(core.SeriesPrice, series_id=series_id) is None:
                last = self.newest(core.SeriesPrice, series_id=series_id)
                was = f"the last before it is of {last}" if last else "there is none before it"
                return f"expected a close of {series_id} on {self.session}, {was}"
        return None


def _written(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.10g}" if isinstance(value, float) else str(value)
