-- question: Where did the Russell 2000 stand on 2 December 2024, against its averages, its record and its levels?
SELECT
    session,
    close,
    round(mtd_return_pct, 2) AS mtd_return_pct,
    statement,
    round(distance_sma_50_pct, 2) AS above_sma_50_pct,
    round(distance_sma_200_pct, 2) AS above_sma_200_pct,
    record_close,
    record_close_session,
    round(drawdown_pct, 2) AS drawdown_pct,
    nearest_support_high,
    nearest_resistance_low,
    relative_regimes
FROM overview_as_of('RUT', DATE '2024-12-02')
