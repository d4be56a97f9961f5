-- question: Which index has beaten the S&P 500 for the most months in a row, and when?
SELECT instrument_id, outperformance_streak AS months, period_end, round(return_pct, 2) AS return_pct_of_the_last
FROM serve.period_return
WHERE period = 'month' AND NOT is_partial AND instrument_id <> benchmark_id
QUALIFY row_number() OVER (PARTITION BY instrument_id ORDER BY outperformance_streak DESC NULLS LAST, period_end) = 1
ORDER BY months DESC NULLS LAST, instrument_id
