-- Rows that an older lake kept before there was another table to keep rows out of are of bars.
SELECT * REPLACE (coalesce(raw_table, 'bar') AS raw_table)
FROM raw.rejected_row
