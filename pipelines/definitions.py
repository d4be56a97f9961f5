"""The Dagster code location: everything in ``defs``, run in one process."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from pipelines.settings import Settings

SYNTHETIC = "SYNTHETIC SAMPLE, not market data. "


@dg.definitions
def definitions() -> dg.Definitions:
    """Load the assets, checks, jobs and resources. Steps are short, so they run in-process by default."""
    found = dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
    if Settings().is_synthetic:
        found = found.map_asset_specs(func=_says_that_bars_are_synthetic)
    return dg.Definitions.merge(found, dg.Definitions(executor=dg.in_process_executor))


def _says_that_bars_are_synthetic(spec: dg.AssetSpec) -> dg.AssetSpec:
    return spec.replace_attributes(description=SYNTHETIC + (spec.description or ""))
