-- title: The last whole month
-- key: instrument_id, period_start
-- evidence: serve.period_return
SELECT instrument_id, period_start, period_last_session, return_pct, rank, excess_pct_points, benchmark_id, return_reason
FROM serve.period_return
WHERE period = 'month'
    AND universe_id = 'us_index_4'
    AND period_last_session <= $session
    AND (NOT is_partial OR period_last_session < $session)
QUALIFY period_start = max(period_start) OVER ()
ORDER BY return_pct DESC NULLS LAST, instrument_id
