-- claim: Every level of the books that is valid by the last session was held against bars.
-- table: serve.level
-- severity: warn
SELECT level_id, instrument_id, valid_from
FROM core.level
WHERE valid_from <= (SELECT max(session) FROM core.bar)
    AND level_id NOT IN (SELECT level_id FROM core.level_state)
