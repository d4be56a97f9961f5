-- question: Had Russell 2000 and Dow turned up against the Nasdaq-100 by 29 November 2024, and since when?
SELECT series_id, session, close AS ratio, medium_phase, medium_since, medium_age_sessions, major_phase, major_since
FROM trend_as_of('RUT/NDX', '2024-11-29')
UNION ALL
SELECT series_id, session, close, medium_phase, medium_since, medium_age_sessions, major_phase, major_since
FROM trend_as_of('DJI/NDX', '2024-11-29')
