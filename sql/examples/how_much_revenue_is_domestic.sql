-- question: How much of its revenue does each index earn at home, counted in which way, and for how much of its weight?
SELECT
    index_id,
    as_of,
    aggregation,
    basis,
    round(domestic_share * 100, 1) AS domestic_pct,
    round(domestic_share_low * 100, 1) AS at_least_pct,
    round(domestic_share_high * 100, 1) AS at_most_pct,
    round(coverage_weight_share * 100, 1) AS covered_weight_pct,
    companies_covered,
    companies_total,
    null_reason
FROM serve.revenue_exposure
WHERE sector = 'ALL'
QUALIFY as_of = max(as_of) OVER (PARTITION BY index_id)
ORDER BY index_id, aggregation, basis DESC
