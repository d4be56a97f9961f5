"""Long tables of the core, derived bucket by bucket from what changed since the last run; knows nothing of Dagster.

Here the transforms meet the lake, as a bucket is read, derived and written on its own (docs/decisions/0019). Not here:
how rows are derived (``transforms``), how buckets are stored (``storage``), tables that are derived whole (``defs``).
"""
