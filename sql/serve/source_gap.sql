SELECT * FROM core.source_gap
