-- question: Which ratio pairs have a confirmed relative trend, and since when?
SELECT pair_id, session, verdict, since, since_quarter, confirmed_session, confidence
FROM serve.relative_regime
WHERE session = (SELECT max(session) FROM serve.relative_regime)
ORDER BY pair_id
