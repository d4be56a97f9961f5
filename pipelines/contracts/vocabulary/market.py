"""Columns of instruments, bars, ratios, averages, trends, returns, records, levels and of the build itself."""

from __future__ import annotations

import dataframely as dy

from pipelines.contracts.vocabulary import placing as p
from pipelines.contracts.vocabulary.placing import Placing

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
REJECTION_RULES = (
    "unparsable",
    "not_a_session",
    "session_not_closed",
    "non_positive",
    "high_below_body",
    "low_above_body",
    "duplicate",
    "filler_bar",
    "wrong_width",
    "no_filing",
)
ZONE_KINDS = ("swing_high", "swing_low", "record_high", "round_number")
ZONE_SIDES = ("support", "resistance", "at_price")
WINDOW_REASONS = ("warm_up", "missing_sessions")
RETURN_REASONS = ("no_base_session", "missing_base_close", "missing_end_close")
_POINTS = "points (ratio units for a pair)"

# Identity and time
instrument_id = p.text("Our stable id of the instrument, such as RUT.")
pair_id = p.text("Ratio pair, numerator over denominator, such as RUT/NDX.")
series_id = p.text("An instrument_id or a pair_id: whatever has one value a session.")
series_kind = p.choice("What the series is", ("instrument", "pair"))
session = p.date("Exchange session date (XNYS).")
universe_id = p.text("Named set of instruments that are ranked together.")
source = p.text("Where the fact comes from: a market source or a citation.")
as_of = p.date("Date on which the curated fact was checked.")
is_synthetic = p.flag("True where the bars are a made-up sample and not market data.")
known_from = p.moment(
    "When the value was known: observed at the fetch, or assumed for a bar of long ago: once its session had settled."
)
known_basis = p.choice("How known_from was set", ("observed", "assumed"))
fetched_at = p.moment("When the value was read from the source.")
payload_hash = p.text("SHA-256 of what the source handed over (a file, a response), to tell batches apart.")
locator = p.text("Where in the source the row stands, such as a file and its line.")
payload = p.text("The row as received, as JSON text.")
received_payload = p.text("The row as received, as JSON text; null where its columns say all of it.")
raw_table = p.text("Raw table that the row was kept out of, such as bar or holding.")
rejected_subject = p.text("What the row is of: an instrument, a fund, or the kind of the document.")
row_id = p.text("Hash that identifies the rejected row, so that the same row is kept once.")
rule = p.choice("The row rule that was broken", REJECTION_RULES)
versions = p.count("Number of versions of this bar known so far.", "versions", min=1)

# Calendar
session_number = p.count("Ordinal of the session in this table, from 1.", "sessions", min=1)
opens_at = p.moment("Scheduled open of the session.")
closes_at = p.moment("Scheduled close of the session, early closes included.")
is_early_close = p.flag("True where the exchange closes early.")
week = p.text("ISO week of the session, such as 2024-W48.")
month = p.text("Calendar month of the session, such as 2024-11.")
quarter = p.text("Calendar quarter of the session, such as 2024-Q4.")
year = p.column(dy.Int32, "Calendar year of the session.")

# Instruments and pairs
name = p.text("Full name; says so where the bars are synthetic.")
asset_class = p.text("Kind of instrument: index or stock.")
currency = p.text("ISO 4217 code of the quote currency.")
vendor_symbol = p.text("Yahoo's symbol, such as ^RUT.")
aliases = p.text("Other names by which files call the instrument, separated by |.")
tick_size = p.number("Smallest step of a quotation.", "points", min=0)
intraday_from = p.date("First session from which highs and lows are complete; null: from the first bar.")
record_seed_close = p.number("Record close that stood before record_seed_first_session.", "points")
record_seed_session = p.date("Session of record_seed_close.")
record_seed_first_session = p.date("The first session that the seed precedes; it serves only bars that begin there.")
numerator_id = p.text("Instrument whose close stands above the line.")
denominator_id = p.text("Instrument whose close stands below the line.")
base_date = p.date("The ratio is rebased to 100 on the last common session on or before this date.")
is_benchmark = p.flag("True for the member that excess returns of the universe are measured against.")

