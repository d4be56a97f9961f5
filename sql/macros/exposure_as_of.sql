-- answers: How much of its revenue an index and each of its sectors earn at home, as of the newest holdings on or
-- before a date; the index itself comes first.
-- example: FROM exposure_as_of('SPX', '2024-12-06')
CREATE MACRO exposure_as_of(index_name, asked) AS TABLE
SELECT exposure.*
FROM serve.revenue_exposure AS exposure
WHERE exposure.index_id = index_name
    AND exposure.as_of = (
        SELECT max(held.as_of)
        FROM core.revenue_exposure AS held
        WHERE held.index_id = index_name AND held.as_of <= CAST(asked AS DATE)
    )
ORDER BY exposure.sector <> 'ALL', exposure.sector, exposure.aggregation, exposure.basis
