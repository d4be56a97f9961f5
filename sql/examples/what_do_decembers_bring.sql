-- question: How often has each index gained in December, and what is the median?
SELECT
    instrument_id,
    count(return_pct) AS decembers,
    count(*) FILTER (return_pct > 0) AS gains,
    round(median(return_pct), 2) AS median_pct,
    round(min(return_pct), 2) AS worst_pct,
    round(max(return_pct), 2) AS best_pct
FROM serve.period_return
WHERE period = 'month' AND month(period_end) = 12 AND NOT is_partial
GROUP BY instrument_id
ORDER BY instrument_id
