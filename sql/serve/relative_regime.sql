SELECT * FROM core.relative_regime
