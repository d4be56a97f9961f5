SELECT * FROM core.level_event
