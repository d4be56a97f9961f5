SELECT * FROM core.missing_session
