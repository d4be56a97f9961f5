-- question: Which levels gave way in the last thirty days, and which were won back?
SELECT
    session,
    instrument_id,
    round(low, 2) AS low,
    round(high, 2) AS high,
    from_state,
    to_state,
    side AS side_now,
    cause,
    round(close, 2) AS close,
    round(threshold, 2) AS threshold
FROM serve.level_event
WHERE to_state IN ('broken', 'cleared', 'role_reversed', 'reclaimed')
    AND from_state <> to_state
    AND session > (SELECT max(session) FROM serve.index_overview) - INTERVAL 30 DAY
ORDER BY session DESC, instrument_id, low DESC
