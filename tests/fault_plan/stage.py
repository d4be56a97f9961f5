"""The stage of the fault plan: which stock is in which case, every fault at once, and what is stated after each run.

Belongs here: casting, the universe's file and the settings of a run. Not here: the cases (``reply_case`` and its
neighbours), what is true (``truth``), or what is found (``finding``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from tests.fault_plan.content_case import content_cases
from tests.fault_plan.fault_case import Case, Expected
from tests.fault_plan.identity_case import LIMITED, RENAMED, identity_cases, new_symbol
from tests.fault_plan.index_case import DOCUMENT_FAULTS, index_faults
from tests.fault_plan.plan_days import FAULTY, LAST, LOAD, REFUSED, REPAIRED, Sessions, evening, on
from tests.fault_plan.reply_case import SESSION_FAULTS, reply_cases
from tests.vendor.fault import Fault, RateLimited
from tests.vendor.listing import Plan, symbol_of
from tests.vendor.market import Market

_GONE, _LATE = 9, 13
"""Of every twenty stocks of the market one is delisted in the middle, and one comes late."""
_FEW = 8


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
    per_case: int = 1

    @cached_property
    def sessions(self) -> Sessions:
        """Return the market's sessions."""
        return Sessions(self.years)

    @cached_property
    def cases(self) -> list[Case]:
        """Return every case."""
        return [*reply_cases(self.sessions), *content_cases(self.sessions), *identity_cases()]

    @cached_property
    def cast(self) -> dict[str, tuple[str, ...]]:
        """Return the stocks of each case, by its name; neighbours in the market are of different cases."""
        whole = [symbol_of(number) for number in range(self.symbols) if number % 20 not in (_GONE, _LATE)]
        size = len(self.cases)
        if len(whole) < size * self.per_case:
            raise ValueError(f"expected {size * self.per_case} stocks with a whole history, was {len(whole)}")
        return {case.name: tuple(whole[at : size * self.per_case : size]) for at, case in enumerate(self.cases)}

    @cached_property
    def gone(self) -> list[str]:
        """Return the stocks that were delisted long before the first run, so that the vendor knows none of them."""
        return [symbol_of(number) for number in range(self.symbols) if number % 20 == _GONE]

    @cached_property
    def market(self) -> Market:
        """Return the market that is true."""
        return Market(self.plan)

    @cached_property
    def plan(self) -> Plan:
        """Return what the market is drawn from."""
        splits = {symbol: case.splits for case in self.cases if case.splits for symbol in self.cast[case.name]}
        # What befalls prices befalls dividends as well, so also a stage of one stock a case has one that pays some.
        payers = frozenset(self.cast[case.name][0] for case in content_cases(self.sessions))
        return Plan(self.symbols, self.years, LAST, splits=splits, payers=payers)

    def faults(self) -> list[Fault]:
        """Return every fault of the plan; each says itself when it is on.

        One befalls all stocks: a limit of the rate in the midst of the first load, which passes.
        """
        limit = RateLimited(symbols=self.universe(LOAD), after=self.symbols // 2, requests=_FEW, **on(LOAD))
        of_stocks = [fault for case in self.cases for fault in case.faults(self.cast[case.name])]
        return [limit, *of_stocks, *index_faults(self.sessions), *SESSION_FAULTS, *DOCUMENT_FAULTS]

    def universe(self, day: dt.date) -> tuple[str, ...]:
        """Return the symbols that a user asks for on a day, those last that will meet a limit."""
        limited = self.cast[LIMITED]
        others = [symbol for symbol in map(symbol_of, range(self.symbols)) if symbol not in limited]
        new = [new_symbol(old) for old in self.cast[RENAMED]] if day >= FAULTY else []
        return (*others, *new, *limited)

    def settings(self, folder: Path, url: str, day: dt.date) -> dict[str, str]:
        """Return the settings of a run on an evening, by the names of their variables."""
        universe = folder / "symbols.txt"
        universe.write_text("\n".join(self.universe(day)) + "\n")
        return {
            "MARKET_SOURCE": "yahoo", "MARKET_WAREHOUSE_DIR": str(folder / "warehouse"),
            "MARKET_UNIVERSE": str(universe), "MARKET_YAHOO_URL": url, "MARKET_WEB_URL": url,
            "MARKET_YAHOO_PER_MINUTE": "1000000", "MARKET_YAHOO_BURST": "1000",
            "MARKET_SEC_CONTACT": "A Test test@localhost", "MARKET_NOW": evening(day).isoformat(),
        }  # fmt: skip

    # What is stated

    def findings_stated(self, day: dt.date) -> pl.DataFrame:
        """Return the findings that are stated for stocks after a run: ``instrument_id``, ``session``, ``finding``."""
        rows = [
            (symbol, session, finding)
            for case in self.cases
            for symbol in self.cast[case.name]
            for finding, sessions in self._expected(case, day).findings.items()
            for session in sessions
        ]
        for symbol in self.gone:
            own = self.market.listings[symbol]
            rows += [(symbol, session, "absent: http_error") for session in self.market.sessions[own.begin : own.end]]
        schema = {"instrument_id": pl.String, "session": pl.Date, "finding": pl.String}
        return pl.DataFrame(rows, schema=schema, orient="row").unique()

    def outcomes_stated(self, day: dt.date) -> dict[str, str]:
        """Return what becomes of the evening's last question of each symbol that is asked for."""
        found: dict[str, str | None] = dict.fromkeys(self.universe(day), "ok")
        for case in self.cases:
            outcome = case.refused if day == REFUSED else self._expected(case, day).outcome
            found |= dict.fromkeys(self.cast[case.name], outcome)
        found |= dict.fromkeys(self.gone, "http_error" if day in (LOAD, FAULTY) else None)
        return {symbol: outcome for symbol, outcome in found.items() if outcome is not None}

    def _expected(self, case: Case, day: dt.date) -> Expected:
        return {LOAD: case.load, FAULTY: case.faulty, REPAIRED: case.repaired}[day]

    def case_of(self, instrument_id: str) -> str:
        """Return the name of the case that an instrument belongs to, for people."""
        symbol = instrument_id.partition("@")[0]
        names = {of: name for name, symbols in self.cast.items() for of in symbols}
        names |= {new_symbol(old): RENAMED for old in self.cast[RENAMED]} | dict.fromkeys(self.gone, "gone")
        return names.get(symbol, "none")
