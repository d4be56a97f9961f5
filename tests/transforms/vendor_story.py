"""A vendor told day by day: what it answers at each fetch, and the versions that are stored of it.

Belongs here: the smallest ingestion that tests of the quarantine can do without sources. Nothing here computes what a
test asserts, except that prices go through ``as_traded`` as they do at ingestion.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import polars as pl

from pipelines.contracts import raw
from pipelines.parameters import Parameters
from pipelines.transforms.corporate_action import as_traded
from pipelines.transforms.quarantine import accepted_stock_bars
from tests.frames import days

SPLITS_SCHEMA = {"instrument_id": pl.String, "ex_session": pl.Date, "split_ratio": pl.Float64}
_VALUES = ("open", "high", "low", "close", "volume")


def walk(size: int, seed: int = 5, start: float = 100.0) -> list[float]:
    """Return a random walk of closes with moves of about a per cent."""
    random = np.random.default_rng(seed)
    return (start * np.exp(np.cumsum(random.normal(0.0, 0.01, size)))).round(4).tolist()


def at(day: int) -> dt.datetime:
    """Return the evening of the n-th day: after the close, and the same date in New York."""
    return dt.datetime.combine(days(day + 1)[day], dt.time(22), dt.UTC)


class Story:
    """Versions and actions of one stock, grown by one fetch at a time; the n-th session is the n-th day."""

    def __init__(self, symbol: str = "A") -> None:
        self.symbol = symbol
        self.versions = raw.StockBar.create_empty()
        self.actions = raw.StockAction.create_empty()

    def fetch(
        self,
        day: int,
        closes: Sequence[float],
        splits: Sequence[tuple[int, float]] = (),
        first: int = 0,
        dividends: Sequence[tuple[int, float]] = (),
    ) -> None:
        """Store what is new of an answer: received closes of the sessions from ``first`` on, and the actions stated.

        A split or dividend is the number of its ex-session and its ratio or amount.
        """
        moment = at(day)
        sessions = days(first + len(closes))[first:]
        received = pl.DataFrame({"session": sessions, "close": [float(close) for close in closes]}).with_columns(
            instrument_id=pl.lit(self.symbol), open="close", high="close", low="close", volume=pl.lit(1000.0)
        )
        calendar = days(day + 400)
        stated = [(self.symbol, calendar[ex], float(ratio)) for ex, ratio in splits]
        traded = as_traded(received, pl.DataFrame(stated, schema=SPLITS_SCHEMA, orient="row"), moment.date())
        self._store(traded, moment)
        self._state("split", [(ex, ratio) for _, ex, ratio in stated], moment)
        self._state("dividend", [(calendar[ex], amount) for ex, amount in dividends], moment)

    def _store(self, traded: pl.DataFrame, moment: dt.datetime) -> None:
        known = self.versions.sort("known_from").group_by("session").last().select("session", *_VALUES)
        new = traded.join(known, on="session", how="left", suffix="_known").filter(
            pl.any_horizontal(
                pl.col(f"{name}_known").is_null() | ((pl.col(name) / pl.col(f"{name}_known") - 1).abs() > 1e-9)
                for name in _VALUES
            )
        )
        rows = new.with_columns(known_from=pl.lit(moment), known_basis=pl.lit("observed"), **_stamp(moment))
        self.versions = pl.concat([self.versions, _as(raw.StockBar, rows)])

    def _state(self, kind: str, stated: list[tuple[dt.date, float]], moment: dt.datetime) -> None:
        rows = pl.DataFrame(
            [(self.symbol, ex, kind, amount) for ex, amount in stated],
            schema={"instrument_id": pl.String, "ex_session": pl.Date, "action_type": pl.String, "amount": pl.Float64},
            orient="row",
        ).with_columns(
            known_from=pl.lit(moment),
            known_basis=pl.lit("observed"),
            split_ratio=pl.when(pl.col("action_type") == "split").then("amount"),
            dividend_amount=pl.when(pl.col("action_type") == "dividend").then("amount"),
            is_withdrawn=pl.lit(value=False),
            **_stamp(moment),
        )
        self.actions = pl.concat([self.actions, _as(raw.StockAction, rows)])

    def withdraw(self, day: int) -> None:
        """Store that none of the known actions is stated any more."""
        again = self.actions.sort("known_from").unique(["ex_session", "action_type"], keep="last")
        moment = pl.lit(at(day)).cast(pl.Datetime("us", "UTC"))
        gone = again.with_columns(is_withdrawn=pl.lit(value=True), known_from=moment, fetched_at=moment)
        self.actions = pl.concat([self.actions, gone])

    def told(self, day: int, **thresholds: float) -> tuple[list[float], dict[int, str]]:
        """Return the closes that stand as known on a day, and the rule of each session that is held back."""
        bars, held = accepted_stock_bars(self.versions, self.actions, at(day), Parameters(**thresholds))
        calendar = days(day + 400)
        rules = {calendar.index(session): rule for session, rule in held.select("session", "rule").rows()}
        return bars["close"].to_list(), rules


def _stamp(moment: dt.datetime) -> dict[str, pl.Expr]:
    return {
        "vendor_symbol": pl.lit("A"),
        "source": pl.lit("test"),
        "payload_hash": pl.lit("answer"),
        "fetched_at": pl.lit(moment),
    }


def _as(table: type[raw.StockBar] | type[raw.StockAction], rows: pl.DataFrame) -> pl.DataFrame:
    missing = [name for name in table.column_names() if name not in rows.columns]
    return table.cast(rows.with_columns(pl.lit(None).alias(name) for name in missing))
