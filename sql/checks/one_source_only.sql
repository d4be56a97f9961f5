-- claim: All bars of a warehouse come from one source.
-- table: serve.instrument
-- severity: error
SELECT count(DISTINCT source) AS sources
FROM core.bar
HAVING count(DISTINCT source) > 1
