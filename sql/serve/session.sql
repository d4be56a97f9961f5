SELECT * FROM core.session
