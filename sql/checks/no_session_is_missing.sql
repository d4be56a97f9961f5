-- claim: Every calendar session between an index's first bar and the last session has a bar.
-- table: serve.data_health
-- severity: warn
SELECT instrument_id, missing_sessions, first_missing_session, last_missing_session
FROM serve.data_health
WHERE missing_sessions > 0 AND asset_class = 'index'
