"""Levels as they are served."""

from __future__ import annotations

from pipelines.contracts import core
from pipelines.contracts import vocabulary as v
from pipelines.contracts.table import Table


class Level(core.Level):
    """The level books: every published level as known when the warehouse was built, revisions included."""


class LevelState(Table):
    """State of every level, published and detected, at the close of every session on which it stood.

    A view: one session of one instrument is asked for quickly, all of history is not stored.
    """

    level_id = v.level_id(primary_key=True)
    session = v.session(primary_key=True)
    instrument_id = v.instrument_id()
    origin = v.origin()
    set_id = v.set_id(nullable=True)
    author = v.author(nullable=True)
    role = v.role()
    side = v.side()
    low = v.level_low()
    high = v.level_high()
    evaluated_low = v.evaluated_low()
    evaluated_high = v.evaluated_high()
    basis_flag = v.basis_flag(nullable=True)
    kinds = v.zone_kinds(nullable=True)
    n_pivots = v.n_pivots(nullable=True)
    close = v.close()
    distance_pct = v.distance_pct()
    distance_atr = v.distance_atr(nullable=True)
    state = v.level_state()
    state_since = v.state_since()
    test_count = v.test_count()
    last_event = v.last_event(nullable=True)
    last_event_session = v.last_event_session(nullable=True)
    next_exposed = v.next_exposed(nullable=True)
    is_exposed = v.is_exposed(nullable=True)
    thesis_state = v.thesis_state(nullable=True)
    first_intraday = v.first_intraday(nullable=True)
    first_close = v.first_close(nullable=True)
    confirmed_two_closes = v.confirmed_two_closes(nullable=True)
    confirmed_atr = v.confirmed_atr(nullable=True)
    is_synthetic = v.is_synthetic()


class LevelEvent(core.LevelEvent):
    """What happened to each level, with the numbers that did it; later sessions only add rows."""


class LevelStatistics(core.LevelStatistics):
    """How often levels held when they were tested, beside the same levels moved at random."""
