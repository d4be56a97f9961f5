SELECT * FROM core.instrument
