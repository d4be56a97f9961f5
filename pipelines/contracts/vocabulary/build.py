"""Columns of data health and of the build itself."""

from __future__ import annotations

from pipelines.contracts.vocabulary import placing as p
from pipelines.contracts.vocabulary.choices import LEVEL_STATES

# Health and build
first_session = p.date("First session with an accepted bar.")
last_session = p.date("Last session with an accepted bar.")
bars = p.count("Accepted bars.", "bars")
expected_sessions = p.count("Calendar sessions between the first bar and the warehouse's last session.", "sessions")
missing_sessions = p.count("Expected sessions without an accepted bar.", "sessions")
first_missing_session = p.date("Earliest missing session.")
last_missing_session = p.date("Latest missing session.")
rejected_rows = p.count(
    "Rows kept out by a row rule, without bars that came too early and were accepted later.", "rows"
)
rejected_by_rule = p.text("Count of rejected rows by rule, such as duplicate: 2.")
nearest_support_id = p.text("level_id of the nearest level below the close; null where none stands.")
nearest_support_low = p.number("Lower edge of the nearest level below, as evaluated.", "points")
nearest_support_high = p.number("Upper edge of the nearest level below, as evaluated.", "points")
nearest_support_state = p.choice("State of the nearest level below", LEVEL_STATES)
nearest_support_kinds = p.text("What the nearest level below is: its role as published, or the kinds of its zone.")
nearest_support_distance_pct = p.number("From the close to its upper edge, zero inside.", "per cent")
nearest_resistance_id = p.text("level_id of the nearest level above the close; null where none stands.")
nearest_resistance_low = p.number("Lower edge of the nearest level above, as evaluated.", "points")
nearest_resistance_high = p.number("Upper edge of the nearest level above, as evaluated.", "points")
nearest_resistance_state = p.choice("State of the nearest level above", LEVEL_STATES)
nearest_resistance_kinds = p.text("What the nearest level above is: its role as published, or the kinds of its zone.")
nearest_resistance_distance_pct = p.number("From the close to its lower edge, zero inside.", "per cent")
relative_regimes = p.text("The standing verdict of every ratio pair the instrument is part of, in words.")
generation = p.count("Ordinal of the build, one more than the file it replaced.", "builds", min=1)
built_at = p.moment("When this file was built.")
known_at = p.moment("Knowledge time of the build: rows known later are left out.")
parameter_set_id = p.text("Id of the parameter set of every derived number.")
data_snapshot = p.text(
    "Facts that core was derived from, by table and hash, and the parameters; equal ones mean equal core tables,"
    " but for the log of changes."
)
code_version = p.text("Version of the code that built the file.")
table_name = p.text("Schema and table.")
row_count = p.count("Rows in the table; null for a view, whose rows are not stored.", "rows")
content_hash = p.text(
    "SHA-256 over the table's rows in key order, or over the SELECT of a view; equal hashes mean equal content."
)
