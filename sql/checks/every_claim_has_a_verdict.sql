-- claim: Every claim of the claims files has one verdict, with rows that say so or a reason.
-- table: serve.claim_check
-- severity: error
SELECT claim.claim_id, checked.verdict
FROM core.claim AS claim
FULL JOIN core.claim_check AS checked USING (claim_id)
WHERE claim.claim_id IS NULL
    OR checked.verdict IS NULL
    OR (checked.verdict = 'not_computable' AND checked.reason IS NULL)
    OR (checked.verdict <> 'not_computable' AND checked.evidence IS NULL)
