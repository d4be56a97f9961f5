"""Who is listed in the made-up market: stocks with their spans, splits and dividends, and four indices.

Belongs here: the plan of a market and what each symbol is. Not here: prices (``drawing``).

Nothing in it is real: each name begins with FICTIONAL, each symbol of a stock with ZQ, of a share class with ZX.
"""

from __future__ import annotations

import datetime as dt
import functools
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import polars as pl

from pipelines.contracts.vocabulary import SECTORS
from pipelines.sources.calendar import sessions_between

INDICES = {"^RUT": "RUT", "^GSPC": "SPX", "^NDX": "NDX", "^DJI": "DJI"}
"""Instrument of each index by the symbol that Yahoo has for it."""
_LETTERS = 26


class Split(NamedTuple):
    """New shares for one old: 2.0 is two for one, 0.1 is one for ten."""

    ex_session: dt.date
    ratio: float


class Dividend(NamedTuple):
    """Dollars per share, in the shares of its own session."""

    ex_session: dt.date
    amount: float


@dataclass(frozen=True)
class Plan:
    """What a market is drawn from: the same plan gives the same market on every machine.

    Attributes:
        symbols: Number of stocks; the four indices come on top.
        years: Years of sessions up to ``last``.
        last: No session after it.
        seed: Another seed gives other prices, sessions of events and ratios for the same symbols.
        splits: Splits of single symbols, in the place of those that would be drawn for them.
        payers: Symbols that pay dividends, beside those that do so anyway.
    """

    symbols: int = 40
    years: int = 2
    last: dt.date = dt.date(2024, 12, 31)
    seed: int = 1
    splits: Mapping[str, tuple[Split, ...]] = field(default_factory=dict)
    payers: frozenset[str] = frozenset()

    @property
    def first(self) -> dt.date:
        """Return the day from which there are sessions."""
        return self.last.replace(year=self.last.year - self.years, day=min(self.last.day, 28))

    def generator(self, stream: str) -> np.random.Generator:
        """Return the random numbers of a named stream."""
        return np.random.Generator(np.random.PCG64([self.seed, zlib.crc32(stream.encode())]))


@dataclass(frozen=True)
class Listing:
    """One instrument; positions count the market's sessions from 0, ``end`` is the one after the last."""

    symbol: str
    instrument_id: str
    name: str
    number: int
    sector: str
    begin: int
    end: int
    splits: tuple[tuple[int, float], ...] = ()
    pays_dividends: bool = False

    @property
    def is_index(self) -> bool:
        """Return whether it is one of the four indices."""
        return self.symbol in INDICES

    @property
    def printed_ticker(self) -> str:
        """Return the ticker as funds print it, without the dash before a share class."""
        return self.symbol.replace("-", "")


@functools.lru_cache(maxsize=8)
def calendar_of(first: dt.date, last: dt.date) -> pl.DataFrame:
    """Return the sessions of a market with their opening and closing moments."""
    return sessions_between(first, last)


def symbol_of(number: int) -> str:
    """Return the symbol of a stock; every fortieth is a second share class."""
    letters = "".join(chr(65 + number // _LETTERS**place % _LETTERS) for place in (2, 1, 0))
    return f"ZX{letters[1:]}-B" if number % 40 == 17 and number < _LETTERS**2 else f"ZQ{letters}"


def stock(plan: Plan, number: int, sessions: list[dt.date]) -> Listing:
    """Return a stock: of every twenty one is delisted, one comes late, two split and one splits in reverse."""
    symbol = symbol_of(number)
    random = plan.generator(f"listing {symbol}")
    begin, end = 0, len(sessions)
    if number % 20 == 9:
        end = int(len(sessions) * random.uniform(0.3, 0.9))
    if number % 20 == 13:
        begin = int(len(sessions) * random.uniform(0.1, 0.6))
    drawn: tuple[tuple[int, float], ...] = ()
    at = begin + int((end - begin) * random.uniform(0.2, 0.8))
    if number % 10 == 3:
        drawn = ((at, float(random.choice([2.0, 3.0, 4.0, 10.0, 1.5, 20.0]))),)
    elif number % 20 == 7:
        drawn = ((at, 1.0 / float(random.choice([5, 8, 10, 20]))),)
    elif number % 20 == 11:
        drawn = ((begin + (at - begin) // 2, 2.0), (at, 3.0))
    if symbol in plan.splits:
        drawn = tuple((sessions.index(split.ex_session), split.ratio) for split in plan.splits[symbol])
    name = f"FICTIONAL STOCK {number:04d} INC"
    sector = SECTORS[number % len(SECTORS)]
    pays = number % 5 in (1, 3) or symbol in plan.payers
    return Listing(symbol, symbol, name, number, sector, begin, end, drawn, pays)


def index(symbol: str, size: int) -> Listing:
    """Return one of the four indices."""
    instrument_id = INDICES[symbol]
    return Listing(symbol, instrument_id, f"FICTIONAL INDEX {instrument_id}", -1, "", 0, size)
