-- title: Ratios with their averages; shaded where the numerator out- or underperforms
SELECT
    ratio.pair_id,
    ratio.session,
    ratio.ratio,
    ratio.sma_50,
    ratio.sma_200,
    regime.verdict
FROM serve.ratio_state AS ratio
JOIN serve.relative_regime AS regime USING (pair_id, session)
WHERE ratio.session <= $session
    AND ratio.denominator_id = 'NDX'
    AND ratio.numerator_id IN ('RUT', 'DJI')
QUALIFY row_number() OVER (PARTITION BY ratio.pair_id ORDER BY ratio.session DESC) <= 320
ORDER BY ratio.pair_id DESC, ratio.session
