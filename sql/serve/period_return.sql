SELECT * FROM core.period_return
