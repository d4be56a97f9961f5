-- claim: The split factor of each bar of a stock is that of the steps of its instrument.
-- table: serve.stock_action
-- severity: error
SELECT bar.instrument_id, bar.session, bar.split_factor, coalesce(step.split_factor, 1) AS expected_factor
FROM core.stock_bar AS bar
ASOF LEFT JOIN core.adjustment_factor AS step
    ON step.instrument_id = bar.instrument_id AND bar.session < step.ex_session
WHERE abs(bar.split_factor / coalesce(step.split_factor, 1) - 1) > 1e-9
