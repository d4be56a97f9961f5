-- description: Where each index stands on the last session of the warehouse, one row per index.
-- table: serve.index_overview
SELECT *
FROM serve.index_overview
WHERE session = (SELECT max(session) FROM serve.index_overview)
