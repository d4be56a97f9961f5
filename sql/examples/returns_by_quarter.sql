-- question: What did the four indices return in each quarter of the last three years, and who led?
SELECT
    session.quarter,
    round(max(return_pct) FILTER (WHERE instrument_id = 'RUT'), 2) AS rut_pct,
    round(max(return_pct) FILTER (WHERE instrument_id = 'SPX'), 2) AS spx_pct,
    round(max(return_pct) FILTER (WHERE instrument_id = 'NDX'), 2) AS ndx_pct,
    round(max(return_pct) FILTER (WHERE instrument_id = 'DJI'), 2) AS dji_pct,
    max(instrument_id) FILTER (WHERE rank = 1) AS leader,
    bool_or(is_partial) AS is_partial
FROM serve.period_return
JOIN serve.session AS session ON session.session = period_start
WHERE universe_id = 'us_index_4' AND period = 'quarter'
GROUP BY session.quarter
ORDER BY session.quarter DESC
LIMIT 12
