-- title: Trend phases
-- key: series_id
-- watched: medium_phase, major_phase, statement, medium_is_supported, major_is_supported
-- evidence: serve.trend_state
SELECT
    series_id,
    close,
    sma_50,
    slope_50_bp_per_day,
    medium_phase,
    medium_since,
    medium_age_sessions,
    medium_is_supported,
    sma_200,
    slope_200_bp_per_day,
    major_phase,
    major_since,
    major_age_sessions,
    major_is_supported,
    statement
FROM serve.trend_state
WHERE session = $session
ORDER BY series_kind, series_id <> $index, series_id
