-- answers: The daily bars of a stock on a basis: 'as_traded' in the shares of each session, 'split' in shares of today,
-- 'total_return' also with dividends put back. Factors are applied at reading and stored nowhere else.
-- example: FROM adjusted_bars('ZQAA', 'total_return')
CREATE MACRO adjusted_bars(instrument, basis) AS TABLE
SELECT
    bar.instrument_id,
    bar.session,
    bar.open * factor.price AS open,
    bar.high * factor.price AS high,
    bar.low * factor.price AS low,
    bar.close * factor.price AS close,
    bar.volume * CASE WHEN basis = 'as_traded' THEN bar.split_factor ELSE 1 END AS volume
FROM core.stock_bar AS bar
ASOF LEFT JOIN (SELECT * FROM core.adjustment_factor WHERE instrument_id = instrument) AS step
    ON step.instrument_id = bar.instrument_id AND bar.session < step.ex_session
CROSS JOIN LATERAL (
    SELECT
        CASE basis
            WHEN 'as_traded' THEN 1 / bar.split_factor
            WHEN 'split' THEN 1
            WHEN 'total_return' THEN coalesce(step.dividend_factor, 1)
            ELSE error('basis: expected as_traded, split or total_return, was ' || basis)
        END AS price
) AS factor
WHERE bar.instrument_id = instrument
ORDER BY bar.session
