SELECT * FROM core.level_statistics
