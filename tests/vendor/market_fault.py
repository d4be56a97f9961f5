"""Faults in what an answer says: sessions, prices, splits and symbols that are not as they should be.

Belongs here: declared faults of content. Not here: faults of the connection (``fault``). They concern charts and, where
a symbol stands for another company, its attributes; documents of funds and of the SEC stay as they are.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tests.vendor.fault import Fault
from tests.vendor.history import NEW_YORK, PRICES, Applied, History, as_32_bits
from tests.vendor.listing import INDICES

_OF_SYMBOLS = ("chart", "quote_summary", "quote")
_OPENING = dt.time(9, 30)


@dataclass(frozen=True, kw_only=True)
class HistoryFault(Fault):
    """A fault of a symbol's history; each kind changes it before or after it is adjusted for splits."""

    def before_adjusting(self, history: History) -> None:
        """Change rows as traded, or what they are adjusted for."""

    def after_adjusting(self, history: History) -> None:
        """Change rows as served."""


@dataclass(frozen=True, kw_only=True)
class LostSession(HistoryFault):
    """Sessions that the vendor has lost: of all indices, unless symbols are named; the row is absent or all null."""

    symbols: tuple[str, ...] | None = tuple(INDICES)
    sessions: tuple[dt.date, ...] = ()
    is_null: bool = False

    def after_adjusting(self, history: History) -> None:
        lost = history.rows_on(self.sessions)
        if not self.is_null:
            history.keep(~lost)
            return
        for values in (*history.prices.values(), history.volume, history.adjusted_close):
            values[lost] = np.nan


@dataclass(frozen=True, kw_only=True)
class PartialLastBar(HistoryFault):
    """The last bar stays as it was when only a part of its session was over, although the exchange has closed."""

    part: float = 0.6

    def before_adjusting(self, history: History) -> None:
        history.end_early(self.part)


@dataclass(frozen=True, kw_only=True)
class EarlySplit(HistoryFault):
    """A split that is stated, or adjusted for, before its ex session; it may be one that never comes.

    It is stated even where the span that is asked for ends before it. yfinance drops it then; of one within the span it
    adds a row without prices.
    """

    ex_session: dt.date
    ratio: float
    is_stated: bool = True
    is_adjusted: bool = True

    def before_adjusting(self, history: History) -> None:
        if history.today >= self.ex_session and _stamp(self.ex_session) in history.split_events:
            return
        if self.is_stated:
            history.split_events[_stamp(self.ex_session)] = self.ratio
            history.early_events.add(_stamp(self.ex_session))
        if self.is_adjusted:
            history.applied.append(Applied(self.ratio, history.rows_before(self.ex_session)))


@dataclass(frozen=True, kw_only=True)
class HalfSplit(HistoryFault):
    """A split that only a part of the history before it is adjusted for.

    Of the rows before ``ex_session`` the last ``part`` (``side`` newest) or the first one (oldest) are adjusted: 1.0 is
    all of them, 0.0 none. A true split of that session is replaced, an invented one is added. Without ``is_stated`` the
    event is absent: with a ``part`` of 1.0 that is a split that nobody sees.
    """

    ex_session: dt.date
    ratio: float
    part: float = 0.5
    side: Literal["newest", "oldest"] = "newest"
    is_stated: bool = True

    def before_adjusting(self, history: History) -> None:
        before = history.rows_before(self.ex_session)
        stamp, count = _stamp(self.ex_session), int(before.sum())
        if stamp in history.split_events:
            del history.split_events[stamp]
            history.applied = [applied for applied in history.applied if not np.array_equal(applied.rows, before)]
        rows = np.zeros(before.size, dtype=bool)
        adjusted = round(self.part * count)
        rows[slice(count - adjusted, count) if self.side == "newest" else slice(0, adjusted)] = True
        history.applied.append(Applied(self.ratio, rows))
        if self.is_stated and history.today >= self.ex_session:
            history.split_events[stamp] = self.ratio


@dataclass(frozen=True, kw_only=True)
class TimesHundred(HistoryFault):
    """Prices of some sessions in another unit; ``factor`` may be 0.01."""

    sessions: tuple[dt.date, ...]
    factor: float = 100.0
    fields: tuple[str, ...] = PRICES

    def after_adjusting(self, history: History) -> None:
        rows = history.rows_on(self.sessions)
        for name in self.fields:
            history.prices[name][rows] = as_32_bits(history.prices[name][rows] * self.factor)
        if "close" in self.fields:
            history.adjusted_close[rows] = as_32_bits(history.adjusted_close[rows] * self.factor)


@dataclass(frozen=True, kw_only=True)
class Restated(HistoryFault):
    """Closes of some sessions moved by so many hundredths of a percent, and the high or low with them where needed."""

    sessions: tuple[dt.date, ...]
    basis_points: float = 3.0

    def after_adjusting(self, history: History) -> None:
        rows = history.rows_on(self.sessions)
        factor, prices = 1.0 + self.basis_points / 10_000.0, history.prices
        prices["close"][rows] = as_32_bits(prices["close"][rows] * factor)
        history.adjusted_close[rows] = as_32_bits(history.adjusted_close[rows] * factor)
        prices["high"][rows] = np.maximum(prices["high"][rows], prices["close"][rows])
        prices["low"][rows] = np.minimum(prices["low"][rows], prices["close"][rows])


@dataclass(frozen=True, kw_only=True)
class Renamed(Fault):
    """A stock has a new symbol: the old one is unknown, the new one gives the whole history."""

    kinds: tuple[str, ...] = _OF_SYMBOLS
    old: str
    new: str


@dataclass(frozen=True, kw_only=True)
class Reused(Fault):
    """A symbol is that of another company: another history, which begins on ``begins``."""

    kinds: tuple[str, ...] = _OF_SYMBOLS
    symbol: str
    begins: dt.date


def _stamp(session: dt.date) -> int:
    return int(dt.datetime.combine(session, _OPENING, NEW_YORK).timestamp())
