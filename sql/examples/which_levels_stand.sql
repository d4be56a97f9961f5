-- question: Which levels of the Russell 2000 stood within 15 % of the close of 2 December 2024, and in what state?
SELECT
    coalesce(role, '') AS role,
    evaluated_low AS low,
    evaluated_high AS high,
    round(distance_pct, 2) AS distance_pct,
    round(distance_atr, 1) AS distance_atr,
    state,
    state_since,
    test_count AS tests,
    last_event,
    coalesce(kinds, author) AS origin,
    next_exposed
FROM levels_as_of('RUT', DATE '2024-12-02')
WHERE abs(distance_pct) < 15
