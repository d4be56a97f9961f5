SELECT * FROM core.quality_rule
