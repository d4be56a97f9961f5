"""The one resource of the assets: settings, parameters and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass, field

import dagster as dg

from pipelines import seeds
from pipelines.parameters import Parameters
from pipelines.settings import Settings
from pipelines.sources import BarSource, provided_documents, source_of
from pipelines.sources.document import Document, Kind, known_documents
from pipelines.storage.lake import Lake
from pipelines.transforms.document import Origin


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

    def documents(self, kind: Kind) -> tuple[list[Document], dict[str, str]]:
        """Return the documents of a kind, and why others are not among them, by name.

        Raises:
            SourceError: a file of the folder cannot be read.
        """
        missing = provided_documents(self.settings, kind)
        found, others = known_documents(self.settings.documents_dir, kind, seeds.funds())
        return found, missing | dict.fromkeys(others, "of no fund")

    def origin(self, document: Document) -> Origin:
        """Return where the rows of a document come from."""
        return Origin(self.settings.source, document.locator, document.payload_hash, self.settings.clock())


@dg.definitions
def resources() -> dg.Definitions:
    """Provide the workspace of the environment's settings."""
    return dg.Definitions(resources={"workspace": Workspace()})
