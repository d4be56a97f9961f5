-- title: Sector weights
-- key: sector
-- watched: rank
-- evidence: serve.sector_weight
SELECT sector, weight_share, rank, weight_change_pct_points, members, as_of, membership_quality
FROM serve.sector_weight
WHERE index_id = $index
    AND known_from <= (SELECT settles_at FROM serve.session WHERE session = $session)
QUALIFY as_of = max(as_of) OVER ()
ORDER BY rank
