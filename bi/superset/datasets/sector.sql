-- description: Sector weights of the newest holdings, in per cent, one row per index and sector.
-- table: serve.sector_weight
-- weight_pct: Share of the index in all its members. [per cent]
-- instrument_id: Index whose members are meant, such as SPX.
SELECT index_id AS instrument_id, as_of, sector, weight_share * 100 AS weight_pct, rank, members, is_synthetic
FROM serve.sector_weight
QUALIFY as_of = max(as_of) OVER (PARTITION BY index_id)
