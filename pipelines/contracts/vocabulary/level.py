"""Columns of pivots, zones and levels."""

from __future__ import annotations

from pipelines.contracts.vocabulary import placing as p
from pipelines.contracts.vocabulary.choices import (
    CHAIN_CAUSES,
    LEVEL_BIASES,
    LEVEL_CAUSES,
    LEVEL_HORIZONS,
    LEVEL_ORIGINS,
    LEVEL_ROLES,
    LEVEL_SIDES,
    LEVEL_STATES,
    PIVOT_KINDS,
    PIVOT_METHODS,
    POINTS,
    REVISION_KINDS,
    THESIS_STATES,
    ZONE_KINDS,
    ZONE_SIDES,
)

# Levels
pivot_method = p.choice("Rule that found the pivot", PIVOT_METHODS)
pivot_kind = p.choice("Which end of the range the pivot is", PIVOT_KINDS)
pivot_price = p.number("High or low of the extreme session; its close where it has no range, as in a pair.", POINTS)
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
