"""What was restated after it was known, and which states changed from build to build, as they are served."""

from __future__ import annotations

from pipelines.contracts import core
from pipelines.contracts import vocabulary as v


class Revision(core.BarRevision):
    """What a vendor changed in bars that were known, when, by how much, and which states it moved."""

    states_moved = v.states_moved()
    states = v.states(nullable=True)
    is_synthetic = v.is_synthetic()


class StateChange(core.StateChange):
    """What a build states otherwise than the one before it, and why; one row per stretch, rows are only added."""
