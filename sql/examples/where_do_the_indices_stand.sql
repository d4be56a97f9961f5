-- question: Where does each of the indices stand on its last session?
SELECT instrument_id, session, close, mtd_return_pct, ytd_return_pct, statement, medium_since, major_since
FROM serve.index_overview
QUALIFY session = max(session) OVER (PARTITION BY instrument_id)
ORDER BY instrument_id
