-- answers: In which trend an index or a ratio pair stood at the close of a session, or of the last one before a date,
-- medium-term and major, and since when: the columns of serve.trend_state, those that one looks for first in front.
-- example: FROM trend_as_of('RUT/NDX', '2024-11-29')
CREATE MACRO trend_as_of(series, asked) AS TABLE
SELECT
    trend.series_id,
    trend.session,
    trend.close,
    trend.statement,
    trend.medium_phase,
    trend.medium_since,
    trend.medium_age_sessions,
    trend.medium_label,
    trend.major_phase,
    trend.major_since,
    trend.major_age_sessions,
    trend.major_label,
    trend.* EXCLUDE (
        series_id, session, close, statement, medium_phase, medium_since, medium_age_sessions, medium_label,
        major_phase, major_since, major_age_sessions, major_label
    )
FROM serve.trend_state AS trend
WHERE trend.series_id = series
    AND trend.session = (
        SELECT max(price.session)
        FROM core.series_price AS price
        WHERE price.series_id = series AND price.session <= CAST(asked AS DATE)
    )
