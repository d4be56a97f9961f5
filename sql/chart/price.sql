-- title: Close with its 50- and 200-session averages
SELECT
    bar.session,
    bar.high,
    bar.low,
    bar.close,
    overview.sma_50,
    overview.sma_200
FROM core.bar AS bar
JOIN serve.index_overview AS overview USING (instrument_id, session)
WHERE bar.instrument_id = $index AND bar.session <= $session
QUALIFY row_number() OVER (ORDER BY bar.session DESC) <= 320
ORDER BY bar.session
