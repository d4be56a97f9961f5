-- claim: The newest version of every bar stands; none is held back by a quality rule.
-- table: serve.quarantined_bar
-- severity: warn
SELECT asset_class, instrument_id, session, rule, evidence
FROM serve.quarantined_bar
ORDER BY asset_class, session DESC, instrument_id
