"""What changed after it was known: later versions of bars, and states that differ from build to build."""

from __future__ import annotations

import dataframely as dy
import polars as pl

from pipelines.contracts import vocabulary as v
from pipelines.contracts.table import Log, Table


class BarRevision(Table):
    """One later version of a bar, of an index or a stock, with the values before and after.

    A version that differs in the vendor's adjusted close alone is left out, as nothing is derived from that.
    """

    asset_class = v.asset_class(primary_key=True)
    instrument_id = v.instrument_id(primary_key=True)
    session = v.session(primary_key=True)
    bar_version = v.bar_version(primary_key=True)
    earlier_known_from = v.earlier_known_from()
    known_from = v.known_from()
    kind = v.revision_of_bar()
    earlier_open = v.earlier_open()
    open = v.open()
    earlier_high = v.earlier_high()
    high = v.high()
    earlier_low = v.earlier_low()
    low = v.low()
    earlier_close = v.earlier_close()
    close = v.close()
    earlier_volume = v.earlier_volume(nullable=True)
    volume = v.volume(nullable=True)
    close_change_bp = v.close_change_bp()
    range_change_bp = v.range_change_bp()
    is_material = v.is_material()

    @dy.rule()
    def a_later_version_is_known_later(cls) -> pl.Expr:
        """Versions follow one another in time."""
        return cls.known_from.col > cls.earlier_known_from.col


class StateChange(Log):
    """What this build states otherwise than the one before, and why; a log that only grows, one row per stretch.

    An aspect that differs in many stretches has one row for all of them. For the cause price, and only for it, the row
    is a transition at a session that the build before did not reach.
    """

    comparison_number = v.comparison_number(primary_key=True)
    subject_kind = v.subject_kind(primary_key=True)
    subject_id = v.subject_id(primary_key=True)
    aspect = v.aspect(primary_key=True)
    first_session = v.change_first_session(primary_key=True)
    last_session = v.change_last_session()
    stretches = v.stretches(nullable=True)
    changed_sessions = v.changed_sessions(nullable=True)
    series_id = v.of_series()
    from_state = v.from_stated(nullable=True)
    to_state = v.to_stated(nullable=True)
    cause = v.change_cause()
    evidence = v.evidence()
    previous_known_at = v.previous_known_at()
    known_at = v.known_at()
    previous_data_snapshot = v.previous_data_snapshot(nullable=True)
    data_snapshot = v.data_snapshot(nullable=True)

    @dy.rule()
    def something_changed(cls) -> pl.Expr:
        """From and to differ."""
        return cls.from_state.col.ne_missing(cls.to_state.col)
