"""What a build of the warehouse states about itself, and what it put into the file and found there.

Belongs here: plain facts. Not here: how a build is made (see ``warehouse``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import polars as pl

from pipelines.storage.statements import Statement


@dataclass(frozen=True)
class BuildFacts:
    """What a build states about itself in ``serve.warehouse_build``."""

    source: str
    is_synthetic: bool
    built_at: dt.datetime
    known_at: dt.datetime
    parameter_set_id: str
    code_version: str


@dataclass(frozen=True)
class CheckOutcome:
    """What one ``sql/checks`` query found: how many rows fail its claim, and the first of them."""

    statement: Statement
    failing_rows: int
    first: pl.DataFrame

    @property
    def example(self) -> str:
        """Return the first failing row as text, nothing for none."""
        rows = self.first.head(1).rows(named=True)
        return "; ".join(", ".join(f"{name} {value}" for name, value in row.items()) for row in rows)

    @property
    def blocks(self) -> bool:
        """Return whether the finding keeps the new file from being published."""
        return self.failing_rows > 0 and self.statement.head.get("severity") != "warn"


@dataclass
class Build:
    """What a build put into the file: rows and content hash by ``schema.table``, and what the checks found.

    A view has a hash and no rows.
    """

    generation: int
    data_snapshot: str | None
    rows: dict[str, int] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    outcomes: list[CheckOutcome] = field(default_factory=list)
    is_published: bool = False

    @property
    def blocking(self) -> list[CheckOutcome]:
        """Return the findings that kept the file from being published."""
        return [outcome for outcome in self.outcomes if outcome.blocks]
