"""Settings from the environment (``MARKET_*``): which source, where things lie, what time it is.

``python -m pipelines.settings`` says which of them is wrong, if one is.

Not here: analytic thresholds (see ``parameters``).
"""

from __future__ import annotations

import datetime as dt
import difflib
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, Field, SecretStr, ValidationError, model_validator
from pydantic_core import ErrorDetails
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


def _web_address(secret: SecretStr) -> SecretStr:
    """An address with a token in it is a secret, so what was expected is said and what it was is not."""
    if not secret.get_secret_value().startswith(("http://", "https://")):
        raise ValueError("expected an address that begins with http:// or https://")
    return secret


class SettingsError(ValueError):
    """A variable of the environment is wrong; the text names each one, what was expected and what it was."""


class Settings(BaseSettings):
    """One frozen set of settings. Relative paths are taken from the working directory."""

    model_config = SettingsConfigDict(
        env_prefix="MARKET_", frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    source: SourceName = "sample"
    """Where bars come from: ``MARKET_SOURCE``."""
    files_dir: Path | None = None
    """Folder of CSV or Parquet files, one per instrument, for the ``files`` source."""
    warehouse_dir: Annotated[Path, AfterValidator(_without_question_mark)] = Path("warehouse")
    """Where data lives; each source builds into its own folder below it."""
    second_source_dir: Path | None = None
    """Folder of price files of the indices that bars are compared with, of any source: ``MARKET_SECOND_SOURCE_DIR``."""
    level_book: Path | None = None
    """The user's own level book, a CSV file beside the house's: ``MARKET_LEVEL_BOOK``."""
    claims: Path | None = None
    """The user's own claims, a YAML file beside the house's: ``MARKET_CLAIMS``."""
    now: AwareDatetime | None = Field(default=None, ge=_CENTURY, lt=_CENTURY.replace(year=2200))
    """Fixes the clock (ISO 8601 with an offset); unset, the clock is the machine's."""
    known_at: AwareDatetime | None = Field(default=None, ge=_CENTURY)
    """Builds the warehouse as known at this past moment, beside the present one: ``MARKET_KNOWN_AT``."""
    yahoo_url: str | None = Field(default=None, pattern=r"^https?://")
    """Another host that answers like Yahoo's chart service, such as a local test server."""
    web_url: str | None = Field(default=None, pattern=r"^https?://")
    """Another host that answers in the place of the funds' and the SEC's, such as a local test server."""
    sec_contact: SecretStr | None = None
    """Name and mail address for the SEC, which demands them: ``MARKET_SEC_CONTACT``; never stored or shown."""
    alert_url: Annotated[SecretStr, AfterValidator(_web_address)] | None = None
    """Webhook that is told of failed runs and checks, which may hold a token: ``MARKET_ALERT_URL``; never shown."""
    keep_warehouses: int = Field(default=7, ge=0, le=1000)
    """How many earlier published files are kept beside the newest: ``MARKET_KEEP_WAREHOUSES``."""
    universe: str | None = None
    """Whose stocks ``yahoo`` is asked for: ``none``, ``members`` (of the newest holdings) or a file of symbols."""
    yahoo_per_minute: float = Field(default=100.0, gt=0)
    """Requests a minute that Yahoo is sent for stocks, in the long run."""
    yahoo_burst: int = Field(default=10, ge=1)
    """Requests that may be sent at once after a rest."""
    buckets: int = Field(default=1, ge=1, le=100)
    """Files per table; a series always lies in the same one."""
    stock_buckets: int = Field(default=16, ge=1, le=100)
    """Buckets of the tables of stocks that grow by the day; of 3,000 stocks x 30 years one holds 1.4 million rows."""

    @classmethod
    def of_environment(cls) -> Self:
        """Return the settings of the environment.

        Raises:
            SettingsError: a variable is wrong.
        """
        if problems := [*_misspelt(cls.model_fields)]:
            raise SettingsError("\n".join(problems))
        try:
            return cls()
        except ValidationError as error:
            raise SettingsError("\n".join(map(_told, error.errors()))) from error

    @model_validator(mode="after")
    def _known_at_is_past(self) -> Self:
        if self.known_at is not None and self.known_at > self.clock():
            raise ValueError(
                f"MARKET_KNOWN_AT: expected a moment not after the clock, {self.clock().isoformat(timespec='seconds')},"
                f" was {self.known_at.isoformat()}"
            )
        return self

    @property
    def source_dir(self) -> Path:
        """Return the folder that holds this source's lake, its documents and its DuckDB file."""
        return self.warehouse_dir / self.source

    @property
    def is_past(self) -> bool:
        """Return whether the build is of a past moment, so that nothing is fetched or added to what is known."""
        return self.known_at is not None

    @property
    def build_dir(self) -> Path:
        """Return the folder of what is built: the source's own, or below it one of the past moment."""
        if self.known_at is None:
            return self.source_dir
        moment = self.knowledge_time()
        fraction = f".{moment:%f}" if moment.microsecond else ""
        return self.source_dir / "known" / f"{moment:%Y%m%dT%H%M%S}{fraction}Z"

    @property
    def lake_dir(self) -> Path:
        """Return the root of the Parquet lake: all of it, or of a past build what is not derived."""
        return self.source_dir / "lake"

    @property
    def derived_dir(self) -> Path:
        """Return the root of what is derived: the lake, or of a past build the lake beside its DuckDB file."""
        return self.build_dir / "lake"

    @property
    def documents_dir(self) -> Path:
        """Return the folder of documents (holdings, filings, ...): the user's own, or those downloaded or made up."""
        return self.files_dir if self.files_dir and self.source == "files" else self.source_dir / "documents"

    @property
    def spool_dir(self) -> Path:
        """Return the folder of answers that have arrived and are not in the lake yet."""
        return self.source_dir / "spool"

    @property
    def database_path(self) -> Path:
        """Return the published DuckDB file."""
        return self.build_dir / "market.duckdb"

    @property
    def briefs_dir(self) -> Path:
        """Return the folder of issued briefs; those of a past build lie beside it."""
        return self.build_dir / "briefs"

    @property
    def alert_log_path(self) -> Path:
        """Return the log of what went wrong, one line of JSON each."""
        return self.source_dir / "alerts.log"

    @property
    def is_synthetic(self) -> bool:
        """Return whether the bars are made up: true for the sample source alone."""
        return self.source == "sample"

    @property
    def is_live(self) -> bool:
        """Return whether every session up to the clock is expected: files and the sample end where they end."""
        return self.source == "yahoo"

    @property
    def note(self) -> str:
        """Return what has to be said before anything is shown: the synthetic note, or nothing."""
        return SYNTHETIC_NOTE if self.is_synthetic else ""

    def clock(self) -> dt.datetime:
        """Return the present moment in UTC, or the fixed one."""
        return (self.now or dt.datetime.now(dt.UTC)).astimezone(dt.UTC)

    def knowledge_time(self) -> dt.datetime:
        """Return as of when rows are known in this build, in UTC: the past moment asked for, or the clock."""
        return self.known_at.astimezone(dt.UTC) if self.known_at is not None else self.clock()


def _misspelt(names: Iterable[str]) -> Iterator[str]:
    """Yield each variable of the environment that is no setting but nearly one, which would be silently left out."""
    known = [name.upper() for name in names]
    for name in sorted(os.environ):
        own = name.upper().removeprefix("MARKET_")
        if name.upper() != own and own not in known:
            for meant in difflib.get_close_matches(own, known, n=1, cutoff=0.75):
                yield f"{name}: expected a setting, was unknown; perhaps MARKET_{meant} was meant"


def _told(found: ErrorDetails) -> str:
    """Return what is wrong with one setting, by the name of its variable."""
    message = found["msg"].removeprefix("Value error, ").replace("Input should ", "expected to ")
    if found["type"].startswith(("datetime", "timezone")):
        message = "expected a moment with its offset from UTC, such as 2024-12-02T22:00:00Z"
    if not found["loc"]:
        return message
    name = str(found["loc"][0])
    was = "another, not shown" if "SecretStr" in str(Settings.model_fields[name].annotation) else repr(found["input"])
    return f"MARKET_{name.upper()}: {message}, was {was}"


if __name__ == "__main__":
    try:
        Settings.of_environment()
    except SettingsError as refusal:
        sys.exit(str(refusal))
