-- title: What was claimed
-- key: claim_id
-- evidence: serve.claim_check
SELECT
    claim_id,
    text,
    verdict,
    stated,
    computed,
    unit,
    depends_on,
    reason,
    evidence,
    author,
    published_at::DATE AS published
FROM serve.claim_check
WHERE note_id IN (SELECT note_id FROM claims_of($index))
    AND session <= $session
    AND published_at::DATE BETWEEN $session - INTERVAL 31 DAY AND $session
ORDER BY published_at, note_id, claim_number
