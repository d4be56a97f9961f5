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


@dataclass(frozen=True)
class FileFacts:
    """One file of a bucket: how many rows from which session to which, and their fingerprint."""

    rows: int
    first_session: dt.date
    last_session: dt.date
    fingerprint: int


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
        changes: For each of the last generations the instruments it changed, and from which session on.
    """

    basis: str
    epoch: str = ""
    generation: int = 0
    files: dict[str, FileFacts] = field(default_factory=dict)
    snapshot: str | None = None
    progress: dict[str, str] = field(default_factory=dict)
    changes: dict[int, dict[str, dt.date]] = field(default_factory=dict)

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
        """Return the record of the next generation, which changed instruments from a session on."""
        generation = self.generation + 1
        known = {number: what for number, what in self.changes.items() if number > generation - _CHANGES_REMEMBERED}
        return replace(self, generation=generation, changes={**known, generation: dict(changes)})

    def changes_since(self, state: str) -> dict[str, dt.date] | None:
        """Return what changed after a state, instruments each from its earliest changed session on; None: not known."""
        epoch, _, number = state.partition(":")
        if epoch != self.epoch or not number.isdecimal() or int(number) > self.generation:
            return None
        missed = range(int(number) + 1, self.generation + 1)
        if any(generation not in self.changes for generation in missed):
            return None
        earliest: dict[str, dt.date] = {}
        for generation in missed:
            for instrument, session in self.changes[generation].items():
                earliest[instrument] = min(session, earliest.get(instrument, session))
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
