-- question: In which trend did indices and ratios stand at the close of 27 October 2023?
SELECT
    series_id,
    close,
    medium_label,
    medium_phase,
    medium_since,
    major_phase,
    major_since,
    statement,
    is_multi_week_decline
FROM serve.trend_state
WHERE session = DATE '2023-10-27'
ORDER BY series_kind, series_id
