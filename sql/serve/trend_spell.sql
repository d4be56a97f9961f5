SELECT * FROM core.trend_spell
