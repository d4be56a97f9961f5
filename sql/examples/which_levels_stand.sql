-- question: Which levels of the Russell 2000 stood within 15 % of the close of 2 December 2024, and in what state?
SELECT
    round(evaluated_low, 2) AS low,
    round(evaluated_high, 2) AS high,
    round(distance_pct, 2) AS distance_pct,
    round(distance_atr, 1) AS distance_atr,
    side,
    state,
    state_since,
    test_count AS tests,
    last_event,
    coalesce(author, origin) AS author,
    coalesce(kinds, role) AS kinds,
    next_exposed
FROM levels_as_of('RUT', DATE '2024-12-02')
WHERE abs(distance_pct) < 15
ORDER BY evaluated_high DESC, evaluated_low DESC
