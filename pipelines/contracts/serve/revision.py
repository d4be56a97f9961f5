"""What was restated after it was known, as it is served."""

from __future__ import annotations

from pipelines.contracts import core
from pipelines.contracts import vocabulary as v


class Revision(core.BarRevision):
    """What a vendor changed in bars that were known, when, by how much, and which states it moved."""

    states_moved = v.states_moved()
    states = v.states(nullable=True)
    is_synthetic = v.is_synthetic()
