"""The outside world, one module per vendor, and the session calendar."""

from __future__ import annotations

from pipelines import seeds
from pipelines.settings import Settings
from pipelines.sources.base import BarSource, SourceError
from pipelines.sources.document import Kind

__all__ = ["BarSource", "SourceError", "provided_documents", "source_of"]


def source_of(settings: Settings) -> BarSource:
    """Return the source that ``MARKET_SOURCE`` names.

    Raises:
        SourceError: it needs a folder, and none is named; what was built of it can be read all the same.
    """
    match settings.source:
        case "sample":
            from pipelines.sources.sample import SampleSource

            return SampleSource()
        case "files":
            from pipelines.sources.files import FilesSource

            if settings.files_dir is None:
                expected = "expected a folder of CSV or Parquet files, as MARKET_SOURCE is 'files'"
                raise SourceError(f"MARKET_FILES_DIR: {expected}; was unset")
            return FilesSource(settings.files_dir)
        case "yahoo":
            from pipelines.sources.yahoo import YahooSource

            return YahooSource(settings.yahoo_url)


def provided_documents(settings: Settings, kind: Kind) -> dict[str, str]:
    """Put the documents of a kind into ``settings.documents_dir``, and return why some are not there, by name.

    The sample makes them up, ``yahoo`` downloads holdings and filings; with ``files`` the folder is the user's own.
    """
    match settings.source:
        case "sample":
            from pipelines.sources.sample_document import write_sample_documents

            write_sample_documents(settings.documents_dir, settings.clock())
        case "yahoo" if kind in ("holdings", "sec"):
            from pipelines.sources.download import download_documents

            contact = settings.sec_contact.get_secret_value() if settings.sec_contact else None
            return download_documents(
                settings.documents_dir, kind, seeds.funds(), settings.clock().date(), contact, settings.web_url
            )
    return {}
