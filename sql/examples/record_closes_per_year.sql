-- question: How many record closes has each index set in each of the last ten years?
SELECT
    year(session) AS year,
    count(*) FILTER (WHERE instrument_id = 'SPX') AS spx,
    count(*) FILTER (WHERE instrument_id = 'NDX') AS ndx,
    count(*) FILTER (WHERE instrument_id = 'DJI') AS dji,
    count(*) FILTER (WHERE instrument_id = 'RUT') AS rut
FROM serve.record_high
WHERE basis = 'close'
    AND event = 'new_record'
    AND year(session) > (SELECT max(year(session)) - 10 FROM serve.index_overview)
GROUP BY year(session)
ORDER BY year
