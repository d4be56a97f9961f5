"""Bars, published levels and zones that tests hand to the machine of levels. Nothing here computes a result."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import polars as pl

from pipelines.contracts.core import Level, LevelEvent, LevelState, Zone
from pipelines.contracts.vocabulary import LEVEL_CAUSES
from pipelines.parameters import Parameters
from pipelines.transforms.level_event import level_events
from pipelines.transforms.level_state import level_states
from tests.frames import prices
from tests.transforms.average_frames import averages
from tests.transforms.level_state_frames import DAY, level

ATR = 4.0
NO_LEVELS, NO_ZONES = Level.create_empty(), Zone.create_empty()
Bar = float | tuple[float | None, float | None, float]
"""A close without a range of its own, or high, low and close."""


class Made(NamedTuple):
    """What the machine makes of levels."""

    states: pl.DataFrame
    events: pl.DataFrame


def made(
    bars: pl.DataFrame,
    of_averages: pl.DataFrame,
    levels: pl.DataFrame = NO_LEVELS,
    zones: pl.DataFrame = NO_ZONES,
    parameters: Parameters | None = None,
) -> Made:
    """Run states and events, and hold both against their contracts."""
    thresholds = parameters or Parameters()
    states = LevelState.validate(level_states(bars, of_averages, levels, zones, thresholds))
    return Made(states, LevelEvent.validate(level_events(states, bars, of_averages, thresholds)))


def mirrored(bar: Bar) -> Bar:
    """Return a bar seen in a mirror that lies at 100."""
    if isinstance(bar, tuple):
        high, low, close = bar
        return (None if low is None else 200 - low, None if high is None else 200 - high, 200 - close)
    return 200 - bar


def on_bars(
    bars: Sequence[Bar],
    levels: pl.DataFrame = NO_LEVELS,
    zones: pl.DataFrame = NO_ZONES,
    *,
    atr: Sequence[float | None] | float = ATR,
    without: Sequence[int] = (),
) -> Made:
    """Run the machine over bars of instrument A, from row 0; rows ``without`` are no sessions."""
    rows = [bar if isinstance(bar, tuple) else (bar, bar, bar) for bar in bars]
    closes = [close for _, _, close in rows]
    frame = prices(closes, highs=[high for high, _, _ in rows], lows=[low for _, low, _ in rows])
    ranges = [atr] * len(rows) if isinstance(atr, float) else atr
    is_session = ~pl.col("session").is_in([DAY[row] for row in without])
    return made(
        frame.filter(is_session), averages(closes, atr_14=ranges).filter(is_session), levels, zones, Parameters()
    )


@cache
def published(
    level_id: str = "L",
    bounds: tuple[float, float] = (90, 92),
    role: str = "intermediate_support",
    *,
    valid_from: int | None = 1,
    pending_from: int | None = None,
    valid_to: int | None = None,
    superseded_from: int | None = None,
    set_id: str = "S",
    bias: str = "neutral",
    instrument_id: str = "A",
) -> pl.DataFrame:
    """Return a ``core.Level`` frame of one level, with rows for sessions; it is known from ``valid_from`` on."""
    known = valid_from if pending_from is None else pending_from
    dates = {"valid_from": valid_from, "pending_from": known, "valid_to": valid_to, "superseded_from": superseded_from}
    return level(level_id, "author", role, instrument_id=instrument_id).with_columns(
        *(pl.lit(None if row is None else DAY[row], pl.Date).alias(name) for name, row in dates.items()),
        *(pl.lit(float(bounds[0])).alias(name) for name in ("low", "evaluated_low")),
        *(pl.lit(float(bounds[1])).alias(name) for name in ("high", "evaluated_high")),
        set_id=pl.lit(set_id),
        bias=pl.lit(bias),
    )


def zone(
    zone_id: str, valid_from: int, valid_to: int | None, bounds: tuple[float, float], centre: float | None = None
) -> pl.DataFrame:
    """Return a ``core.Zone`` frame of one stretch of a zone, with rows for sessions."""
    low, high = bounds
    row = {
        "zone_id": zone_id,
        "valid_from": DAY[valid_from],
        "valid_to": None if valid_to is None else DAY[valid_to],
        "instrument_id": "A",
        "low": low,
        "high": high,
        "centre": low if centre is None else centre,
        "kinds": "swing_low",
        "n_pivots": 1,
        "recency_weight": 1.0,
        "side": "support",
    }
    return Zone.validate(pl.DataFrame([row], schema=NO_ZONES.schema, strict=False))


def each_session(states: pl.DataFrame, sessions: Sequence[dt.date], level_id: str = "L") -> list[Any]:
    """Return the row of a level that stands as of each session, None where it has none."""
    rows = states.filter(level_id=level_id).sort("valid_from").to_dicts()
    found: list[Any] = []
    for session in sessions:
        now = [row for row in rows if row["valid_from"] <= session <= (row["valid_to"] or dt.date.max)]
        assert len(now) <= 1, f"expected at most one row on {session}"
        found.append(now[0] if now else None)
    return found


def causes(events: pl.DataFrame, sessions: Sequence[dt.date], level_id: str = "L") -> list[str | None]:
    """Return what the machine did to a level on each session, None where it did nothing."""
    of_machine = events.filter(pl.col("cause").is_in(LEVEL_CAUSES), level_id=level_id)
    assert of_machine["session"].is_unique().all(), "expected one event of the machine a session"
    by_session = dict(of_machine.select("session", "cause").rows())
    return [by_session.get(session) for session in sessions]
