"""What a step remembers from one run to the next: in the lake, but no table of the warehouse, and no asset.

Belongs here: what cannot be derived again once the next build has taken its place, and sums that save a day from
reading the history. Not here: anything one queries.
"""

from __future__ import annotations

from pipelines.contracts import vocabulary as v
from pipelines.contracts.core.constituent import MemberSpell
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


class BreadthTally(Table):
    """What the bars of a bucket of stocks add up to for breadth, where an index and sector has members among them."""

    index_id = v.index_id(primary_key=True)
    sector = v.sector(primary_key=True)
    session = v.session(primary_key=True)
    members = v.members()
    without_weight = v.without_weight()
    pit_official = v.of_quality()
    pit_reconstructed = v.of_quality()
    current_backfilled = v.of_quality()
    present = v.present()
    eligible_50 = v.eligible()
    eligible_200 = v.eligible()
    eligible_change = v.eligible()
    eligible_extreme = v.eligible()
    above_50 = v.that_hold()
    above_200 = v.that_hold()
    advances = v.that_hold()
    declines = v.that_hold()
    new_highs = v.that_hold()
    new_lows = v.that_hold()
    new_high_closes = v.that_hold()
    new_low_closes = v.that_hold()
    change = v.change_sum()
    weight = v.weight_sum()
    weighted_change = v.weighted_change_sum()


class TalliedSpell(MemberSpell):
    """The spells of members that the tallies of a bucket were made with, to tell from when on new ones differ."""
