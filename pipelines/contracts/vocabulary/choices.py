"""The closed lists that columns choose from, and the unit that most prices share."""

from pipelines.contracts.quality import rules_of

BASES = ("close", "intraday")
CROSSES = ("golden", "death")
HORIZONS = ("medium", "major")
LEVEL_BIASES = ("bullish", "bearish", "neutral")
LEVEL_CAUSES = (
    "superseded",
    "expired",
    "atr",
    "two_closes",
    "reclaimed",
    "role_reversed",
    "first_close",
    "failed_break",
    "retest_held",
    "pierced",
    "test_lapsed",
    "touched",
    "restored",
)
"""What changes the state of a level, by the rule that did it."""
CHAIN_CAUSES = ("negated", "exposed")
"""What the break of one level means for its set."""
LEVEL_HORIZONS = ("short", "medium", "major")
LEVEL_ORIGINS = ("published", "detected")
LEVEL_ROLES = (
    "key_support",
    "intermediate_support",
    "next_support",
    "key_resistance",
    "intermediate_resistance",
    "next_resistance",
)
"""Roles of published levels; a detected one is a plain support or resistance."""
LEVEL_SIDES = ("support", "resistance")
LEVEL_STATES = (
    "pending",
    "intact",
    "testing",
    "broken_provisional",
    "broken",
    "cleared",
    "role_reversed",
    "reclaimed",
    "expired",
    "superseded",
)
LABELS = ("rising", "falling", "flat")
PERIODS = ("week", "month", "quarter", "year")
PHASES = ("up", "down")
PIVOT_KINDS = ("high", "low")
PIVOT_METHODS = ("fractal", "zigzag_atr", "zigzag_pct")
RECORD_EVENTS = ("new_record", "fresh", "marginal", "approach", "retest")
REVISION_KINDS = ("tightened", "widened", "raised", "lowered", "restated")
STATEMENTS = (
    "major and medium-term uptrend intact",
    "corrective decline within major uptrend",
    "counter-trend rally within major downtrend",
    "major and medium-term downtrend",
)
THESIS_STATES = ("standing", "negated")
VERDICTS = ("outperforming", "underperforming", "none")
REJECTION_RULES = rules_of("reject")
HELD_BAR_RULES = rules_of("quarantine", "stock")
HELD_ACTION_RULES = rules_of("quarantine", "action")
ZONE_KINDS = ("swing_high", "swing_low", "record_high", "round_number")
ZONE_SIDES = ("support", "resistance", "at_price")
WINDOW_REASONS = ("warm_up", "missing_sessions")
RETURN_REASONS = ("no_base_session", "missing_base_close", "missing_end_close")

POINTS = "points (ratio units for a pair)"
