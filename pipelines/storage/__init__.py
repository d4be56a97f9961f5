"""Where and how tables are kept: the Parquet lake and the published DuckDB file."""
