-- question: Which stocks have bars that were kept out or are odd?
SELECT instrument_id, first_session, last_session, bars, missing_sessions, rejected_by_rule, warned_by_rule
FROM serve.data_health
WHERE asset_class = 'stock' AND (rejected_rows > 0 OR warned_bars > 0)
ORDER BY rejected_rows + warned_bars DESC, instrument_id
LIMIT 20
