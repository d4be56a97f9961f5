-- question: Which indices have set no record close in the three years to 2 December 2024?
SELECT instrument_id, record_close, record_close_session, drawdown_pct
FROM serve.index_overview
WHERE session = DATE '2024-12-02' AND record_close_session <= session - INTERVAL 3 YEAR
ORDER BY instrument_id
