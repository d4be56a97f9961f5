"""The made-up market: its calendar, its listings and the truth about every bar and action.

Belongs here: what is true. Not here: what a vendor says of it (``chart``, ``fault``).

Bars are drawn when they are asked for and forgotten soon after, so memory does not grow with the market.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable

import numpy as np
import polars as pl

from tests.vendor.drawing import Drawn, Floats, draw
from tests.vendor.listing import INDICES, Listing, Plan, calendar_of, index, stock

_KEPT = 64
"""Symbols whose bars stay in memory: the ones of the newest answers."""
_STRETCH = 64
_BARS = {
    "instrument_id": pl.String,
    "session": pl.Date,
    "open": pl.Float64,
    "high": pl.Float64,
    "low": pl.Float64,
    "close": pl.Float64,
    "volume": pl.Float64,
}
_ACTIONS = {
    "instrument_id": pl.String,
    "ex_session": pl.Date,
    "action_type": pl.String,
    "split_ratio": pl.Float64,
    "dividend_amount": pl.Float64,
}


class Market:
    """A market drawn from a plan.

    Attributes:
        plan: What it is drawn from.
        sessions: Its sessions, in order.
        stamps: The opening moment of each, in seconds since 1970, by which Yahoo stamps a daily bar.
        listings: Every instrument by its vendor symbol, stocks first.
    """

    def __init__(self, plan: Plan | None = None) -> None:
        self.plan = plan or Plan()
        calendar = calendar_of(self.plan.first, self.plan.last)
        self.sessions: list[dt.date] = calendar["session"].to_list()
        self.opens: list[dt.datetime] = calendar["opens_at"].to_list()
        self.closes: list[dt.datetime] = calendar["closes_at"].to_list()
        self.stamps = calendar["opens_at"].dt.epoch("s").to_numpy()
        self.close_stamps = calendar["closes_at"].dt.epoch("s").to_numpy()
        self._months = calendar["session"].dt.month().to_numpy()
        size = len(self.sessions)
        listed = [stock(self.plan, number, self.sessions) for number in range(self.plan.symbols)]
        listed += [index(symbol, size) for symbol in INDICES]
        self.listings = {listing.symbol: listing for listing in listed}
        self._stretch, self._closes = -1, dict[str, Floats]()
        self.drawn = functools.lru_cache(maxsize=_KEPT)(self._draw)

    @property
    def symbols(self) -> list[str]:
        """Return the vendor symbols of the stocks."""
        return [symbol for symbol in self.listings if symbol not in INDICES]

    @property
    def indices(self) -> list[str]:
        """Return the vendor symbols of the four indices."""
        return list(INDICES)

    def _draw(self, listing: Listing, variant: str = "") -> Drawn:
        return draw(self.plan, listing, len(self.sessions), self._months, variant)

    def spans(self) -> pl.DataFrame:
        """Return the first and last session of each listing.

        Grain: one row per ``instrument_id``; ``symbol`` is the vendor's. ``is_delisted`` tells those that end early.
        """
        rows = [
            (line.instrument_id, line.symbol, line.name, line.sector, self.sessions[line.begin],
             self.sessions[line.end - 1], line.end < len(self.sessions))
            for line in self.listings.values()
        ]  # fmt: skip
        names = ["instrument_id", "symbol", "name", "sector", "first_session", "last_session", "is_delisted"]
        return pl.DataFrame(rows, schema=names, orient="row")

    def true_bars(self, symbols: Iterable[str] | None = None, until: dt.date | None = None) -> pl.DataFrame:
        """Return bars as traded: prices in dollars per share of their own session, volumes in such shares.

        Grain: one row per ``instrument_id`` and ``session``, in the order of ``symbols`` (default: all), up to and
        including ``until``.
        """
        frames = [self._bars(self.listings[symbol]) for symbol in (self.listings if symbols is None else symbols)]
        whole = pl.concat([pl.DataFrame(schema=_BARS), *frames])
        return whole if until is None else whole.filter(pl.col("session") <= until)

    def bars_of_another(self, symbol: str, since: dt.date) -> pl.DataFrame:
        """Return the true bars of the company that took over a symbol (the fault ``Reused``)."""
        return self._bars(self.another(symbol, since), "another")

    def another(self, symbol: str, since: dt.date) -> Listing:
        """Return the listing of a company that takes over a symbol on its first session from ``since`` on."""
        begin = next(place for place, session in enumerate(self.sessions) if session >= since)
        number = self.listings[symbol].number
        return Listing(symbol, symbol, f"FICTIONAL SUCCESSOR {number:04d} INC", number, "Energy", begin,
                       len(self.sessions))  # fmt: skip

    def _bars(self, listing: Listing, variant: str = "") -> pl.DataFrame:
        drawn = self._draw(listing, variant)
        values = {name: getattr(drawn, name) for name in ("open", "high", "low", "close", "volume")}
        columns = {"session": self.sessions[listing.begin : listing.end], **values}
        return pl.DataFrame(columns).select(pl.lit(listing.instrument_id).alias("instrument_id"), pl.all())

    def true_actions(self, symbols: Iterable[str] | None = None, until: dt.date | None = None) -> pl.DataFrame:
        """Return splits (``split_ratio``, new shares for one old) and dividends (``dividend_amount``, as paid).

        Grain: one row per ``instrument_id``, ``ex_session`` and ``action_type`` (``split`` or ``dividend``), up to
        and including ``until``.
        """
        rows: list[tuple[object, ...]] = []
        for symbol in self.listings if symbols is None else symbols:
            line = self.listings[symbol]
            rows += [(line.instrument_id, self.sessions[at], "split", ratio, None) for at, ratio in line.splits]
            if line.pays_dividends:
                paid = self._draw(line).dividends
                rows += [(line.instrument_id, self.sessions[at], "dividend", None, amount) for at, amount in paid]
        whole = pl.DataFrame(rows, schema=_ACTIONS, orient="row")
        return whole if until is None else whole.filter(pl.col("ex_session") <= until)

    def close(self, line: Listing, at: int) -> float:
        """Return the close as traded in the session at a position.

        Closes of a stretch of sessions are kept for all stocks that were asked about, as funds hold all of them.
        """
        stretch = at // _STRETCH
        if stretch != self._stretch:
            self._stretch, self._closes = stretch, {}
        begin = max(stretch * _STRETCH, line.begin)
        closes = self._closes.get(line.symbol)
        if closes is None:
            drawn = self._draw(line).close
            closes = drawn[begin - line.begin : (stretch + 1) * _STRETCH - line.begin].copy()
            self._closes[line.symbol] = closes
        return float(closes[at - begin])

    def shares(self, line: Listing, at: int) -> int:
        """Return a stock's shares outstanding in the session at a position, splits up to it included."""
        random = self.plan.generator(f"shares {line.symbol}")
        multiple = 1.0
        for position, ratio in line.splits:
            multiple *= ratio if position <= at else 1.0
        return round(float(np.exp(random.uniform(np.log(2e7), np.log(2e9)))) * multiple)

    def visible(self, now: dt.datetime) -> tuple[int, float]:
        """Return how many sessions have opened by a moment, and what part of the last of them is over."""
        count = int(np.searchsorted(self.stamps, now.timestamp(), side="right"))
        if count == 0:
            return 0, 1.0
        begun, ends = self.opens[count - 1], self.closes[count - 1]
        return count, min((now - begun) / (ends - begun), 1.0)
