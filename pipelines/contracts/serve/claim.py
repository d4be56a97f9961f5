"""Claims as they are served."""

from __future__ import annotations

from pipelines.contracts import core
from pipelines.contracts import vocabulary as v


class ClaimCheck(core.ClaimCheck):
    """What a published note says, statement by statement, and what the data say of it."""

    note_id = v.note_id()
    claim_number = v.claim_number()
    text = v.claim_text()
    author = v.claim_author()
    title = v.claim_title()
    reference = v.claim_reference()
    published_at = v.claim_published_at()
    as_of = v.claim_as_of()
    claim_type = v.claim_type()
    subject_kind = v.claim_subject()
    subject = v.subject()
    basis = v.claim_basis()
    quoted_on = v.quoted_on(nullable=True)
    parameters = v.claim_parameters()
    is_synthetic = v.is_synthetic()
