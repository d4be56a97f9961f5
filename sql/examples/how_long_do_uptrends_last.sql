-- question: How long do medium-term and major uptrends of each index last, and what does price do in them?
SELECT
    series_id,
    horizon,
    count(*) AS finished,
    median(age_sessions) AS median_sessions,
    max(age_sessions) AS longest_sessions,
    round(median(run_up_pct), 1) AS median_run_up_pct,
    round(median(drawdown_pct), 1) AS median_drawdown_pct
FROM serve.trend_spell
WHERE phase = 'up' AND end_session IS NOT NULL AND series_id NOT LIKE '%/%'
GROUP BY series_id, horizon
ORDER BY series_id, horizon DESC
