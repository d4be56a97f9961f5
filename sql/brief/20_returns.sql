-- title: Returns and ranks
-- key: instrument_id
-- watched: qtd_rank, ytd_rank
-- evidence: serve.index_overview
SELECT
    instrument_id,
    name,
    close,
    day_return_pct,
    mtd_return_pct,
    mtd_rank,
    qtd_return_pct,
    qtd_rank,
    ytd_return_pct,
    ytd_rank
FROM serve.index_overview
WHERE session = $session
ORDER BY instrument_id <> $index, instrument_id
