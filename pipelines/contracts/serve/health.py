"""How complete the data is, the dimensions, and which build one looks at."""

from __future__ import annotations

from pipelines.contracts import core, raw
from pipelines.contracts import vocabulary as v
from pipelines.contracts.table import Table


class QualityRule(core.QualityRule):
    """The declared quality rules: what is rejected, held back or warned of, and where it is listed."""


class QualityFinding(Table):
    """How many rows of an instrument break which quality rule."""

    asset_class = v.asset_class(primary_key=True)
    instrument_id = v.instrument_id(primary_key=True)
    rule = v.quality_rule(primary_key=True)
    severity = v.severity()
    row_count = v.finding_count()


class DataHealth(Table):
    """How complete the bars of each instrument are, what was kept out, and what was kept and is odd."""

    instrument_id = v.instrument_id(primary_key=True)
    asset_class = v.asset_class(primary_key=True)
    source = v.source()
    is_synthetic = v.is_synthetic()
    first_session = v.first_session(nullable=True)
    last_session = v.last_session(nullable=True)
    bars = v.bars()
    expected_sessions = v.expected_sessions()
    missing_sessions = v.missing_sessions()
    first_missing_session = v.first_missing_session(nullable=True)
    last_missing_session = v.last_missing_session(nullable=True)
    sessions_behind = v.sessions_behind(nullable=True)
    rejected_rows = v.rejected_rows()
    rejected_by_rule = v.rejected_by_rule(nullable=True)
    quarantined_bars = v.quarantined_bars()
    quarantined_by_rule = v.quarantined_by_rule(nullable=True)
    warned_bars = v.warned_bars()
    warned_by_rule = v.warned_by_rule(nullable=True)
    compared_sessions = v.compared_sessions(nullable=True)
    gap_sessions = v.gap_sessions(nullable=True)


class QuarantinedBar(core.QuarantinedBar):
    """A bar whose newest version is stored and held back; the last good version stands in its place, or a gap."""


class SourceGap(core.SourceGap):
    """The close of an index by our source and by the second one, on sessions that both have."""


class StockAction(core.StockAction):
    """A split or dividend as known, the newest version that was not withdrawn, and whether it adjusts prices."""


class MissingSession(core.MissingSession):
    """A calendar session on which an instrument should have a bar and has none."""


class RejectedRow(raw.RejectedRow):
    """A row that a source handed over and a row rule kept out, as received."""


class Session(core.Session):
    """The exchange calendar as a dimension: one row per session."""


class Instrument(core.Instrument):
    """The instruments as a dimension."""


class WarehouseBuild(Table):
    """What one is looking at: the build this file comes from, one row per table."""

    table_name = v.table_name(primary_key=True)
    row_count = v.row_count(nullable=True)
    content_hash = v.content_hash()
    generation = v.generation()
    built_at = v.built_at()
    source = v.source()
    is_synthetic = v.is_synthetic()
    last_session = v.last_session(nullable=True)
    known_at = v.known_at()
    data_snapshot = v.data_snapshot(nullable=True)
    parameter_set_id = v.parameter_set_id()
    code_version = v.code_version()
