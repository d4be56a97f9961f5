"""Columns of returns and record highs."""

from __future__ import annotations

import dataframely as dy

from pipelines.contracts.vocabulary import placing as p
from pipelines.contracts.vocabulary.choices import BASES, PERIODS, POINTS, RECORD_EVENTS, RETURN_REASONS

# Returns
period = p.choice("Kind of calendar period (weeks are ISO weeks)", PERIODS)
period_start = p.date("First session of the period.")
period_end = p.date("Last session of the period; the latest session while the period runs.")
period_last_session = p.date("Last session of the period by the calendar, also while it runs.")
base_session = p.date("Last session before the period, whose close is the base.")
return_pct = p.number("Close of period_end over close of base_session, less one (price return).", "per cent")
return_reason = p.choice("Why return_pct is null", RETURN_REASONS)
rank = p.count("Dense rank of the return within the universe, best first.", "rank", min=1)
rank_reason = p.choice("Why rank is null", ("rank_incomplete",))
excess_pct_points = p.number("Return less that of the universe's benchmark.", "percentage points")
relative_pct = p.number("Growth factor over that of the universe's benchmark, less one.", "per cent")
benchmark_id = p.text("Instrument that excess returns are measured against.")
positive_streak = p.column(
    dy.Int64,
    "Periods in a row with a return of one sign, this one included: positive for gains, negative for losses.",
    "periods",
)
outperformance_streak = p.column(
    dy.Int64,
    "Periods in a row ahead of (positive) or behind (negative) the benchmark, this one included.",
    "periods",
)
is_partial = p.flag("True until the last session of the period has closed.")
day_return_pct = p.number("Close over the close of the session before, less one.", "per cent")
wtd_return_pct = p.number("Price return of the ISO week to date.", "per cent")
mtd_return_pct = p.number("Price return of the month to date.", "per cent")
qtd_return_pct = p.number("Price return of the quarter to date.", "per cent")
ytd_return_pct = p.number("Price return of the year to date.", "per cent")
day_reason = p.choice("Why day_return_pct is null", RETURN_REASONS)
wtd_reason = p.choice("Why wtd_return_pct is null", RETURN_REASONS)
mtd_reason = p.choice("Why mtd_return_pct is null", RETURN_REASONS)
qtd_reason = p.choice("Why qtd_return_pct is null", RETURN_REASONS)
ytd_reason = p.choice("Why ytd_return_pct is null", RETURN_REASONS)
day_rank = p.count("Dense rank of day_return_pct within the universe.", "rank", min=1)
wtd_rank = p.count("Dense rank of wtd_return_pct within the universe.", "rank", min=1)
mtd_rank = p.count("Dense rank of mtd_return_pct within the universe.", "rank", min=1)
qtd_rank = p.count("Dense rank of qtd_return_pct within the universe.", "rank", min=1)
ytd_rank = p.count("Dense rank of ytd_return_pct within the universe.", "rank", min=1)

# Record highs
basis = p.choice("Which price makes the record (intraday = the session's high)", BASES)
record = p.number("Highest value of the basis up to and including this session.", POINTS)
record_session = p.date("Session of the record; the first one where it was equalled.")
drawdown_pct = p.number("Close below the record, zero at a record close.", "per cent")
sessions_since = p.count("Sessions of the series from the record to this one (0 on the day itself).", "sessions")
sessions_between = p.count("Sessions strictly between the record and this one.", "sessions")
is_new_record = p.flag("True where this session set the record.")
history_from = p.date("First session the record is measured from.")
is_all_time = p.flag(
    "True where a seeded record close covers the time before the first bar; else it counts from history_from."
)
record_reason = p.choice("Why record is null", ("no_intraday_range",))
proximity = p.choice("Where the session's high stands against the record before it", ("approach", "retest", "exceed"))
proximity_pct = p.number("The session's high against the intraday record before it.", "per cent")
event = p.choice("What happened", RECORD_EVENTS)
value = p.number("The value that made the event: the close or the high.", POINTS)
previous_value = p.number("The record before this session.", POINTS)
previous_session = p.date("Session of the record before this session.")
gap_pct = p.number("value against previous_value.", "per cent")
episode_session = p.count("Ordinal of this kind of event within its episode near the record.", "events", min=1)
record_close = p.number("Record close, this session included.", "points")
record_close_session = p.date("Session of the record close.")
record_close_is_new = p.flag("True where this session set the record close.")
record_intraday = p.number("Record high of the session's range, this session included.", "points")
record_intraday_reason = p.choice("Why record_intraday is null", ("no_intraday_range",))
record_intraday_session = p.date("Session of the intraday record.")
record_intraday_is_new = p.flag("True where this session set the intraday record.")
intraday_drawdown_pct = p.number("Close below the intraday record.", "per cent")
