-- answers: What a note claims and what the data say of it: of a note, an author, or whatever a claim is about, such as
-- an instrument with the pairs it is part of; in the order of the note.
-- example: FROM claims_of('RUT')
CREATE MACRO claims_of(about) AS TABLE
SELECT
    checked.claim_number,
    checked.text,
    checked.verdict,
    checked.stated,
    checked.computed,
    checked.difference,
    checked.unit,
    checked.depends_on,
    checked.reason,
    checked.evidence,
    checked.* EXCLUDE (
        claim_number, text, verdict, stated, computed, difference, unit, depends_on, reason, evidence
    )
FROM serve.claim_check AS checked
WHERE about IN (checked.note_id, checked.claim_id, checked.author, checked.subject)
    OR (checked.subject_kind = 'pair' AND about IN (
        split_part(checked.subject, '/', 1), split_part(checked.subject, '/', 2)
    ))
    OR (checked.subject_kind = 'universe' AND checked.stated = about)
ORDER BY checked.published_at, checked.note_id, checked.claim_number
