SELECT series_id AS instrument_id, * EXCLUDE (series_id) FROM core.record_high
