-- question: Which states are given otherwise today than by the build before, though no new price made them, and why?
SELECT
    known_at,
    subject_kind,
    subject_id,
    aspect,
    first_session,
    last_session,
    changed_sessions,
    from_state,
    to_state,
    cause,
    evidence
FROM serve.state_change
WHERE cause <> 'price'
ORDER BY known_at DESC, subject_kind, subject_id, aspect, first_session
LIMIT 50
