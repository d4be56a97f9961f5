-- question: How near did the Russell 2000 come to its intraday record in the autumn of 2024?
SELECT
    session,
    event,
    value AS high,
    previous_value AS record_before,
    previous_session AS record_session,
    round(gap_pct, 2) AS gap_pct,
    episode_session
FROM serve.record_high
WHERE instrument_id = 'RUT' AND basis = 'intraday' AND session BETWEEN DATE '2024-09-01' AND DATE '2024-12-31'
ORDER BY session, event
