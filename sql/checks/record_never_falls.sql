-- claim: A record high never falls from one session to the next, and the close never stands above the record close.
-- table: serve.record_high
-- severity: error
SELECT series_id, basis, session, record
FROM (
    SELECT *, lag(record) OVER (PARTITION BY series_id, basis ORDER BY session) AS record_before
    FROM core.record_state
)
WHERE record < record_before OR (record IS NULL AND record_before IS NOT NULL) OR (basis = 'close' AND drawdown_pct > 0.001)
