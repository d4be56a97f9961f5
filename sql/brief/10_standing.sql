-- title: Where it stands
-- key: instrument_id
-- evidence: serve.index_overview
SELECT * EXCLUDE (is_synthetic)
FROM serve.index_overview
WHERE instrument_id = $index AND session = $session
