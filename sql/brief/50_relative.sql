-- title: Relative strength
-- key: pair_id
-- watched: verdict, since, confidence, medium_phase
-- evidence: serve.relative_regime, serve.ratio_state
SELECT
    regime.pair_id,
    ratio.ratio,
    ratio.rebased,
    ratio.medium_phase,
    ratio.medium_since,
    regime.verdict,
    regime.since,
    regime.confirmed_session,
    regime.confidence,
    regime.quarter_excess_pct_points,
    ratio.mansfield_pct
FROM serve.relative_regime AS regime
JOIN serve.ratio_state AS ratio USING (pair_id, session)
WHERE regime.session = $session
ORDER BY $index NOT IN (split_part(regime.pair_id, '/', 1), split_part(regime.pair_id, '/', 2)), regime.pair_id
