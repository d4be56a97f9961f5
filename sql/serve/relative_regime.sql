SELECT * EXCLUDE (cusum_up, cusum_down) FROM core.relative_regime
