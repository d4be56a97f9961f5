SELECT
    checked.*,
    claim.note_id,
    claim.claim_number,
    claim.text,
    claim.author,
    claim.title,
    claim.reference,
    claim.published_at,
    claim.as_of,
    claim.claim_type,
    claim.subject_kind,
    claim.subject,
    claim.basis,
    claim.quoted_on,
    claim.parameters,
    (SELECT bool_or(is_synthetic) FROM core.instrument) AS is_synthetic
FROM core.claim_check AS checked
JOIN core.claim AS claim USING (claim_id)
