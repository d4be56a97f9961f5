-- question: How did the four indices rank in November 2024?
SELECT rank, instrument_id, round(return_pct, 3) AS return_pct, base_session, period_end
FROM serve.period_return
WHERE universe_id = 'us_index_4' AND period = 'month' AND period_end = DATE '2024-11-29'
ORDER BY rank
