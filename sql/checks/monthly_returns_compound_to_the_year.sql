-- claim: The months of a full year compound to the return of the year.
-- table: serve.period_return
-- severity: error
WITH month AS (
    SELECT
        universe_id,
        instrument_id,
        year(period_start) AS year,
        product(1 + return_pct / 100) AS growth,
        count(return_pct) AS months
    FROM serve.period_return
    WHERE period = 'month' AND NOT is_partial
    GROUP BY universe_id, instrument_id, year(period_start)
)
SELECT annual.instrument_id, month.year, annual.return_pct, (month.growth - 1) * 100 AS compounded_pct
FROM serve.period_return AS annual
JOIN month
    ON month.universe_id = annual.universe_id
    AND month.instrument_id = annual.instrument_id
    AND month.year = year(annual.period_start)
WHERE annual.period = 'year' AND month.months = 12 AND abs(annual.return_pct - (month.growth - 1) * 100) > 1e-6
