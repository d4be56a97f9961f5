-- claim: The nearest support does not begin above the close, the nearest resistance does not end below it.
-- table: serve.index_overview
-- severity: error
SELECT instrument_id, session, close, nearest_support_low, nearest_resistance_high
FROM serve.index_overview
WHERE nearest_support_low > close OR nearest_resistance_high < close
