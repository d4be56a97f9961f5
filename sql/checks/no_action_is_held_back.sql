-- claim: Every split shows in the traded price, and every dividend is less than the close before it.
-- table: serve.stock_action
-- severity: warn
SELECT instrument_id, ex_session, action_type, left_out_reason
FROM serve.stock_action
WHERE left_out_reason IN (SELECT rule FROM core.quality_rule WHERE severity = 'quarantine')
ORDER BY ex_session DESC, instrument_id
