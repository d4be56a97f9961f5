-- description: What the figures rest on: bars, missing sessions, rejected and odd rows, one row per instrument.
-- table: serve.data_health
SELECT *
FROM serve.data_health
