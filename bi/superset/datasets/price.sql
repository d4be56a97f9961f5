-- description: Close and averages, one row per index and session.
-- table: serve.index_overview
SELECT instrument_id, session, close, sma_50, sma_200, drawdown_pct, is_synthetic
FROM serve.index_overview
