SELECT row_id, instrument_id, session, rule, locator, payload, fetched_at
FROM raw.rejected_row
