-- claim: Where a second source is named its closes are ours, within what two sources may differ by.
-- table: serve.source_gap
-- severity: warn
SELECT instrument_id, session, close, second_close, gap_bp
FROM serve.source_gap
WHERE is_beyond
ORDER BY session DESC, instrument_id
