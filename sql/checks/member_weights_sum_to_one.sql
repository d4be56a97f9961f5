-- claim: The weights of an index's members sum to one on every date of holdings.
-- table: serve.membership
-- severity: error
SELECT index_id, as_of, sum(weight_share) AS total
FROM serve.membership
GROUP BY index_id, as_of
HAVING abs(sum(weight_share) - 1) > 1e-9
