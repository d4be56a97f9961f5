"""The stage of the fault plan: which symbol is in which case, the vendor with all faults at once, and runs against it.

Belongs here: symbols, the universe's file, settings and one run. Not here: what is to be found (``fault_case``), or what
is true (``truth``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pipelines.defs.workspace import Workspace
from pipelines.settings import Settings
from tests.fault_plan.content_case import content_cases
from tests.fault_plan.fault_case import Case, Expected
from tests.fault_plan.plan_days import FAULTY, LAST, LOAD, REFUSED, Sessions, evening, on
from tests.fault_plan.reply_case import reply_cases
from tests.vendor.fault import Fault, RateLimited, ServerError
from tests.vendor.listing import Plan, symbol_of
from tests.vendor.market import Market
from tests.vendor.market_fault import LostSession, PartialLastBar, Renamed, Restated, Reused, TimesHundred

_GONE, _LATE = 9, 13
"""Of every twenty stocks of the market one is delisted in the middle, and one comes late."""


@dataclass(frozen=True)
class Stage:
    """A market and who is in which case.

    Attributes:
        symbols: How many stocks there are.
        years: Years of the market.
        per_case: Stocks in each case.
    """

    symbols: int
    years: int
    per_case: int

    @cached_property
    def sessions(self) -> Sessions:
        return Sessions(self.years)

    @cached_property
    def cases(self) -> list[Case]:
        return [*reply_cases(self.sessions), *content_cases(self.sessions), *_identity_cases(self.sessions), *_limits()]

    @cached_property
    def cast(self) -> dict[str, tuple[str, ...]]:
        """Return the symbols of each case, by its name; neighbours in the market are of different cases."""
        whole = [symbol_of(number) for number in range(self.symbols) if number % 20 not in (_GONE, _LATE)]
        size = len(self.cases)
        assert len(whole) >= size * self.per_case, f"expected {size * self.per_case} stocks, was {len(whole)}"
        return {
            case.name: tuple(whole[place : size * self.per_case : size]) for place, case in enumerate(self.cases)
        }

    @cached_property
    def gone(self) -> list[str]:
        """Return the stocks that were delisted long before the first run, so that the vendor does not know them."""
        return [symbol_of(number) for number in range(self.symbols) if number % 20 == _GONE]

    @cached_property
    def plan(self) -> Plan:
        splits = {symbol: case.splits for case in self.cases if case.splits for symbol in self.cast[case.name]}
        return Plan(self.symbols, self.years, LAST, splits=splits)

    def faults(self) -> list[Fault]:
        """Return every fault of the plan; each says itself when it is on."""
        found = [fault for case in self.cases for fault in case.faults(self.cast[case.name])]
        return [*found, *_of_indices(), *_of_all(self.universe(LOAD))]

    def universe(self, day: dt.date) -> tuple[str, ...]:
        """Return the symbols that a user asks for on a day, those that are to meet a limit last."""
        limited = self.cast[LIMITED]
        others = [symbol_of(number) for number in range(self.symbols) if symbol_of(number) not in limited]
        new = [new_symbol(old) for old in self.cast[RENAMED]] if day >= FAULTY else []
        return (*others, *new, *limited)

    def workspace(self, folder: Path, url: str, day: dt.date, **changes: Any) -> Workspace:
        """Return what a run on an evening works with."""
        universe = folder / "symbols.txt"
        universe.write_text("\n".join(self.universe(day)) + "\n")
        settings = {
            "source": "yahoo", "yahoo_url": url, "web_url": url, "warehouse_dir": folder / "warehouse",
            "now": evening(day), "universe": str(universe), "yahoo_per_minute": 1e6, "yahoo_burst": 1000,
        }  # fmt: skip
        return Workspace(Settings(**{**settings, **changes}))


RENAMED, REUSED, LIMITED = "renamed", "reused", "rate limited"
BEGINS = dt.date(2024, 11, 27)
"""First session of the companies that take over a symbol."""


def new_symbol(old: str) -> str:
    """Return the symbol of a stock after it was renamed."""
    return f"ZN{old[2:]}"


def _identity_cases(sessions: Sessions) -> list[Case]:
    new = sessions.after(LOAD, FAULTY)
    renamed = evening(FAULTY) - dt.timedelta(hours=12)
    return [
        Case(
            RENAMED,
            lambda symbols: [
                Renamed(old=old, new=new_symbol(old), symbols=(old, new_symbol(old)), since=renamed) for old in symbols
            ],
            faulty=Expected(outcome="http_error"),
            repaired=Expected(outcome=None),
        ),
        Case(
            REUSED,
            lambda symbols: [
                Reused(symbol=symbol, begins=BEGINS, symbols=(symbol,), since=renamed) for symbol in symbols
            ],
        ),
    ]


def _limits() -> list[Case]:
    return [
        Case(LIMITED, lambda symbols: [RateLimited(symbols=symbols, **on(REFUSED))]),
        Case("healthy"),
    ]


def _of_all(universe: Sequence[str]) -> list[Fault]:
    """Return what befalls all stocks: a limit in the midst of the first load, which passes."""
    return [RateLimited(symbols=tuple(universe), after=len(universe) // 2, requests=8, **on(LOAD))]


def _of_indices() -> list[Fault]:
    friday = dt.date(2024, 11, 22)
    return [
        LostSession(sessions=(dt.date(2024, 11, 26),), **on(FAULTY)),
        TimesHundred(symbols=("^RUT",), sessions=(FAULTY,), **on(FAULTY)),
        PartialLastBar(symbols=("^NDX",), **on(FAULTY)),
        Restated(symbols=("^GSPC",), sessions=(friday,), basis_points=10.0, **on(FAULTY)),
        ServerError(symbols=("^DJI",), **on(REFUSED)),
    ]


def market_of(stage: Stage) -> Market:
    """Return the market that a stage's vendor serves."""
    return Market(stage.plan)
