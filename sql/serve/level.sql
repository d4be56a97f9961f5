SELECT * FROM core.level
