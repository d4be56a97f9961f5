-- question: Which sentences of the market note do the data contradict, by how much, and in which rows does it stand?
SELECT text, stated, computed, difference, unit, depends_on, evidence
FROM serve.claim_check
WHERE verdict = 'contradicted'
ORDER BY published_at, note_id, claim_number
