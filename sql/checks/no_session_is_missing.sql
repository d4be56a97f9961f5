-- claim: Every calendar session of an index from its first bar on has a bar, up to the last session of the data and,
-- of a live source, of the calendar; the newest missing one is named first.
-- table: serve.data_health
-- severity: warn
SELECT instrument_id, session
FROM core.missing_session
ORDER BY session DESC, instrument_id
