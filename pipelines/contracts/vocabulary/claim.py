"""Columns of claims and of what the data say of them."""

from __future__ import annotations

from pipelines.contracts.vocabulary import placing as p

ANY = "unstated"
"""The note does not say which basis (or aggregation) it means: the claim is checked on each."""
CLAIM_BASES = ("cash_close", "cash_intraday", "future", "cfd", "holdings", "reported", "imputed", ANY)
CLAIM_VERDICTS = ("reproduced", "basis_dependent", "contradicted", "not_computable")
CLAIM_SUBJECTS = ("instrument", "pair", "universe", "index")
CLAIM_SIDES = ("domestic", "international")
STANDING = "standing"
"""State of a level that has not given way, whether it is tested or not."""
SUPPORTS = ("supported", "not_supported")

# What was claimed
claim_id = p.text("Id of the claim, one of its own over all claims files.")
note_id = p.text("The note that makes the claim.")
claim_number = p.count("Place of the claim in its note, from 1.", "claims", min=1)
claims_book = p.text("Claims file the row comes from: house, or own.")
claim_text = p.text("The statement, in short.")
claim_author = p.text("Who published the note.")
claim_title = p.text("Title of the note.")
claim_reference = p.text("Where the note was published.")
claim_published_at = p.moment("When the note was published.")
claim_as_of = p.date("Date at whose close, or the last one before it, the statement is checked.")
claim_type = p.text("Type of the statement, one of a declared list: see docs/claims.md.")
claim_subject = p.choice("What the claim is about", CLAIM_SUBJECTS)
subject = p.text("The instrument, ratio pair, universe or index itself, such as RUT.")
claim_basis = p.choice("What the statement is made of, as far as the note says (unstated: it does not)", CLAIM_BASES)
quoted_on = p.text("What the numbers of a future or CFD basis were quoted on; null where it is not said.")
claim_parameters = p.text("Parameters of the statement, as JSON with sorted keys.")
stated = p.text("What is stated.")
stated_value = p.number("What is stated, where it is a number.", "see unit")
stated_tolerance = p.number("Distance from stated_value within which the claim holds.", "see unit", min=0)
claim_unit = p.text(
    "Unit of stated_value, computed_value, difference and stated_tolerance; null where there is no number."
)

# What the data say
checked_session = p.date("Session at whose close the claim was checked; null where there is none for its date.")
computed = p.text("What the data say, on each basis that counts.")
computed_value = p.number("What the data say, where it is a number, on the first of those bases.", "see unit")
difference = p.number(
    "computed_value less stated_value; outside bounds, the distance from the nearer one, and zero inside.", "see unit"
)
claim_verdict = p.choice(
    "What the data say of the claim (basis_dependent: it holds on one basis and not on another)", CLAIM_VERDICTS
)
depends_on = p.text("What each basis says, or what one says that the claim is not made on; null for nothing.")
claim_evidence = p.text(
    "Rows that the verdict rests on, separated by semicolons: table, key in brackets, column and value; null for none."
)
claim_reason = p.text("Why the claim cannot be checked, or what limits the verdict: coverage, basis, dates, source.")
