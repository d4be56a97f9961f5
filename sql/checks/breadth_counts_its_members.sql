-- claim: Advances, declines and unchanged members make up the eligible ones, and none is counted that is no member.
-- table: serve.breadth
-- severity: error
WITH counted AS (
    SELECT index_id, sector, session, sum(value) AS counted, any_value(eligible) AS eligible, max(members) AS members
    FROM serve.breadth
    WHERE measure IN ('advances', 'declines', 'unchanged') AND value IS NOT NULL
    GROUP BY index_id, sector, session
)
SELECT * FROM counted WHERE counted <> eligible OR eligible > members
