"""A contract said in other languages: Dagster, DuckDB, Parquet, Markdown."""
