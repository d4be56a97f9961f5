"""Levels: pivots, zones, published levels, their states, events and statistics."""

from __future__ import annotations

import dataframely as dy
import polars as pl

from pipelines.contracts import vocabulary as v
from pipelines.contracts.table import Table


class Pivot(Table):
    """Swing highs and lows by three rules, each with the session on which it was known; unconfirmed ones are left out.

    No row is ever repainted: as of a session stand exactly the rows that were confirmed by then.
    """

    series_id = v.series_id(primary_key=True)
    method = v.pivot_method(primary_key=True)
    kind = v.pivot_kind(primary_key=True)
    extreme_session = v.extreme_session(primary_key=True)
    price = v.pivot_price(min_exclusive=0)
    confirmed_session = v.confirmed_session()

    @dy.rule()
    def a_pivot_is_confirmed_later(cls) -> pl.Expr:
        """No extreme is known to be one on its own session."""
        return cls.confirmed_session.col > cls.extreme_session.col


class Zone(Table):
    """Zones of pivots, record highs and round numbers as of each session, one row per stretch without a change.

    As of a session stand the rows with valid_from <= session and no valid_to before it; they are known at its close.
    The recency weight halves with every half-life after valid_from.
    """

    zone_id = v.zone_id(primary_key=True)
    valid_from = v.valid_from(primary_key=True)
    valid_to = v.valid_to(nullable=True)
    instrument_id = v.instrument_id()
    low = v.zone_low(min_exclusive=0)
    high = v.zone_high(min_exclusive=0)
    centre = v.zone_centre(min_exclusive=0)
    kinds = v.zone_kinds()
    n_pivots = v.n_pivots()
    recency_weight = v.recency_weight(min=0)
    side = v.zone_side()

    @dy.rule()
    def the_centre_lies_inside(cls) -> pl.Expr:
        """The median of the points lies between the lowest and the highest."""
        return cls.centre.col.is_between(cls.low.col, cls.high.col)


class Level(Table):
    """A published level as known at the warehouse's knowledge time; a revision is a row of its own."""

    level_id = v.level_id(primary_key=True)
    set_id = v.set_id()
    book = v.book()
    author = v.author()
    instrument_id = v.instrument_id()
    quote_instrument = v.quote_instrument()
    role = v.published_role()
    low = v.level_low(min_exclusive=0)
    high = v.level_high(min_exclusive=0)
    horizon = v.level_horizon()
    bias = v.bias()
    order_in_chain = v.order_in_chain(nullable=True)
    method = v.method()
    source_ref = v.source_ref()
    published_at = v.published_at()
    known_from = v.known_from()
    pending_from = v.level_pending_from(nullable=True)
    valid_from = v.level_valid_from(nullable=True)
    valid_to = v.book_valid_to(nullable=True)
    supersedes = v.supersedes(nullable=True)
    superseded_from = v.superseded_from(nullable=True)
    revision_kind = v.revision_kind(nullable=True)
    evaluated_low = v.evaluated_low(min_exclusive=0)
    evaluated_high = v.evaluated_high(min_exclusive=0)
    basis_flag = v.basis_flag()
    basis_points = v.basis_points(nullable=True)

    @dy.rule()
    def low_is_not_above_high(cls) -> pl.Expr:
        """A level is a price or a zone."""
        return (cls.low.col <= cls.high.col) & (cls.evaluated_low.col <= cls.evaluated_high.col)

    @dy.rule()
    def a_revision_has_a_kind(cls) -> pl.Expr:
        """A level that supersedes another says how it differs."""
        return cls.supersedes.col.is_null() == cls.revision_kind.col.is_null()


class LevelState(Table):
    """State of every level, published and detected, at the close: one row per stretch without a change.

    As of a session stand the rows with valid_from <= session and no valid_to before it. A level that expired or was
    superseded has one last row, of that session alone.
    """

    level_id = v.level_id(primary_key=True)
    valid_from = v.valid_from(primary_key=True)
    valid_to = v.valid_to(nullable=True)
    instrument_id = v.instrument_id()
    origin = v.origin()
    set_id = v.set_id(nullable=True)
    role = v.role()
    side = v.side()
    low = v.level_low(min_exclusive=0)
    high = v.level_high(min_exclusive=0)
    evaluated_low = v.evaluated_low(min_exclusive=0)
    evaluated_high = v.evaluated_high(min_exclusive=0)
    state = v.level_state()
    state_since = v.state_since()
    test_count = v.test_count()
    last_event = v.last_event(nullable=True)
    last_event_session = v.last_event_session(nullable=True)
    first_intraday = v.first_intraday(nullable=True)
    first_close = v.first_close(nullable=True)
    confirmed_two_closes = v.confirmed_two_closes(nullable=True)
    confirmed_atr = v.confirmed_atr(nullable=True)
    is_exposed = v.is_exposed(nullable=True)
    thesis_state = v.thesis_state(nullable=True)

    @dy.rule()
    def only_a_published_level_has_a_thesis(cls) -> pl.Expr:
        """set_id and thesis_state stand for published levels and are null for detected ones."""
        is_published = cls.origin.col == "published"
        return (cls.set_id.col.is_not_null() == is_published) & (cls.thesis_state.col.is_not_null() == is_published)

    @dy.rule()
    def an_event_has_its_session(cls) -> pl.Expr:
        """The last event and its session stand together."""
        return cls.last_event.col.is_null() == cls.last_event_session.col.is_null()


class LevelEvent(Table):
    """What happened to each level, with the numbers that did it; later sessions only add rows."""

    level_id = v.level_id(primary_key=True)
    session = v.session(primary_key=True)
    cause = v.cause(primary_key=True)
    instrument_id = v.instrument_id()
    origin = v.origin()
    role = v.role()
    side = v.side()
    low = v.level_low(min_exclusive=0)
    high = v.level_high(min_exclusive=0)
    from_state = v.from_state()
    to_state = v.to_state()
    close = v.close()
    bar_high = v.bar_high(nullable=True)
    bar_low = v.bar_low(nullable=True)
    atr_before = v.atr_before(nullable=True)
    tolerance = v.tolerance(nullable=True)
    threshold = v.threshold(nullable=True)


class LevelStatistics(Table):
    """How often levels held when they were tested, beside the same levels moved at random."""

    author = v.statistics_author(primary_key=True)
    instrument_id = v.instrument_id(primary_key=True)
    kind = v.statistics_kind(primary_key=True)
    tests = v.tests()
    holds = v.holds()
    breaks = v.breaks()
    hold_rate_pct = v.hold_rate_pct(nullable=True)
    placebo_hold_rate_pct = v.placebo_hold_rate_pct(nullable=True)
    placebo_sd_pct_points = v.placebo_sd_pct_points(nullable=True)
    hold_excess_pct_points = v.hold_excess_pct_points(nullable=True)
    reason = v.statistics_reason(nullable=True)
    first_test_session = v.first_test_session(nullable=True)
    last_test_session = v.last_test_session(nullable=True)

    @dy.rule()
    def a_null_excess_has_a_reason(cls) -> pl.Expr:
        """The comparison with chance is either given or explained."""
        return cls.hold_excess_pct_points.col.is_null() == cls.reason.col.is_not_null()
