SELECT
    state.*,
    price.series_kind,
    average.close,
    average.sma_50,
    average.sma_200,
    average.slope_50_bp_per_day,
    average.slope_200_bp_per_day
FROM core.trend_state AS state
JOIN core.moving_average AS average USING (series_id, session)
JOIN core.series_price AS price USING (series_id, session)
