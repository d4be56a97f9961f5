-- claim: A domestic share lies within its bounds, and home and abroad make up the whole.
-- table: serve.revenue_exposure
-- severity: error
SELECT index_id, as_of, sector, aggregation, basis, domestic_share, domestic_share_low, domestic_share_high
FROM serve.revenue_exposure
WHERE domestic_share < domestic_share_low - 1e-12
    OR domestic_share > domestic_share_high + 1e-12
    OR domestic_share + international_share <> 1
