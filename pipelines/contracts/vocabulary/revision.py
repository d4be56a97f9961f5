"""Columns of revisions of bars and of changes of states between builds."""

from __future__ import annotations

from pipelines.contracts.vocabulary import placing as p

BAR_REVISION_KINDS = ("close", "range", "volume")
"""What a later version of a bar says otherwise: its close; else open, high or low; else the volume alone."""
SUBJECT_KINDS = ("trend", "regime", "record", "level", "stock_trend")
ASPECTS = (
    "medium_phase",
    "medium_since",
    "major_phase",
    "major_since",
    "verdict",
    "verdict_since",
    "record_close",
    "record_intraday",
    "level_state",
)
"""What is stated of a subject; the phases and onsets of a trend, a regime's verdict, records, the state of a level."""
CHANGE_CAUSES = ("price", "vendor_revision", "corporate_action", "calendar_fix", "param_change")

# Revisions of bars
bar_version = p.count("Ordinal of the later version among all of the bar, from 2.", "versions", min=2)
earlier_known_from = p.moment("When the version before was known; it was until known_from of this one.")
revision_of_bar = p.choice("What was restated, the first that holds", BAR_REVISION_KINDS)
earlier_open = p.number("Opening price of the version before.", "points")
earlier_high = p.number("Highest price of the version before.", "points")
earlier_low = p.number("Lowest price of the version before.", "points")
earlier_close = p.number("Closing price of the version before.", "points")
earlier_volume = p.number("Volume of the version before.", "shares")
close_change_bp = p.number("Close of this version over that of the version before, less one.", "basis points")
range_change_bp = p.number(
    "The larger of the changes of high and low, each as of the version before, without sign.", "basis points"
)
is_material = p.flag(
    "True where the close moved by more than revision_close_bp, or high or low by revision_range_bp or more."
)
states_moved = p.count(
    "Changes of states in core.state_change that this revision, or another that came with it, explains.", "changes"
)
states = p.text("Those changes in words; null where none.")

# Changes of states between builds
comparison_number = p.count("Ordinal of the comparison of two builds that found the change, from 2.", "builds", min=2)
build_number = p.count("Ordinal of the build whose states they are.", "builds", min=1)
subject_kind = p.choice("What changed its state", SUBJECT_KINDS)
subject_id = p.text("The series_id, pair_id, level_id or, of a stock_trend, instrument_id whose state changed.")
aspect = p.choice("What is stated of it", ASPECTS)
of_series = p.text("The instrument or pair whose prices the state stands on.")
change_first_session = p.date(
    "First session whose state both builds give and give differently; for cause price the session that changed it."
)
change_last_session = p.date("Last session of the change; for cause price the same.")
stretches = p.count(
    "Unbroken stretches of one and the same change that the row tells of: 1, or all of an aspect where they are many."
    " Null where it was logged before that was counted.",
    "stretches",
    min=1,
)
changed_sessions = p.count(
    "Sessions whose state both builds give and give differently. Null where it was logged before that was counted.",
    "sessions",
    min=1,
)
from_stated = p.text(
    "State of the last session by the build before; for cause price that of the session before. Null for none."
)
to_stated = p.text("State of the last session by this build; null for none.")
change_cause = p.choice("Why it changed", CHANGE_CAUSES)
evidence = p.text("What speaks for the cause, such as RUT 2024-11-25 close 2442.03 -> 2441.1 (version 2).")
previous_known_at = p.moment("Knowledge time of the build before.")
previous_data_snapshot = p.text("Facts that the states of the build before were derived from, by table and hash.")

# States as a build remembers them
remembered_kind = p.text("Kind of subject, or coverage (sessions with a value) or calendar (sessions of a month).")
remembered_aspect = p.text("Aspect of the subject, or bars, or sessions.")
remembered_from = p.date("First session of the stretch.")
remembered_to = p.date("Last session with a value in the stretch.")
remembered_state = p.text("The state; null for none.")