# Bars and ratios
open = p.number("Opening price.", "points")
high = p.number("Highest price of the session.", "points")
low = p.number("Lowest price of the session.", "points")
close = p.number("Closing price; the ratio of the two closes for a pair.", _POINTS)
adjusted_close = p.number("The vendor's dividend-adjusted close, as received.", "points")
volume = p.number("Volume as the vendor reports it.", "shares", min=0)
received_volume = p.number("Volume as received, before the row rules.", "shares")
is_close_only = p.flag("True where open, high, low and close are equal: a closing value without a range.")
range_high = p.number("Highest price of the session; null for a pair and for a close-only bar.", "points")
range_low = p.number("Lowest price of the session; null for a pair and for a close-only bar.", "points")
missing_before = p.count("Calendar sessions without a value since the row before.", "sessions")
numerator_close = p.number("Close of the numerator.", "points")
denominator_close = p.number("Close of the denominator.", "points")
ratio = p.number("Close of the numerator over close of the denominator.", "ratio")
rebased = p.number("The ratio with 100 on its base session; null before it.", "index, base = 100")
mansfield_pct = p.number(
    "Mansfield relative strength: the ratio against the mean of its last 52 weekly closes; null before there are 52.",
    "per cent",
)
mansfield_slope_bp_per_week = p.number(
    "Slope of the 52-week mean of the ratio over four weeks; null before there are 56.", "basis points per week"
)


def _average(kind: str, span: int) -> Placing:
    return p.number(f"{kind} moving average of the close over {span} sessions.", _POINTS)


# Averages
sma_20 = _average("Simple", 20)
sma_50 = _average("Simple", 50)
sma_200 = _average("Simple", 200)
ema_50 = _average("Exponential (seeded with the simple one)", 50)
ema_200 = _average("Exponential (seeded with the simple one)", 200)
ema_50_is_stable = p.flag(
    "True once the seed of the 50-session EMA hardly weighs any more (parameter ema_stable_weight)."
)
ema_200_is_stable = p.flag(
    "True once the seed of the 200-session EMA hardly weighs any more (parameter ema_stable_weight)."
)
atr_14 = p.number("Wilder's average true range over 14 sessions; null for a pair.", "points", min=0)
slope_50_bp_per_day = p.number("Slope of the 50-session SMA over 20 sessions.", "basis points per day")
slope_200_bp_per_day = p.number("Slope of the 200-session SMA over 20 sessions.", "basis points per day")
distance_sma_20_pct = p.number("Close above (+) or below (-) the 20-session SMA.", "per cent")
distance_sma_50_pct = p.number("Close above (+) or below (-) the 50-session SMA.", "per cent")
distance_sma_200_pct = p.number("Close above (+) or below (-) the 200-session SMA.", "per cent")
distance_ema_50_pct = p.number("Close above (+) or below (-) the 50-session EMA.", "per cent")
distance_ema_200_pct = p.number("Close above (+) or below (-) the 200-session EMA.", "per cent")
distance_sma_20_atr = p.number("Close above (+) or below (-) the 20-session SMA.", "ATR(14)")
distance_sma_50_atr = p.number("Close above (+) or below (-) the 50-session SMA.", "ATR(14)")
distance_sma_200_atr = p.number("Close above (+) or below (-) the 200-session SMA.", "ATR(14)")
distance_ema_50_atr = p.number("Close above (+) or below (-) the 50-session EMA.", "ATR(14)")
distance_ema_200_atr = p.number("Close above (+) or below (-) the 200-session EMA.", "ATR(14)")
missing_in_window_20 = p.count("Calendar sessions without a close inside the 20-session window.", "sessions")
missing_in_window_50 = p.count("Calendar sessions without a close inside the 50-session window.", "sessions")
missing_in_window_200 = p.count("Calendar sessions without a close inside the 200-session window.", "sessions")
reason_20 = p.choice("Why the 20-session average is null", WINDOW_REASONS)
reason_50 = p.choice("Why the 50-session average is null", WINDOW_REASONS)
reason_200 = p.choice("Why the 200-session average is null", WINDOW_REASONS)
atr_reason = p.choice("Why the average true range is null", ("warm_up", "no_intraday_range"))

