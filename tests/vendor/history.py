"""What a vendor knows of one symbol: bars as traded up to its clock, and the adjustments it makes of them.

Belongs here: arithmetic of adjusting, and the bar of a session that is not over. Not here: what goes wrong with it
(``market_fault``), or how it is written (``chart``).

Prices are served as Yahoo's are: divided by every later split that is in effect, then rounded to 32 bits. So a served
price times its splits lies within 6e-8 of the traded one (half a unit in the last of 24 bits), and rounding that to
cents gives the traded price back, exactly, below 80,000 dollars. Volumes are multiplied and rounded to whole shares,
so after a reverse split undoing them is right to within half of the ratio only. Dividends have six decimals.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from tests.vendor.drawing import Floats
from tests.vendor.listing import Listing
from tests.vendor.market import Market

NEW_YORK = ZoneInfo("America/New_York")
PRICES = ("open", "high", "low", "close")


@dataclass
class Applied:
    """A split that prices are adjusted for; ``rows`` says which."""

    ratio: float
    rows: NDArray[np.bool_]


@dataclass
class History:
    """Rows of one symbol, the last possibly of a session that is not over.

    Attributes:
        today: The day in New York.
        visible: Sessions of the market that have opened.
        at: Position in the market's sessions of each row.
        prices: As traded until ``adjust``, as served after it; NaN is served as null.
        applied: Splits to adjust for.
        split_events: Seconds since 1970 and ratio of each split that is stated.
        early_events: Those of them that are stated although the span that was asked for ends before.
        dividend_events: Seconds since 1970 and amount, the same way.
        quoted_until: What part of the newest session the last quote is of.
    """

    market: Market
    line: Listing
    today: dt.date
    visible: int
    at: NDArray[np.int64]
    prices: dict[str, Floats]
    volume: Floats
    adjusted_close: Floats
    applied: list[Applied]
    split_events: dict[int, float] = field(default_factory=dict)
    early_events: set[int] = field(default_factory=set)
    dividend_events: dict[int, float] = field(default_factory=dict)
    quoted_until: float = 1.0

    def rows_before(self, session: dt.date) -> NDArray[np.bool_]:
        """Return which rows lie before a day."""
        return np.asarray(self.stamps < midnight(session))

    def rows_on(self, sessions: tuple[dt.date, ...]) -> NDArray[np.bool_]:
        """Return which rows are of these sessions."""
        return np.isin(self.at, [self.market.sessions.index(session) for session in sessions])

    @property
    def stamps(self) -> NDArray[np.int64]:
        """Return the opening moment of each row's session."""
        return np.asarray(self.market.stamps[self.at])

    def end_early(self, part: float) -> None:
        """Turn the row of the newest session into that of one of which only a part is over."""
        if not self.at.size or self.at[-1] != self.visible - 1 or part >= 1.0:
            return
        self.quoted_until = part
        first = self.prices["open"][-1]
        close = first + part * (self.prices["close"][-1] - first)
        for name, most in (("high", np.maximum), ("low", np.minimum)):
            self.prices[name][-1] = most(first + part * (self.prices[name][-1] - first), most(first, close))
        self.prices["close"][-1] = close
        for name in PRICES:
            self.prices[name][-1] = round(self.prices[name][-1], 2)
        self.volume[-1] = np.floor(part * self.volume[-1])

    def adjust(self) -> None:
        """Adjust prices, volumes and dividends for splits, and close for dividends too."""
        factor = np.ones(self.at.size)
        for applied in self.applied:
            factor[applied.rows] /= applied.ratio
        for name in PRICES:
            self.prices[name] = as_32_bits(self.prices[name] * factor)
        self.volume = np.round(self.volume / factor)
        multiple = np.ones(self.at.size)
        close, stamps = self.prices["close"], self.stamps
        for stamp, amount in self.dividend_events.items():
            row = int(np.searchsorted(stamps, stamp))
            if 0 < row < self.at.size:
                paid = round(amount * float(factor[row]), 6)
                self.dividend_events[stamp] = paid
                multiple[:row] *= 1.0 - paid / close[row - 1]
        self.adjusted_close = as_32_bits(close * multiple)

    def keep(self, rows: NDArray[np.bool_]) -> None:
        """Drop all other rows."""
        self.at, self.volume, self.adjusted_close = self.at[rows], self.volume[rows], self.adjusted_close[rows]
        self.prices = {name: values[rows] for name, values in self.prices.items()}


def history_of(market: Market, line: Listing, variant: str, now: dt.datetime) -> History:
    """Return what is known of a listing at a moment, not adjusted yet.

    A split is in effect, and a dividend stated, from the midnight in New York that begins its ex session.
    """
    visible, part = market.visible(now)
    today = now.astimezone(NEW_YORK).date()
    drawn = market.drawn(line, variant)
    count = max(min(visible, line.end) - line.begin, 0)
    at = np.arange(line.begin, line.begin + count)
    prices = {name: getattr(drawn, name)[:count].copy() for name in PRICES}
    effective = [(place, ratio) for place, ratio in line.splits if market.sessions[place] <= today]
    found = History(
        market,
        line,
        today,
        visible,
        at,
        prices,
        drawn.volume[:count].copy(),
        prices["close"],
        [Applied(ratio, at < place) for place, ratio in effective],
        {int(market.stamps[place]): ratio for place, ratio in effective},
        dividend_events={
            int(market.stamps[place]): amount for place, amount in drawn.dividends if market.sessions[place] <= today
        },
    )
    found.end_early(part)
    return found


def as_32_bits(values: Floats) -> Floats:
    """Return numbers as Yahoo keeps them: those of 24 significant bits."""
    return values.astype(np.float32).astype(np.float64)


def midnight(day: dt.date) -> float:
    """Return the moment in New York at which a day begins."""
    return dt.datetime.combine(day, dt.time(), NEW_YORK).timestamp()
