"""Claims of published notes, and what the data say of each."""

from __future__ import annotations

import dataframely as dy
import polars as pl

from pipelines.contracts import vocabulary as v
from pipelines.contracts.received import NoteClaim
from pipelines.contracts.table import Table


class Claim(NoteClaim):
    """A statement of a published note as known at the warehouse's knowledge time, as its claims file gives it."""

    known_from = v.known_from()


class ClaimCheck(Table):
    """What the data say of a claim, as of its session and as known at the warehouse's knowledge time."""

    claim_id = v.claim_id(primary_key=True)
    session = v.checked_session(nullable=True)
    stated = v.stated()
    stated_value = v.stated_value(nullable=True)
    computed = v.computed(nullable=True)
    computed_value = v.computed_value(nullable=True)
    difference = v.difference(nullable=True)
    unit = v.claim_unit(nullable=True)
    stated_tolerance = v.stated_tolerance(nullable=True)
    verdict = v.claim_verdict()
    depends_on = v.depends_on(nullable=True)
    evidence = v.claim_evidence(nullable=True)
    reason = v.claim_reason(nullable=True)

    @dy.rule()
    def a_verdict_has_its_evidence(cls) -> pl.Expr:
        """A claim is either checked, with rows that say so, or not computable, for a reason."""
        is_open = cls.verdict.col == "not_computable"
        checked = cls.computed.col.is_not_null() & cls.evidence.col.is_not_null()
        return pl.when(is_open).then(cls.computed.col.is_null() & cls.reason.col.is_not_null()).otherwise(checked)

    @dy.rule()
    def what_depends_says_on_what(cls) -> pl.Expr:
        """A claim that holds on one basis alone says what the others say."""
        return (cls.verdict.col != "basis_dependent") | cls.depends_on.col.is_not_null()
