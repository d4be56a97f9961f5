-- question: Which bars are held back, by which rule, and since when?
SELECT asset_class, instrument_id, rule, count(*) AS bars, min(session) AS first_session, max(session) AS last_session
FROM serve.quarantined_bar
GROUP BY asset_class, instrument_id, rule
ORDER BY bars DESC, instrument_id
LIMIT 20