# Trend
_PHASE_REASONS = ("warm_up", "missing_sessions", "undetermined")
medium_label = p.choice("Direction of the 50-session SMA at this session alone", LABELS)
medium_phase = p.choice("Medium-term phase (50-session SMA, with hysteresis)", PHASES)
medium_since = p.date("First session of the medium-term phase.")
medium_age_sessions = p.count("Sessions in the medium-term phase, its first counted as 1.", "sessions", min=1)
medium_is_supported = p.flag(
    "True where the 50-session SMA rises and has carried the price of late; null without a range."
)
medium_reason = p.choice("Why medium_label or medium_phase is null", _PHASE_REASONS)
major_label = p.choice("Direction of the 200-session SMA at this session alone", LABELS)
major_phase = p.choice("Major phase (200-session SMA, with hysteresis)", PHASES)
major_since = p.date("First session of the major phase.")
major_age_sessions = p.count("Sessions in the major phase, its first counted as 1.", "sessions", min=1)
major_is_supported = p.flag(
    "True where the 200-session SMA rises and has carried the price of late; null without a range."
)
major_reason = p.choice("Why major_label or major_phase is null", _PHASE_REASONS)
statement = p.choice("Both phases in words", STATEMENTS)
is_multi_week_decline = p.flag("True where a corrective decline is old and deep enough (parameters multi_week_*).")
swing_high = p.number("Highest high (close for a pair) since the onset of the last medium-term up phase.", _POINTS)
swing_high_session = p.date("Session of swing_high.")
horizon = p.choice("Which average the phase is read from (medium = 50 sessions, major = 200)", HORIZONS)
phase = p.choice("Phase of the average", PHASES)
spell_number = p.count("Ordinal of the spell within series and horizon, from 1.", "spells", min=1)
onset_session = p.date("First session of the spell.")
confirmed_session = p.date("First session on which the state was known to hold.")
end_session = p.date("Last session of the spell; null while it lasts.")
age_sessions = p.count("Sessions in the spell, its first counted as 1.", "sessions", min=1)
entry_close = p.number("Close on the onset session.", _POINTS)
entry_average = p.number("The average on the onset session.", _POINTS)
run_up_pct = p.number("Highest close of the spell against its entry close.", "per cent", min=0)
spell_drawdown_pct = p.number("Lowest close of the spell against its entry close.", "per cent", max=0)
cross = p.choice("Kind of cross of the 50- and 200-session SMA", CROSSES)

# Relative performance
verdict = p.choice("What the three detectors say of the numerator against the denominator", VERDICTS)
since = p.date("First session of the stretch the verdict speaks of; null for none.")
since_quarter = p.text("Calendar quarter of since, such as 2024-Q3.")
confidence = p.count("Detectors that agree with the verdict: 2 or 3; null for none.", "detectors", min=2, max=3)
regime_statement = p.text("The verdict in words.")
quarter_excess_pct_points = p.number(
    "Return of the numerator less that of the denominator in the quarter to date; null without a quarter before.",
    "percentage points",
)
quarter_streak = p.count("Quarters in a row with an excess of one sign, the running one included.", "quarters")
quarter_streak_start = p.text("First quarter of that run; null where the excess is a tie or unknown.")
turning_direction = p.choice("Direction of the ratio by the turning-point filter", PHASES)
turning_extreme_session = p.date("Session of the extreme that the direction starts from.")
turning_confirmed_session = p.date("Session on which the direction was confirmed.")
cusum_direction = p.choice("Direction of the last CUSUM alarm", PHASES)
cusum_onset_session = p.date("First session after the CUSUM last stood at zero before its alarm.")
cusum_alarm_session = p.date("Session of the last CUSUM alarm.")
cusum_up = p.number("Upward CUSUM of the standardised change of the ratio.", "standard deviations", min=0)
cusum_down = p.number("Downward CUSUM of the standardised change of the ratio.", "standard deviations", min=0)

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
record = p.number("Highest value of the basis up to and including this session.", _POINTS)
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
value = p.number("The value that made the event: the close or the high.", _POINTS)
previous_value = p.number("The record before this session.", _POINTS)
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

