"""What is true of the market's stocks as of a day, from the seed: bars and actions as traded, and who is who.

Belongs here: the market as a warehouse ought to know it. Nothing comes from the pipeline, or from a vendor's answer.
Not here: comparing (``finding``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from tests.fault_plan.identity_case import BEGINS, PASSED_ON, RENAMED, REUSED, new_symbol
from tests.fault_plan.plan_days import LOAD
from tests.fault_plan.stage import Stage
from tests.vendor.market import Market


class Life(NamedTuple):
    """An instrument as a warehouse should name it: whose bars it has, under which symbol, and up to when."""

    instrument_id: str
    vendor_symbol: str
    listed_as: str
    is_successor: bool
    until: dt.date


@dataclass(frozen=True)
class Truth:
    """What is true on a day."""

    stage: Stage
    day: dt.date

    @property
    def market(self) -> Market:
        """Return the market."""
        return self.stage.market

    def lives(self, symbols: Sequence[str]) -> list[Life]:
        """Return the instruments that a universe of symbols has brought by the day.

        A renamed stock ends under its old symbol with the last day it was asked for, and stands whole under its new
        one. The company that took over a symbol is an instrument of its own.
        """
        renamed, reused = self.stage.cast[RENAMED], self.stage.cast[REUSED]
        found = []
        for symbol in symbols:
            has_ended = symbol in (*renamed, *reused) and self.day >= PASSED_ON.date()
            found.append(Life(symbol, symbol, symbol, False, LOAD if has_ended else self.day))
            if has_ended and symbol in renamed:
                found.append(Life(new_symbol(symbol), new_symbol(symbol), symbol, False, self.day))
            elif has_ended:
                found.append(Life(f"{symbol}@{BEGINS}", symbol, symbol, True, self.day))
        return found

    def bars(self, symbols: Sequence[str]) -> pl.DataFrame:
        """Return bars as traded.

        Grain: one row per ``instrument_id`` and ``session``; ``vendor_symbol`` is whom to ask for it.
        """
        return pl.concat([self._bars(life) for life in self.lives(symbols)])

    def _bars(self, life: Life) -> pl.DataFrame:
        bars = (
            self.market.bars_of_another(life.listed_as, BEGINS)
            if life.is_successor
            else self.market.true_bars([life.listed_as])
        )
        names = {"instrument_id": pl.lit(life.instrument_id), "vendor_symbol": pl.lit(life.vendor_symbol)}
        return bars.filter(pl.col("session") <= life.until).with_columns(**names)

    def actions(self, symbols: Sequence[str]) -> pl.DataFrame:
        """Return splits and dividends: ``instrument_id``, ``ex_session``, ``action_type``, ``split_ratio``, and
        ``action_factor``, what each multiplies earlier prices by."""
        lives = [life for life in self.lives(symbols) if not life.is_successor]
        names = pl.DataFrame(
            {"listed_as": [life.listed_as for life in lives], "life": [life.instrument_id for life in lives],
             "until": [life.until for life in lives]},
            schema={"listed_as": pl.String, "life": pl.String, "until": pl.Date},
        )  # fmt: skip
        actions = (
            self.market.true_actions([life.listed_as for life in lives], self.day)
            .unique(maintain_order=True)
            .join(names, left_on="instrument_id", right_on="listed_as")
            .filter(pl.col("ex_session") <= pl.col("until"))
            .with_columns(instrument_id="life")
        )
        closes = self.bars(symbols).select("instrument_id", "session", close_before="close")
        splits = actions.filter(action_type="split").select("instrument_id", "ex_session", same_day="split_ratio")
        before = actions.sort("ex_session").join_asof(
            closes.sort("session"), left_on="ex_session", right_on="session", by="instrument_id",
            strategy="backward", allow_exact_matches=False, check_sortedness=False,
        )  # fmt: skip
        paid = 1 - pl.col("dividend_amount") * pl.col("same_day").fill_null(1.0) / pl.col("close_before")
        return before.join(splits, on=["instrument_id", "ex_session"], how="left").select(
            "instrument_id", "ex_session", "action_type", "split_ratio",
            action_factor=pl.when(pl.col("action_type") == "split").then(1 / pl.col("split_ratio")).otherwise(paid),
        )  # fmt: skip
