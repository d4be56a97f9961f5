SELECT
    ratio.pair_id,
    ratio.session,
    pair.numerator_id,
    pair.denominator_id,
    ratio.ratio,
    ratio.rebased,
    average.sma_50,
    average.sma_200,
    average.slope_50_bp_per_day,
    average.slope_200_bp_per_day,
    average.distance_sma_50_pct,
    average.distance_sma_200_pct,
    state.medium_label,
    state.medium_phase,
    state.medium_since,
    state.major_label,
    state.major_phase,
    state.major_since,
    ratio.mansfield_pct,
    ratio.mansfield_slope_bp_per_week,
    record.record,
    record.record_session,
    record.drawdown_pct
FROM core.ratio AS ratio
JOIN core.ratio_pair AS pair USING (pair_id)
JOIN core.moving_average AS average ON average.series_id = ratio.pair_id AND average.session = ratio.session
JOIN core.trend_state AS state ON state.series_id = ratio.pair_id AND state.session = ratio.session
JOIN core.record_state AS record
    ON record.series_id = ratio.pair_id AND record.session = ratio.session AND record.basis = 'close'
