"""Averages and trend states of stocks: the columns of the indices' tables, of an instrument each."""

from __future__ import annotations

from pipelines.contracts import vocabulary as v
from pipelines.contracts.core.trend_column import Averages, Phases, StockSession
from pipelines.contracts.table import Table


class StockMovingAverage(StockSession, Averages, Table):
    """Averages of the split-adjusted close, slopes, average true range and distances, per stock and session."""

    bar_number = v.bar_number()


class StockTrendState(StockSession, Phases, Table):
    """Phase of the 50-session (medium) and 200-session (major) average, and both in words, per stock and session."""
