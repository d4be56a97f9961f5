"""Pure polars: frames in, frame out. No clock, environment, path, Dagster or DuckDB.

``scan`` holds the few machines that depend on the path, one NumPy loop over sessions each; nothing else loops
over rows.
"""
