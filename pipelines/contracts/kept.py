"""What a step remembers from one run to the next: in the lake, but no table of the warehouse, and no asset.

Belongs here: what cannot be derived again once the next build has taken its place. Not here: anything one queries.
"""

from __future__ import annotations

from pipelines.contracts import vocabulary as v
from pipelines.contracts.table import Table


class StatedSpell(Table):
    """The states of the newest build and of the one before it, as stretches that tile the sessions of their series."""

    build_number = v.build_number(primary_key=True)
    subject_kind = v.remembered_kind(primary_key=True)
    subject_id = v.subject_id(primary_key=True)
    aspect = v.remembered_aspect(primary_key=True)
    first_session = v.remembered_from(primary_key=True)
    last_session = v.remembered_to()
    series = v.of_series()
    state = v.remembered_state(nullable=True)
    known_at = v.known_at()
    data_snapshot = v.data_snapshot(nullable=True)
    parameter_set_id = v.parameter_set_id()
    code_version = v.code_version()
