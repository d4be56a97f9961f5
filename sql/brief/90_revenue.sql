-- title: Revenue at home
-- key: aggregation, basis
-- evidence: serve.revenue_exposure
SELECT
    aggregation,
    basis,
    domestic_share,
    domestic_share_low,
    domestic_share_high,
    coverage_weight_share,
    companies_covered,
    companies_total,
    as_of,
    null_reason
FROM serve.revenue_exposure
WHERE index_id = $index
    AND sector = 'ALL'
    AND known_from <= (SELECT settles_at FROM serve.session WHERE session = $session)
QUALIFY as_of = max(as_of) OVER ()
ORDER BY aggregation, basis DESC
