"""Columns of quality rules, of what broke them, of corporate actions as they stand, and of the second source."""

from __future__ import annotations

from pipelines.contracts.quality import BAR_WARNINGS, SEVERITIES
from pipelines.contracts.vocabulary import placing as p
from pipelines.contracts.vocabulary.choices import HELD_ACTION_RULES, HELD_BAR_RULES

# Rules
quality_rule = p.text("Name of the rule.")
severity = p.choice("What becomes of a row that breaks the rule", SEVERITIES)
applies_to = p.text("What the rule is about: index and stock (bars), action, document; separated by commas.")
rule_text = p.text("What the rule says of a row that breaks it.")
found_in = p.text("Tables that list the rows that break it, separated by commas.")

finding_count = p.count("Rows that break the rule.", "rows", min=1)

# Bars that were kept, or held back
bar_warning = p.choice("What is odd about a bar that was kept", BAR_WARNINGS)
warning_value = p.number("The number that the rule looked at.", "see warning")
warned_bars = p.count("Bars that were kept and are odd.", "bars")
warned_by_rule = p.text("Odd bars by what is odd about them, such as jump: 2; null for none.")
held_rule = p.choice("Why the newest version is held back", HELD_BAR_RULES)
held_close = p.number("Close of the version that is held back.", "points")
reference_close = p.number("The close it was held against: the last good one of the session or before it.", "points")
finding = p.text("What the rule saw, in words.")
quarantined_bars = p.count("Bars whose newest version is held back.", "bars")
quarantined_by_rule = p.text("Held back bars and actions by rule, such as unseen_split: 250; null for none.")
sessions_behind = p.count("Calendar sessions from its last bar to the newest one of the warehouse.", "sessions")

# Corporate actions and factors
adjusting_split_factor = p.number(
    "Price in shares of today over price as traded, by the splits that are effective and known.",
    "ratio",
    min_exclusive=0,
)
split_factor_before = p.number(
    "Price in shares of today over price as traded, for sessions before ex_session and from the ex_session before on.",
    "ratio",
    min_exclusive=0,
)
dividend_factor_before = p.number(
    "What split-adjusted closes are multiplied by for dividends, on the same sessions.",
    "ratio",
    min_exclusive=0,
    max=1,
)
action_factor = p.number(
    "What this action alone multiplies earlier prices by: 1/ratio, or 1 - dividend/close before; null where left out.",
    "ratio",
    min_exclusive=0,
)
LEFT_OUT_REASONS = ("not_effective", "no_bar_before", *HELD_ACTION_RULES)
left_out_reason = p.choice("Why the action adjusts nothing; null where it does", LEFT_OUT_REASONS)
close_before = p.number("Close of the session before ex_session, in the shares that the action is stated in.", "points")

# Second source
second_close = p.number("Close by the second source.", "points")
gap_bp = p.number("Close of the second source over ours, less one.", "basis points")
is_beyond = p.flag("True where the gap exceeds what two sources may differ by.")
compared_sessions = p.count("Sessions on which the second source has a close too; null without one.", "sessions")
gap_sessions = p.count(
    "Sessions on which the second source's close differs by more than it may; null without one.", "sessions"
)
