-- question: What has happened to the key support of the note of 2 December 2024?
SELECT
    session,
    state,
    side,
    cause,
    round(close, 2) AS close,
    test_count AS tests,
    first_close,
    confirmed_two_closes,
    is_exposed,
    thesis_state
FROM level_history('note-2024-12-02/key-support')
ORDER BY session
