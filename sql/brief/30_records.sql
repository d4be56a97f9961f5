-- title: Record highs
-- key: instrument_id
-- watched: record_close, record_intraday
-- evidence: serve.index_overview
SELECT
    instrument_id,
    record_close,
    record_close_session,
    record_close_is_new,
    drawdown_pct,
    sessions_since_record_close,
    record_intraday,
    record_intraday_session,
    record_intraday_is_new,
    intraday_drawdown_pct,
    is_all_time
FROM serve.index_overview
WHERE session = $session
ORDER BY instrument_id <> $index, instrument_id
