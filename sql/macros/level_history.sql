-- answers: Everything that changed on one level, oldest first: its state, its side, its bounds, its place in the chain.
-- example: FROM level_history('note-2024-12-02/key-support')
CREATE MACRO level_history(level) AS TABLE
SELECT
    state.valid_from AS session,
    state.valid_to AS holds_to,
    state.state,
    state.side,
    CASE WHEN state.last_event_session = state.valid_from THEN state.last_event END AS cause,
    bar.close,
    state.low,
    state.high,
    state.test_count,
    state.first_intraday,
    state.first_close,
    state.confirmed_two_closes,
    state.confirmed_atr,
    state.is_exposed,
    state.thesis_state
FROM core.level_state AS state
JOIN core.bar AS bar ON bar.instrument_id = state.instrument_id AND bar.session = state.valid_from
WHERE state.level_id = level
ORDER BY state.valid_from
