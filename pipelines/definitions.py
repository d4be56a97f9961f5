"""The Dagster code location: everything in ``defs``, run in one process."""

from __future__ import annotations

from pathlib import Path

import dagster as dg


@dg.definitions
def definitions() -> dg.Definitions:
    """Load the assets, checks, jobs and resources. Steps are short, so they run in-process by default."""
    found = dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
    return dg.Definitions.merge(found, dg.Definitions(executor=dg.in_process_executor))
