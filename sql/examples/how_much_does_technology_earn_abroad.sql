-- question: How much of its revenue does the information technology sector earn abroad, by companies that report it?
SELECT
    index_id,
    as_of,
    aggregation,
    round(international_share * 100, 1) AS abroad_pct,
    round(coverage_weight_share * 100, 1) AS covered_weight_pct,
    weight_by_method,
    null_reason
FROM serve.revenue_exposure
WHERE sector = 'Information Technology' AND basis = 'reported'
QUALIFY as_of = max(as_of) OVER (PARTITION BY index_id)
ORDER BY index_id, aggregation
