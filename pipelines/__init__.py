"""The market-state warehouse: vendors to Parquet to derived states to DuckDB tables.

Rooms, and what may import what (``tests/architecture`` enforces it)::

    defs         -> report, and all that it may
    report       -> derivation, ingestion, storage, projections, sources, seeds, transforms, contracts, settings,
                    parameters
    derivation   -> storage, transforms, contracts, parameters
    ingestion    -> storage, sources, seeds, transforms, contracts, settings, parameters
    storage      -> contracts, projections, settings
    sources      -> contracts, settings, seeds
    seeds        -> contracts
    transforms   -> contracts, parameters
    projections  -> contracts
    contracts    -> nothing of ours

- ``contracts``: what every table is: grain, columns, units, descriptions, row rules.
- ``seeds``: curated facts as CSV, every row with its source.
- ``sources``: the outside world, one module per vendor, and the session calendar.
- ``transforms``: pure polars, frames in and frame out; the path-dependent machines in ``scan``.
- ``storage``: the Parquet lake and the published DuckDB file.
- ``ingestion``: many questions to a slow vendor: asked, kept at once, committed; knows nothing of Dagster.
- ``derivation``: long tables, derived bucket by bucket from what changed; knows nothing of Dagster.
- ``projections``: a contract in other languages (Dagster, DuckDB, Parquet, Markdown).
- ``defs``: thin Dagster.  ``report``: what is printed and drawn for people.
"""
