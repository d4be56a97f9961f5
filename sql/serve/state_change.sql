SELECT * FROM core.state_change
