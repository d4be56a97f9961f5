-- title: Support and resistance
-- key: level_id
-- watched: state, is_exposed, thesis_state
-- evidence: serve.level_state
SELECT
    level_id,
    origin,
    role,
    low,
    high,
    distance_pct,
    state,
    state_since,
    last_event,
    last_event_session,
    is_exposed,
    next_exposed,
    thesis_state,
    test_count,
    kinds,
    author,
    basis_flag
FROM serve.level_state
WHERE instrument_id = $index AND session = $session AND (origin = 'published' OR abs(distance_pct) <= 10)
ORDER BY evaluated_high DESC, evaluated_low DESC, level_id
