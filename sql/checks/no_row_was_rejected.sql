-- claim: No row of the source broke a row rule.
-- table: serve.data_health
-- severity: warn
SELECT instrument_id, rejected_rows, rejected_by_rule
FROM serve.data_health
WHERE rejected_rows > 0
