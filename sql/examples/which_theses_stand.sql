-- question: Which published sets of levels stand, and where are their levels?
SELECT
    set_id,
    author,
    thesis_state,
    role,
    low,
    high,
    state,
    state_since,
    is_exposed,
    round(distance_pct, 2) AS distance_pct,
    basis_flag
FROM serve.level_state
WHERE origin = 'published' AND session = (SELECT max(session) FROM serve.index_overview)
ORDER BY instrument_id, set_id, evaluated_high DESC
