"""States of levels, published levels and zones set by hand, for the tests of what is derived from them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from pipelines.contracts.core import Level, LevelState, Zone
from tests.frames import days

DAY = days(3_000)
PUBLISHED = dt.datetime(2019, 12, 31, tzinfo=dt.UTC)


def states(*rows: dict[str, Any]) -> pl.DataFrame:
    """Return a ``core.LevelState`` frame of what ``state`` returns."""
    return LevelState.validate(pl.DataFrame(list(rows), schema=LevelState.create_empty().schema))


def state(
    level_id: str,
    valid_from: int,
    valid_to: int | None,
    bounds: tuple[float, float],
    *,
    tests: int = 0,
    event: int | None = None,
    state: str = "intact",
    side: str = "support",
    instrument_id: str = "A",
    role: str | None = None,
) -> dict[str, Any]:
    """Return one stretch of a level, with rows for sessions; a level with a role is published."""
    low, high = bounds
    return {
        "level_id": level_id,
        "valid_from": DAY[valid_from],
        "valid_to": None if valid_to is None else DAY[valid_to],
        "instrument_id": instrument_id,
        "origin": "published" if role else "detected",
        "set_id": "S" if role else None,
        "role": role or side,
        "side": side,
        "low": low,
        "high": high,
        "evaluated_low": low,
        "evaluated_high": high,
        "state": state,
        "state_since": DAY[valid_from],
        "test_count": tests,
        "last_event": None if event is None else "touched",
        "last_event_session": None if event is None else DAY[event],
        "thesis_state": "standing" if role else None,
    }


def level(level_id: str, author: str, role: str = "key_support", *, instrument_id: str = "A") -> pl.DataFrame:
    """Return a ``core.Level`` frame of one level; its numbers are those of no state."""
    row = {
        "level_id": level_id,
        "set_id": "S",
        "book": "book",
        "author": author,
        "instrument_id": instrument_id,
        "quote_instrument": instrument_id,
        "role": role,
        "low": 1.0,
        "high": 1.0,
        "horizon": "medium",
        "bias": "bullish",
        "method": "unknown",
        "source_ref": "test",
        "published_at": PUBLISHED,
        "known_from": PUBLISHED,
        "evaluated_low": 1.0,
        "evaluated_high": 1.0,
        "basis_flag": "cash",
    }
    return Level.validate(pl.DataFrame([row], schema=Level.create_empty().schema))


def zone(
    zone_id: str,
    valid_from: int = 0,
    valid_to: int | None = None,
    *,
    kinds: str = "swing_low",
    n_pivots: int = 1,
    instrument_id: str = "A",
) -> pl.DataFrame:
    """Return a ``core.Zone`` frame of one stretch of a zone; its numbers are those of no state."""
    row = {
        "zone_id": zone_id,
        "valid_from": DAY[valid_from],
        "valid_to": None if valid_to is None else DAY[valid_to],
        "instrument_id": instrument_id,
        "low": 1.0,
        "high": 1.0,
        "centre": 1.0,
        "kinds": kinds,
        "n_pivots": n_pivots,
        "recency_weight": 1.0,
        "side": "support",
    }
    return Zone.validate(pl.DataFrame([row], schema=Zone.create_empty().schema))
