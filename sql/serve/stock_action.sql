SELECT * FROM core.stock_action
