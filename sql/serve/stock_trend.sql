-- Averages beside the trend state they lead to, one row per stock and session. The file holds this table alone; the two
-- tables of the core that it is made of stay in the lake.
SELECT
    state.*,
    average.bar_number,
    average.close,
    average.sma_20,
    average.sma_50,
    average.sma_200,
    average.ema_50,
    average.ema_200,
    average.atr_14,
    average.slope_50_bp_per_day,
    average.slope_200_bp_per_day,
    average.reason_20,
    average.reason_50,
    average.reason_200,
    average.atr_reason
FROM core.stock_trend_state AS state
INNER JOIN core.stock_moving_average AS average USING (instrument_id, session)
