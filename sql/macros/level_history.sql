-- answers: Everything that changed on one level, oldest first: its state, its side, its bounds, its place in the chain,
-- each with what caused it.
-- example: FROM level_history('note-2024-12-02/key-support')
CREATE MACRO level_history(level) AS TABLE
SELECT
    state.valid_from AS session,
    state.valid_to AS holds_to,
    state.state,
    state.side,
    event.cause,
    bar.close,
    state.low,
    state.high,
    state.evaluated_low,
    state.evaluated_high,
    state.test_count,
    state.first_intraday,
    state.first_close,
    state.confirmed_two_closes,
    state.confirmed_atr,
    state.is_exposed,
    state.thesis_state
FROM core.level_state AS state
JOIN core.bar AS bar ON bar.instrument_id = state.instrument_id AND bar.session = state.valid_from
LEFT JOIN (
    SELECT session, string_agg(cause, ', ' ORDER BY cause IN ('exposed', 'negated'), cause) AS cause
    FROM core.level_event
    WHERE level_id = level
    GROUP BY session
) AS event ON event.session = state.valid_from
WHERE state.level_id = level
ORDER BY state.valid_from
