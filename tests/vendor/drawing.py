"""Prices and volumes of the made-up market, drawn per symbol and on demand.

Belongs here: as-traded bars and dividends of one listing. Not here: what a vendor makes of them (``chart``).

A log close is a random walk that shares part of its moves with all others, tied down at its end so that no price
runs away in thirty years. Prices are whole cents, at least 5 of them; a high lies above its low, and no close equals
the one before. The draw is clean: none of its bars would be refused or warned of.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.vendor.listing import Listing, Plan

Floats = NDArray[np.float64]
_SHARED_VOLATILITY = 0.008
_LEAST = 0.05
_DIVIDEND_MONTHS = (2, 5, 8, 11)
_DIVIDEND_SHARE = 0.005
"""Part of the close that a quarterly dividend is."""


@dataclass(frozen=True)
class Drawn:
    """Bars of one listing as traded, an entry per session from ``begin`` on; dividends by position in the market."""

    begin: int
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    dividends: tuple[tuple[int, float], ...]


@functools.lru_cache(maxsize=8)
def _shared_moves(plan_seed: int, size: int) -> Floats:
    return Plan(seed=plan_seed).generator("market").standard_normal(size) * _SHARED_VOLATILITY


def shares_after(listing: Listing) -> Floats:
    """Return how many shares of each session one share of the first session has become."""
    multiple = np.ones(listing.end - listing.begin)
    for position, ratio in listing.splits:
        multiple[position - listing.begin :] *= ratio
    return multiple


def draw(plan: Plan, listing: Listing, size: int, months: NDArray[np.int8], variant: str = "") -> Drawn:
    """Return a listing's bars. ``size`` counts the market's sessions, ``months`` holds the month of each."""
    random = plan.generator(f"bars {listing.symbol}{variant}")
    count = listing.end - listing.begin
    own, gap, up, down, busy = random.standard_normal((5, count))
    volatility = 0.006 if listing.is_index else random.uniform(0.010, 0.024)
    moves = random.uniform(0.6, 1.4) * _shared_moves(plan.seed, size)[listing.begin : listing.end] + volatility * own
    walk = np.cumsum(moves)
    walk += np.linspace(0.0, random.normal(0.06 * count / 252, 0.4) - walk[-1], count)
    base = 4000.0 if listing.is_index else np.exp(random.uniform(np.log(20.0), np.log(300.0)))
    multiple = shares_after(listing)
    worth = base * np.sqrt(multiple[-1]) * np.exp(walk)
    close = _apart(_cents(worth / multiple))
    before = np.concatenate([worth[:1], worth[:-1]]) / multiple
    open_ = _cents(before * np.exp(0.3 * volatility * gap))
    high = _cents(np.maximum(open_, close) * (1 + 0.5 * volatility * np.abs(up)))
    low = _cents(np.minimum(open_, close) * (1 - 0.5 * volatility * np.abs(down)))
    high = np.where(high <= low, low + 0.01, high).round(2)
    busyness = 4e9 if listing.is_index else np.exp(random.uniform(np.log(1e5), np.log(2e7)))
    volume = np.maximum(np.round(busyness * multiple / np.sqrt(multiple[-1]) * np.exp(0.4 * busy)), 100.0)
    dividends = _dividends(listing, close, months) if listing.pays_dividends else ()
    return Drawn(listing.begin, open_, high, low, close, volume, dividends)


def _cents(price: Floats) -> Floats:
    return np.maximum(np.round(price, 2), _LEAST)


def _apart(close: Floats) -> Floats:
    """Return closes of which none equals the one before: a cent is added where it would."""
    while (same := np.flatnonzero(close[1:] == close[:-1]) + 1).size:
        close[same] = np.round(close[same] + 0.01, 2)
    return close


def _dividends(listing: Listing, close: Floats, months: NDArray[np.int8]) -> tuple[tuple[int, float], ...]:
    """Return a dividend in each second month of a quarter, on a session of its own for each stock."""
    at = np.arange(max(listing.begin, 1), listing.end)
    starts = at[(months[at] != months[at - 1]) & np.isin(months[at], _DIVIDEND_MONTHS)]
    sessions = [int(start) + listing.number % 15 for start in starts]
    return tuple(
        (position, max(round(_DIVIDEND_SHARE * float(close[position - listing.begin]), 2), 0.01))
        for position in sessions
        if listing.begin < position < listing.end
    )
