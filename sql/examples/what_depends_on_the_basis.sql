-- question: Which sentences of market notes hold on closes and not within the day, or the other way round?
SELECT author, text, computed, depends_on
FROM serve.claim_check
WHERE verdict = 'basis_dependent'
ORDER BY published_at, note_id, claim_number
