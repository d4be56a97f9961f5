-- description: Share of an index's members above their averages, one row per index, session and measure.
-- table: serve.breadth
-- instrument_id: Index whose members are meant, such as SPX.
SELECT index_id AS instrument_id, session, measure, value, coverage_share, null_reason, is_synthetic
FROM serve.breadth
WHERE sector = 'ALL' AND measure IN ('pct_above_50', 'pct_above_200')
