-- claim: A level has one state a session: its rows follow on one another without overlap, and only the last is open.
-- table: serve.level_state
-- severity: error
SELECT level_id, valid_from, valid_to, next_from
FROM (
    SELECT *, lead(valid_from) OVER (PARTITION BY level_id ORDER BY valid_from) AS next_from
    FROM core.level_state
)
WHERE valid_to < valid_from OR next_from <= coalesce(valid_to, DATE '9999-12-31')
