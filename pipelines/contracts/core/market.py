"""Calendar, instruments, bars, ratios, and all of them as one kind of series."""

from __future__ import annotations

import dataframely as dy
import polars as pl

from pipelines.contracts import vocabulary as v
from pipelines.contracts.table import Table


class Session(Table):
    """The exchange calendar: one row per session, from the first bar to the last week of the last one's year."""

    session = v.session(primary_key=True)
    session_number = v.session_number()
    opens_at = v.opens_at()
    closes_at = v.closes_at()
    settles_at = v.settles_at()
    is_early_close = v.is_early_close()
    week = v.week()
    month = v.month()
    quarter = v.quarter()
    year = v.year()


class Instrument(Table):
    """The instruments of the warehouse, from a curated seed."""

    instrument_id = v.instrument_id(primary_key=True)
    name = v.name()
    asset_class = v.asset_class()
    currency = v.currency(regex="^[A-Z]{3}$")
    vendor_symbol = v.vendor_symbol(unique=True)
    aliases = v.aliases()
    tick_size = v.tick_size()
    intraday_from = v.intraday_from(nullable=True)
    record_seed_close = v.record_seed_close(nullable=True)
    record_seed_session = v.record_seed_session(nullable=True)
    record_seed_first_session = v.record_seed_first_session(nullable=True)
    source = v.source()
    as_of = v.as_of()
    is_synthetic = v.is_synthetic()


class RatioPair(Table):
    """The ratio pairs that are followed, from a curated seed."""

    pair_id = v.pair_id(primary_key=True)
    numerator_id = v.numerator_id()
    denominator_id = v.denominator_id()
    base_date = v.base_date()
    source = v.source()
    as_of = v.as_of()

    @dy.rule()
    def pair_id_is_numerator_over_denominator(cls) -> pl.Expr:
        """The id spells out the pair."""
        return cls.pair_id.col == pl.concat_str(cls.numerator_id.col, cls.denominator_id.col, separator="/")


class UniverseMember(Table):
    """Which instruments are ranked together, from a curated seed."""

    universe_id = v.universe_id(primary_key=True)
    instrument_id = v.instrument_id(primary_key=True)
    is_benchmark = v.is_benchmark()
    source = v.source()
    as_of = v.as_of()


class Bar(Table):
    """One accepted daily bar: the newest version known at the warehouse's knowledge time that no rule holds back."""

    instrument_id = v.instrument_id(primary_key=True)
    session = v.session(primary_key=True)
    open = v.open(min_exclusive=0)
    high = v.high(min_exclusive=0)
    low = v.low(min_exclusive=0)
    close = v.close(min_exclusive=0)
    volume = v.volume(nullable=True)
    is_close_only = v.is_close_only()
    source = v.source()
    known_from = v.known_from()
    versions = v.versions()

    @dy.rule()
    def high_is_highest(cls) -> pl.Expr:
        """No price of the session lies above its high."""
        return cls.high.col >= pl.max_horizontal(cls.open.col, cls.low.col, cls.close.col)

    @dy.rule()
    def low_is_lowest(cls) -> pl.Expr:
        """No price of the session lies below its low."""
        return cls.low.col <= pl.min_horizontal(cls.open.col, cls.close.col)


class MissingSession(Table):
    """A calendar session on which an instrument should have a bar and has none."""

    instrument_id = v.instrument_id(primary_key=True)
    session = v.session(primary_key=True)


class Ratio(Table):
    """Ratio of two closes, on sessions on which both have an accepted bar."""

    pair_id = v.pair_id(primary_key=True)
    session = v.session(primary_key=True)
    ratio = v.ratio(min_exclusive=0)
    numerator_close = v.numerator_close(min_exclusive=0)
    denominator_close = v.denominator_close(min_exclusive=0)
    rebased = v.rebased(nullable=True)
    mansfield_pct = v.mansfield_pct(nullable=True)
    mansfield_slope_bp_per_week = v.mansfield_slope_bp_per_week(nullable=True)


class SeriesPrice(Table):
    """One value a session of every series, instruments and ratio pairs alike; a pair has closes only."""

    series_id = v.series_id(primary_key=True)
    session = v.session(primary_key=True)
    series_kind = v.series_kind()
    close = v.close(min_exclusive=0)
    high = v.range_high(nullable=True)
    low = v.range_low(nullable=True)
    missing_before = v.missing_before()
