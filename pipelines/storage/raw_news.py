"""What came into raw tables since a past reading, without reading what was there before.

Files are told apart by name, size and time of change: raw parts are never rewritten, and where several were put
together into a new one only the versions that were fetched or became known since count.
Belongs here: which files and versions are new. Not here: what a version means (``transforms``).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from functools import cached_property
from pathlib import Path

import polars as pl

from pipelines.contracts.table import Table
from pipelines.storage.lake import Lake
from pipelines.storage.swap import swap_in, sweep, temporary_name

_BAR = ("instrument_id", "session")
_NEVER = dt.datetime(1, 1, 1, tzinfo=dt.UTC)


def versions_of_news(
    lake: Lake, table: type[Table], is_new: pl.Expr, known_at: dt.datetime
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the bars with a version that is new, by their key, and every version of these that is known at a moment.

    Files and row groups whose statistics rule out new versions are not read for the former, nor those whose sessions
    lie before all of them for the latter.

    Args:
        lake: Where the table lies.
        table: ``raw.Bar`` or ``raw.StockBar``.
        is_new: Which versions are new.
        known_at: The moment up to which versions count.
    """
    known = lake.scan(table).filter(pl.col("known_from") <= known_at)
    keys = known.filter(is_new).select(_BAR).unique().collect(engine="streaming")
    of_keys = known.filter(pl.col("session") >= pl.lit(keys["session"].min(), pl.Date))
    return keys, of_keys.join(keys.lazy(), on=list(_BAR), how="semi").collect(engine="streaming")


class RawNews:
    """The present files of some raw tables, and what past readings have seen of them.

    Args:
        lake: Where the tables lie.
        tables: Raw tables with ``known_from`` and ``fetched_at``.
        memory: Folder for the lists of files that were read.
    """

    def __init__(self, lake: Lake, tables: tuple[type[Table], ...], memory: Path) -> None:
        self.lake, self.tables, self.memory = lake, tables, memory

    @cached_property
    def reading(self) -> str:
        """Return a name of the present files; another content of any has another name."""
        return hashlib.sha256("\n".join(sorted(self._files)).encode()).hexdigest()[:16]

    def remember(self, spoken_of: set[str]) -> None:
        """Keep the list of the present files, and of past readings those that are still spoken of."""
        self.memory.mkdir(parents=True, exist_ok=True)
        for listed in self.memory.glob("*.json"):
            if listed.stem not in {*spoken_of, self.reading}:
                listed.unlink()
        path = self.memory / f"{self.reading}.json"
        if path.exists():
            return
        sweep(path)
        temporary = temporary_name(path)
        content = {"files": sorted(self._files), "fetched_to": self._fetched_to().isoformat()}
        temporary.write_text(json.dumps(content), encoding="utf-8")
        swap_in(temporary, path)

    def since(
        self, table: type[Table], reading: str, known_before: dt.datetime, known_at: dt.datetime
    ) -> pl.DataFrame | None:
        """Return the versions that are known at a moment and were not at a past reading, perhaps with a few that were.

        Args:
            table: One of the tables.
            reading: Name of the past reading.
            known_before: The moment up to which versions counted then.
            known_at: The moment up to which they count now.

        Returns:
            Rows of the table; None where the past reading is not remembered.
        """
        try:
            past = json.loads((self.memory / f"{reading}.json").read_bytes())
        except FileNotFoundError:
            return None
        fetched_to = dt.datetime.fromisoformat(past["fetched_to"])
        seen = set(past["files"]) if fetched_to <= known_before else set()
        files = [path for name, path in self._files.items() if name not in seen and self._is_of(path, table)]
        is_late = pl.col("fetched_at") >= min(fetched_to, known_before)
        rows = self._scan(table, files).filter(
            pl.col("known_from") <= known_at, (pl.col("known_from") > known_before) | is_late
        )
        return rows.collect()

    @cached_property
    def _files(self) -> dict[str, Path]:
        found = {}
        for path in (path for table in self.tables for path in self.lake.files(table)):
            facts = path.stat()
            found[f"{path.relative_to(self.lake.root).as_posix()} {facts.st_size} {facts.st_mtime_ns}"] = path
        return found

    def _is_of(self, path: Path, table: type[Table]) -> bool:
        return path.is_relative_to(self.lake.folder(table))

    def _fetched_to(self) -> dt.datetime:
        """Return when the newest version was fetched; of files that a past reading has seen its answer counts."""
        past = [json.loads(listed.read_bytes()) for listed in self.memory.glob("*.json")]
        moment, seen = max(
            ((dt.datetime.fromisoformat(reading["fetched_to"]), set(reading["files"])) for reading in past),
            key=lambda reading: reading[0],
            default=(_NEVER, set[str]()),
        )
        for table in self.tables:
            files = [path for name, path in self._files.items() if name not in seen and self._is_of(path, table)]
            found = self._scan(table, files).select(pl.col("fetched_at").max()).collect().item()
            moment = max(moment, found or _NEVER)
        return moment

    @staticmethod
    def _scan(table: type[Table], files: list[Path]) -> pl.LazyFrame:
        if not files:
            return table.create_empty().lazy()
        schema = {name: column.dtype for name, column in table.columns().items()}
        return pl.scan_parquet(files, schema=schema, missing_columns="insert", extra_columns="ignore", glob=False)
