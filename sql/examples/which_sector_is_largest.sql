-- question: Which sectors are the largest of each index, by its newest holdings, and how have they changed?
SELECT
    index_id,
    as_of,
    rank,
    sector,
    round(weight_share * 100, 2) AS weight_pct,
    round(weight_change_pct_points, 2) AS change_pct_points,
    members,
    membership_quality
FROM serve.sector_weight
WHERE rank <= 3
QUALIFY as_of = max(as_of) OVER (PARTITION BY index_id)
ORDER BY index_id, rank
