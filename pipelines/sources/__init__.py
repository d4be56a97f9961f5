"""The outside world, one module per vendor, and the session calendar."""

from __future__ import annotations

from pipelines.settings import Settings
from pipelines.sources.base import BarSource, SourceError

__all__ = ["BarSource", "SourceError", "source_of"]


def source_of(settings: Settings) -> BarSource:
    """Return the source that ``MARKET_SOURCE`` names."""
    match settings.source:
        case "sample":
            from pipelines.sources.sample import SampleSource

            return SampleSource()
        case "files":
            from pipelines.sources.files import FilesSource

            assert settings.files_dir is not None  # Settings refuses the source without a folder
            return FilesSource(settings.files_dir)
        case "yahoo":
            from pipelines.sources.yahoo import YahooSource

            return YahooSource(settings.yahoo_url)
