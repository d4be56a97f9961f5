"""Columns of corporate actions and of what was asked of a vendor."""

from __future__ import annotations

import dataframely as dy

from pipelines.contracts.vocabulary import placing as p

ACTION_TYPES = ("split", "dividend")
FETCH_OUTCOMES = ("ok", "empty", "rate_limited", "http_error", "parse_error", "delisted")
"""What became of one question: ``empty`` is an answer without a row, ``parse_error`` one that is no chart."""

split_factor = p.column(
    dy.Float64,
    "What the source had multiplied the traded price by for splits that were effective when it was read: received"
    " price over stored price; null where the source says nothing of splits.",
    "ratio",
    min_exclusive=0,
)
ex_session = p.date("First session on which the stock trades without the dividend, or in split shares.")
action_type = p.choice("Kind of corporate action", ACTION_TYPES)
split_ratio = p.number("New shares per old share, such as 2 for two for one; null for a dividend.", "ratio")
dividend_amount = p.number(
    "Cash per share as the source states it, in shares of the day it was read; null for a split.", "currency"
)
is_withdrawn = p.flag("True where the source no longer states an action that it had stated.")
asked_from = p.date("First day asked for.")
asked_to = p.date("Last day asked for.")
outcome = p.choice("What became of the question", FETCH_OUTCOMES)
outcome_detail = p.text(
    "What came instead of a chart, in words, or what is odd about a first history; null for a sound chart."
)
rows_received = p.count("Bars in the answer, before the row rules.", "rows")
ask_again_from = p.moment("Until then the same is not asked again; null: may be asked at once.")
