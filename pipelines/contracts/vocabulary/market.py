"""Columns of the calendar, instruments, bars and ratios."""

from __future__ import annotations

import dataframely as dy

from pipelines.contracts.vocabulary import placing as p
from pipelines.contracts.vocabulary.choices import POINTS, REJECTION_RULES

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
settles_at = p.moment("closes_at plus bar_settle_minutes: from when the session's bars can be known.")
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
close = p.number("Closing price; the ratio of the two closes for a pair.", POINTS)
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
