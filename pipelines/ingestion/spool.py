"""The spool: answers that have arrived and are not in the lake yet, one file each.

A file appears whole or not at all, under a hash of symbol and days: a symbol is text of a vendor and no path. A run
that was killed leaves its answers here for the next one. Not here: what the rows mean, or the lake.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import filelock
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.ingestion.question import Answered, Question
from pipelines.sources.chart_answer import ACTION_SCHEMA, BAR_SCHEMA, Answer
from pipelines.storage.swap import swap_in, sweep, temporary_name

_FACTS = b"answer"
_LOG = logging.getLogger(__name__)


_DAMAGED = (OSError, pa.ArrowException, pl.exceptions.PolarsError, ValueError, KeyError, TypeError, IndexError)


class _Entry(NamedTuple):
    """A file of the spool, and what it answers."""

    fetched_at: dt.datetime
    name: str
    question: Question
    path: Path


class Spool:
    """The answers below one folder.

    Args:
        folder: The folder; made at the first answer.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def locked(self) -> filelock.FileLock:
        """Return the lock that the one run holds which asks and commits."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return filelock.FileLock(self.folder / ".lock")

    def path(self, question: Question) -> Path:
        """Return the file of an answer."""
        identity = "\n".join([question.vendor_symbol, str(question.asked_from), str(question.asked_to)])
        return self.folder / f"{hashlib.sha256(identity.encode()).hexdigest()}.parquet"

    def save(self, answered: Answered) -> None:
        """Write an answer, durably and whole."""
        path = self.path(answered.question)
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = temporary_name(path)
        try:
            table = answered.answer.bars.to_arrow()
            pq.write_table(table.replace_schema_metadata({_FACTS: _facts(answered)}), temporary)
            swap_in(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)

    def answers(self) -> Iterator[Answered]:
        """Yield the answers in the order in which they came; a file that cannot be read is dropped, and asked again.

        Bars are read one file at a time.
        """
        for entry in self._entries():
            try:
                answered = _read(entry.path)
            except _DAMAGED as error:
                self._drop_damaged(entry.path, error)
            else:
                yield answered

    def followed(self) -> dict[str, str]:
        """Return the symbols with an answer of some days and one of the whole history, and whose history that is."""
        entries = self._entries()
        counts = Counter(entry.question.vendor_symbol for entry in entries)
        wholes = [entry.question for entry in entries if entry.question.is_whole]
        return {found.vendor_symbol: found.instrument_id for found in wholes if counts[found.vendor_symbol] > 1}

    def _entries(self) -> list[_Entry]:
        found = []
        for path in self.folder.glob("*.parquet"):
            try:
                facts = json.loads(pq.read_schema(path).metadata[_FACTS])
                moment = dt.datetime.fromisoformat(facts["fetched_at"])
                found.append(_Entry(moment, path.name, _question(facts["question"]), path))
            except _DAMAGED as error:
                self._drop_damaged(path, error)
        return sorted(found)

    def remove(self, answers: Iterable[Answered]) -> None:
        """Forget answers that are in the lake."""
        for answered in answers:
            self.path(answered.question).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Delete what killed writers have left of files."""
        for leftover in self.folder.glob(".*.parquet-*.tmp"):
            sweep(self.folder / leftover.name[1:].rpartition("-")[0])

    @staticmethod
    def _drop_damaged(path: Path, error: Exception) -> None:
        _LOG.warning("spool: expected an answer in %s, was none (%s); it is asked for again", path.name, error)
        path.unlink(missing_ok=True)


def _facts(answered: Answered) -> bytes:
    question, answer = answered.question, answered.answer
    return json.dumps(
        {
            "question": question,
            "fetched_at": answered.fetched_at.isoformat(),
            "answer": answer._replace(bars=None, actions=answer.actions.rows()),  # type: ignore[arg-type]
        },
        default=lambda value: value.isoformat(),
    ).encode()


def _question(facts: list[Any]) -> Question:
    symbol, instrument_id, first, last, had_bars, unknown = facts
    unknown_before = dt.datetime.fromisoformat(unknown) if unknown else None
    return Question(
        symbol, instrument_id, dt.date.fromisoformat(first), dt.date.fromisoformat(last), had_bars, unknown_before
    )


def _read(path: Path) -> Answered:
    table = pq.read_table(path)
    facts = json.loads(table.schema.metadata[_FACTS])
    bars = pl.DataFrame(table).select(pl.col(name).cast(kind) for name, kind in BAR_SCHEMA.items())
    stored = Answer(*facts["answer"])
    rows = [(dt.date.fromisoformat(day), *others) for day, *others in stored.actions]
    actions = pl.DataFrame(rows, schema=ACTION_SCHEMA, orient="row")
    first_trade = dt.date.fromisoformat(str(stored.first_trade)) if stored.first_trade else None
    quoted_at = dt.datetime.fromisoformat(str(stored.quoted_at)) if stored.quoted_at else None
    answer = stored._replace(bars=bars, actions=actions, first_trade=first_trade, quoted_at=quoted_at)
    return Answered(_question(facts["question"]), answer, dt.datetime.fromisoformat(facts["fetched_at"]))
