-- question: Where do the four indices stand on the last session?
SELECT instrument_id, session, close, mtd_return_pct, ytd_return_pct, statement, medium_since, major_since
FROM serve.index_overview
WHERE session = (SELECT max(session) FROM serve.index_overview)
ORDER BY instrument_id
