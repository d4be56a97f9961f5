SELECT * FROM raw.rejected_row
