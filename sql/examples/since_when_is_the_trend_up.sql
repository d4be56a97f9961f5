-- question: Since when has each index been in its medium-term and its major phase?
SELECT
    instrument_id,
    session,
    medium_phase,
    medium_since,
    medium_age_sessions,
    major_phase,
    major_since,
    major_age_sessions
FROM serve.index_overview
QUALIFY session = max(session) OVER (PARTITION BY instrument_id)
ORDER BY instrument_id
