-- question: How far is each index from its nearest support and resistance?
SELECT
    instrument_id,
    round(close, 2) AS close,
    round(nearest_support_low, 2) AS support_low,
    round(nearest_support_high, 2) AS support_high,
    nearest_support_state AS support_state,
    round(nearest_support_distance_pct, 2) AS support_pct,
    nearest_support_kinds AS support_kinds,
    round(nearest_resistance_low, 2) AS resistance_low,
    round(nearest_resistance_high, 2) AS resistance_high,
    nearest_resistance_state AS resistance_state,
    round(nearest_resistance_distance_pct, 2) AS resistance_pct,
    nearest_resistance_kinds AS resistance_kinds
FROM serve.index_overview
QUALIFY session = max(session) OVER (PARTITION BY instrument_id)
ORDER BY instrument_id
