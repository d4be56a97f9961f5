-- claim: The overview has one row for every accepted bar.
-- table: serve.index_overview
-- severity: error
SELECT instrument_id, session
FROM core.bar
ANTI JOIN serve.index_overview USING (instrument_id, session)
