"""Quality rules, what is held back or odd, and how far a second source is from ours."""

from __future__ import annotations

from pipelines.contracts import vocabulary as v
from pipelines.contracts.table import Table


class QualityRule(Table):
    """The declared quality rules: what is rejected, held back or warned of."""

    rule = v.quality_rule(primary_key=True)
    severity = v.severity()
    applies_to = v.applies_to()
    rule_text = v.rule_text()
    found_in = v.found_in()


class QuarantinedBar(Table):
    """A bar whose newest version is stored and held back; the last good version stands in its place, or a gap."""

    asset_class = v.asset_class(primary_key=True)
    instrument_id = v.instrument_id(primary_key=True)
    session = v.session(primary_key=True)
    known_from = v.known_from()
    rule = v.held_rule()
    held_close = v.held_close()
    reference_close = v.reference_close(nullable=True)
    evidence = v.finding()


class BarWarning(Table):
    """A bar of an index that was kept and is odd: an unusual move, no volume or range, a close that stands still."""

    instrument_id = v.instrument_id(primary_key=True)
    session = v.session(primary_key=True)
    warning = v.bar_warning(primary_key=True)
    warning_value = v.warning_value()


class SourceGap(Table):
    """The close of an index by our source and by the second one, on sessions that both have."""

    instrument_id = v.instrument_id(primary_key=True)
    session = v.session(primary_key=True)
    close = v.close(min_exclusive=0)
    second_close = v.second_close(min_exclusive=0)
    gap_bp = v.gap_bp()
    is_beyond = v.is_beyond()
