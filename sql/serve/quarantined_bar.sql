SELECT * FROM core.quarantined_bar
