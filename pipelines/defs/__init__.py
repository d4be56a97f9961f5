"""Thin Dagster: assets, checks, jobs, schedules and resources that call the other rooms."""
