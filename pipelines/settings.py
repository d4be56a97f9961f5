"""Settings from the environment (``MARKET_*``): which source, where things lie, what time it is.

Not here: analytic thresholds (see ``parameters``).
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

SYNTHETIC_NOTE = "SYNTHETIC SAMPLE, not market data. "
"""What every table, page and print of the sample source says first."""

SourceName = Literal["sample", "files", "yahoo"]


_CENTURY = dt.datetime(1900, 1, 1, tzinfo=dt.UTC)


def _without_question_mark(path: Path) -> Path:
    """DuckDB reads a question mark in a file name as the start of options."""
    if "?" in str(path):
        raise ValueError("expected a path without a question mark")
    return path


class Settings(BaseSettings):
    """One frozen set of settings. Relative paths are taken from the working directory."""

    model_config = SettingsConfigDict(env_prefix="MARKET_", frozen=True, extra="ignore", env_ignore_empty=True)

    source: SourceName = "sample"
    """Where bars come from: ``MARKET_SOURCE``."""
    files_dir: Path | None = None
    """Folder of CSV or Parquet files, one per instrument, for the ``files`` source."""
    warehouse_dir: Annotated[Path, AfterValidator(_without_question_mark)] = Path("warehouse")
    """Where data lives; each source builds into its own folder below it."""
    level_book: Path | None = None
    """The user's own level book, a CSV file beside the house's: ``MARKET_LEVEL_BOOK``."""
    now: AwareDatetime | None = Field(default=None, ge=_CENTURY, lt=_CENTURY.replace(year=2200))
    """Fixes the clock (ISO 8601 with an offset); unset, the clock is the machine's."""
    yahoo_url: str | None = Field(default=None, pattern=r"^https?://")
    """Another host that answers like Yahoo's chart service, such as a local test server."""
    web_url: str | None = Field(default=None, pattern=r"^https?://")
    """Another host that answers in the place of the funds' and the SEC's, such as a local test server."""
    sec_contact: SecretStr | None = None
    """Name and mail address for the SEC, which demands them: ``MARKET_SEC_CONTACT``; never stored or shown."""
    buckets: int = Field(default=1, ge=1, le=100)
    """Files per table; a series always lies in the same one."""
    stock_buckets: int = Field(default=16, ge=1, le=100)
    """Buckets of the tables of stocks that grow by the day; of 3,000 stocks x 30 years one holds 1.4 million rows."""

    @model_validator(mode="after")
    def _files_need_a_folder(self) -> Self:
        if self.source == "files" and self.files_dir is None:
            raise ValueError(
                "MARKET_FILES_DIR: expected a folder of CSV or Parquet files, as MARKET_SOURCE is 'files'; was unset"
            )
        return self

    @property
    def source_dir(self) -> Path:
        """Return the folder that holds this source's lake and DuckDB file."""
        return self.warehouse_dir / self.source

    @property
    def lake_dir(self) -> Path:
        """Return the root of the Parquet lake."""
        return self.source_dir / "lake"

    @property
    def documents_dir(self) -> Path:
        """Return the folder of documents (holdings, filings, ...): the user's own, or those downloaded or made up."""
        return self.files_dir if self.files_dir and self.source == "files" else self.source_dir / "documents"

    @property
    def database_path(self) -> Path:
        """Return the published DuckDB file."""
        return self.source_dir / "market.duckdb"

    @property
    def is_synthetic(self) -> bool:
        """Return whether the bars are made up: true for the sample source alone."""
        return self.source == "sample"

    @property
    def note(self) -> str:
        """Return what has to be said before anything is shown: the synthetic note, or nothing."""
        return SYNTHETIC_NOTE if self.is_synthetic else ""

    def clock(self) -> dt.datetime:
        """Return the present moment in UTC, or the fixed one."""
        return (self.now or dt.datetime.now(dt.UTC)).astimezone(dt.UTC)