# Levels
pivot_method = p.choice("Rule that found the pivot", PIVOT_METHODS)
pivot_kind = p.choice("Which end of the range the pivot is", PIVOT_KINDS)
pivot_price = p.number("High or low of the extreme session; its close where it has no range, as in a pair.", _POINTS)
extreme_session = p.date("Session of the extreme.")
zone_id = p.text("Stable id of a detected zone: instrument, first session and first centre. It is its level_id too.")
zone_low = p.number("Lowest point of the zone.", "points")
zone_high = p.number("Highest point of the zone.", "points")
zone_centre = p.number("Median of the zone's points.", "points")
zone_kinds = p.text(f"What the zone is made of, in this order: {', '.join(ZONE_KINDS)}.")
n_pivots = p.count("Swing highs and lows in the zone; one found by several rules counts once.", "pivots")
recency_weight = p.number(
    "Sum over the pivots of one half to the power of age over half-life, at valid_from.", "weight"
)
zone_side = p.choice("Where the zone lies against the close (at_price: the close is inside)", ZONE_SIDES)
valid_from = p.date("First session at whose close the row holds.")
valid_to = p.date("Last session at whose close the row holds; null for the row that holds still.")
level_id = p.text("Id of the level: as the book gives it, or the zone_id of a detected one.")
set_id = p.text("Levels that were published together, with one thesis.")
book = p.text("Level book the row comes from.")
author = p.text("Who published the level.")
quote_instrument = p.text("What the published numbers are quoted on: the instrument itself, or a CFD or future of it.")
role = p.choice("Part in its set; a detected level is a plain support or resistance", (*LEVEL_ROLES, *LEVEL_SIDES))
published_role = p.choice("Part in its set", LEVEL_ROLES)
level_low = p.number("Lower edge of the level as published, or as detected.", "points")
level_high = p.number(
    "Upper edge of the level as published, or as detected; equal to low for a single price.", "points"
)
level_horizon = p.choice("Horizon the author gives it", LEVEL_HORIZONS)
bias = p.choice("What the set argues for", LEVEL_BIASES)
order_in_chain = p.count("Place among the next levels of its side, from 1.", "levels", min=1)
published_at = p.moment("When the level was published.")
method = p.text("How the author says the numbers came about; unknown where nothing is said.")
source_ref = p.text("Where it was published.")
book_valid_from = p.date("First session of validity, where it is not the one of publication.")
book_valid_to = p.date("Last session of validity; null for open end.")
level_pending_from = p.date(
    "First session that closed after the publication; null where the calendar does not reach it."
)
level_valid_from = p.date("First session of validity; null where the calendar does not reach it.")
supersedes = p.text("Level that this one replaces.")
superseded_from = p.date("First session of validity of a level that replaces this one.")
revision_kind = p.choice("What the level is to the one it supersedes", REVISION_KINDS)
evaluated_low = p.number("Lower edge that bars are held against: low, less the basis where there is one.", "points")
evaluated_high = p.number("Upper edge that bars are held against: high, less the basis where there is one.", "points")
basis_flag = p.choice(
    "How the numbers were carried over to the instrument (cash: quoted on it; adjusted: less the basis; unadjusted: "
    "the quote instrument has no bars, so as published)",
    ("cash", "adjusted", "unadjusted"),
)
basis_points = p.number("Quote instrument less instrument, median of closes before valid_from.", "points")
origin = p.choice("Where the level comes from", LEVEL_ORIGINS)
side = p.choice("What the level is to the price now; a role reversal turns it", LEVEL_SIDES)
level_state = p.choice("State at the close", LEVEL_STATES)
state_since = p.date("First session of the state.")
test_count = p.count("Touches since the level's first bar or its return.", "touches")
last_event = p.choice("Last thing that happened to the level", LEVEL_CAUSES)
last_event_session = p.date("Session of the last event.")
first_intraday = p.date("First session that traded beyond the far edge, on the side it has now.")
first_close = p.date("First session that closed beyond the far edge, on the side it has now.")
confirmed_two_closes = p.date("First session that closed beyond the far edge for the second time running.")
confirmed_atr = p.date("First session that closed beyond the far edge by the break distance.")
is_exposed = p.flag("True once a level before it in the chain gave way; null where no chain leads to it.")
thesis_state = p.choice("Whether what the set argues for still stands; null for a detected level", THESIS_STATES)
from_state = p.choice("State before", LEVEL_STATES)
to_state = p.choice("State after; the same where the event changed none", LEVEL_STATES)
cause = p.choice("What happened", (*LEVEL_CAUSES, *CHAIN_CAUSES))
bar_high = p.number("Highest price of the session.", "points")
bar_low = p.number("Lowest price of the session.", "points")
atr_before = p.number("Average true range of the session before, which the distances are measured in.", "points")
tolerance = p.number("Distance within which the level counts as reached.", "points")
threshold = p.number("Price that the rule compared with; null where it compared dates or sessions.", "points")
distance_pct = p.number("From the close to the nearer edge, positive above; zero inside.", "per cent")
distance_atr = p.number("From the close to the nearer edge, positive above; zero inside.", "average true ranges")
next_exposed = p.text("level_id of the level that comes next when this one gives way.")
statistics_author = p.text("Who published the levels; detected for those of the warehouse.")
statistics_kind = p.text("Role of published levels, kind of detected ones, or any.")
tests = p.count("Touches of levels that price had been away from.", "tests")
holds = p.count("Tests that closed a hold distance away before they closed beyond the level.", "tests")
breaks = p.count("Tests that closed beyond the level first.", "tests")
hold_rate_pct = p.number("Holds of all tests.", "per cent")
placebo_hold_rate_pct = p.number("The same of the levels moved at random, mean of the draws.", "per cent")
placebo_sd_pct_points = p.number("Standard deviation of the hold rate over the draws.", "percentage points")
hold_excess_pct_points = p.number("Hold rate less that of the placebo.", "percentage points")
statistics_reason = p.choice("Why a rate is null", ("no_tests", "no_placebo"))
first_test_session = p.date("Session of the first test.")
last_test_session = p.date("Session of the last test.")

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
    "Facts that core was derived from, by table and hash, and the parameters; equal ones mean equal core tables."
)
code_version = p.text("Version of the code that built the file.")
table_name = p.text("Schema and table.")
row_count = p.count("Rows in the table; null for a view, whose rows are not stored.", "rows")
content_hash = p.text(
    "SHA-256 over the table's rows in key order, or over the SELECT of a view; equal hashes mean equal content."
)
