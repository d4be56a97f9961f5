-- question: When did the levels that broke this year break, by each of four conventions?
SELECT
    instrument_id,
    level_id,
    round(evaluated_low, 2) AS low,
    round(evaluated_high, 2) AS high,
    side,
    state,
    first_intraday,
    first_close,
    confirmed_two_closes,
    confirmed_atr
FROM serve.level_state
WHERE state IN ('broken', 'cleared')
    AND session = (SELECT max(session) FROM serve.index_overview)
    AND first_close >= date_trunc('year', session)
ORDER BY instrument_id, first_close, level_id
