SELECT * FROM core.excluded_holding
