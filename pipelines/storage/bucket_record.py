"""What a bucket of a table says of itself: a small file that is written last, so that a killed build leaves none.

Belongs here: the facts and their way to a file and back. Not here: the rows (``bucket_store``).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from pipelines.storage.swap import swap_in, sweep, temporary_name

_CHANGES_REMEMBERED = 30
"""Generations of changes that a reader may lag behind; one that lags further reads everything anew."""
RECORD = "_record.json"
"""Name of the file, in the folder of a bucket; readers of Parquet folders pass over such names."""
FINGERPRINT_MODULUS = 2**64


Span = tuple[dt.date, dt.date]
"""First and last session."""


@dataclass(frozen=True)
class FileFacts:
    """One file of a bucket: how many rows, their fingerprint, and from which session to which each series has some."""

    rows: int
    fingerprint: int
    spans: dict[str, Span]

    @property
    def first_session(self) -> dt.date:
        """Return the earliest session of any row."""
        return min(first for first, _ in self.spans.values())

    @property
    def last_session(self) -> dt.date:
        """Return the latest session of any row."""
        return max(last for _, last in self.spans.values())


@dataclass(frozen=True)
class Record:
    """What holds for a bucket.

    Attributes:
        basis: What rows depend on beside the data: parameters, code, count of buckets. Another one: build anew.
        epoch: Names the rows that the bucket was built with from the ground up.
        generation: Raised by each build since that changed rows.
        files: Facts by name of file.
        snapshot: The state of the data that the rows were derived from.
        progress: How far what the rows are derived from has been read; its words are the deriving step's.
        changes: For each of the last generations the series it changed, and from which session on.
        kept: Further facts that hold exactly when the rows do, by name; their words are the deriving step's.
    """

    basis: str
    epoch: str = ""
    generation: int = 0
    files: dict[str, FileFacts] = field(default_factory=dict)
    snapshot: str | None = None
    progress: dict[str, str] = field(default_factory=dict)
    changes: dict[int, dict[str, dt.date]] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Return how many rows the bucket has."""
        return sum(facts.rows for facts in self.files.values())

    @property
    def last_session(self) -> dt.date | None:
        """Return the latest session of any row."""
        return max((facts.last_session for facts in self.files.values()), default=None)

    @property
    def first_session(self) -> dt.date | None:
        """Return the earliest session of any row."""
        return min((facts.first_session for facts in self.files.values()), default=None)

    @property
    def spans(self) -> dict[str, Span]:
        """Return first and last session of each series."""
        found: dict[str, Span] = {}
        for name, (first, last) in (item for facts in self.files.values() for item in facts.spans.items()):
            known = found.get(name, (first, last))
            found[name] = min(first, known[0]), max(last, known[1])
        return found

    @property
    def fingerprint(self) -> int:
        """Return the fingerprint of all rows, whatever files they lie in."""
        return sum(facts.fingerprint for facts in self.files.values()) % FINGERPRINT_MODULUS

    @property
    def state(self) -> str:
        """Return a name of the rows as they are, for those who derive from them to remember."""
        return f"{self.epoch}:{self.generation}"

    def built(self) -> Record:
        """Return the record of the first generation of its rows."""
        return replace(self, epoch=f"{self.fingerprint:016x}", generation=0, changes={})

    def changed(self, changes: Mapping[str, dt.date]) -> Record:
        """Return the record of the next generation, which changed series from a session on."""
        generation = self.generation + 1
        known = {number: what for number, what in self.changes.items() if number > generation - _CHANGES_REMEMBERED}
        return replace(self, generation=generation, changes={**known, generation: dict(changes)})

    def changes_since(self, state: str) -> dict[str, dt.date] | None:
        """Return what changed after a state, series each from its earliest changed session on; None: not known."""
        epoch, _, number = state.partition(":")
        if epoch != self.epoch or not number.isdecimal() or int(number) > self.generation:
            return None
        missed = range(int(number) + 1, self.generation + 1)
        if any(generation not in self.changes for generation in missed):
            return None
        earliest: dict[str, dt.date] = {}
        for generation in missed:
            earliest = earlier_of(earliest, self.changes[generation])
        return earliest


def earlier_of(*changes: Mapping[str, dt.date]) -> dict[str, dt.date]:
    """Return several changes as one: each series from its earliest changed session on."""
    earliest: dict[str, dt.date] = {}
    for name, session in (item for some in changes for item in some.items()):
        earliest[name] = min(session, earliest.get(name, session))
    return earliest


_ADAPTER = TypeAdapter(Record)


def read_record(path: Path) -> Record | None:
    """Return what a file says; None where there is none, or none that can be read."""
    try:
        return _ADAPTER.validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def write_record(path: Path, record: Record) -> None:
    """Write a record in the place of the one before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sweep(path)
    temporary = temporary_name(path)
    temporary.write_text(json.dumps(_ADAPTER.dump_python(record, mode="json"), sort_keys=True), encoding="utf-8")
    swap_in(temporary, path)
