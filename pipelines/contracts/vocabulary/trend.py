"""Columns of averages, trends and relative performance."""

from __future__ import annotations

from pipelines.contracts.vocabulary import placing as p
from pipelines.contracts.vocabulary.choices import (
    CROSSES,
    HORIZONS,
    LABELS,
    PHASES,
    POINTS,
    STATEMENTS,
    VERDICTS,
    WINDOW_REASONS,
)
from pipelines.contracts.vocabulary.placing import Placing


def _average(kind: str, span: int) -> Placing:
    return p.number(f"{kind} moving average of the close over {span} sessions.", POINTS)


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

bar_number = p.count("Ordinal of the bar among all of its instrument, from 1.", "bars", min=1)

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
swing_high = p.number("Highest high (close for a pair) since the onset of the last medium-term up phase.", POINTS)
swing_high_session = p.date("Session of swing_high.")
horizon = p.choice("Which average the phase is read from (medium = 50 sessions, major = 200)", HORIZONS)
phase = p.choice("Phase of the average", PHASES)
spell_number = p.count("Ordinal of the spell within series and horizon, from 1.", "spells", min=1)
onset_session = p.date("First session of the spell.")
confirmed_session = p.date("First session on which the state was known to hold.")
end_session = p.date("Last session of the spell; null while it lasts.")
age_sessions = p.count("Sessions in the spell, its first counted as 1.", "sessions", min=1)
entry_close = p.number("Close on the onset session.", POINTS)
entry_average = p.number("The average on the onset session.", POINTS)
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
