"""The one resource of the assets: settings, parameters and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass, field

import dagster as dg

from pipelines.parameters import Parameters
from pipelines.settings import Settings
from pipelines.sources import BarSource, source_of
from pipelines.storage.lake import Lake


@dataclass
class Workspace:
    """What a run works with. Every asset takes it as ``workspace``."""

    settings: Settings = field(default_factory=Settings)
    parameters: Parameters = field(default_factory=Parameters)

    @property
    def lake(self) -> Lake:
        """Return the lake of the chosen source; what it writes is stamped with the present moment."""
        return Lake.of(self.settings, self.parameters.set_id)

    @property
    def source(self) -> BarSource:
        """Return the chosen source of bars."""
        return source_of(self.settings)


@dg.definitions
def resources() -> dg.Definitions:
    """Provide the workspace of the environment's settings."""
    return dg.Definitions(resources={"workspace": Workspace()})
