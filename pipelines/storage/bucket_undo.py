"""The files of a bucket as they were before a build: kept beside it until it is whole again, put back if it never is.

``_before/`` holds second names of the files that the record of the bucket speaks of, which cost nothing, and that
record, moved there: a bucket has its record in one of the two places, in whatever moment its builder is killed.
Belongs here: keeping and putting back. Not here: what is written meanwhile (``bucket_store``).
"""

from __future__ import annotations

import shutil
from pathlib import Path

from pipelines.storage.bucket_record import RECORD, read_record

_BEFORE = "_before"
"""Readers of Parquet folders pass over such names."""


def keep(folder: Path) -> None:
    """Take the record of a bucket away, and keep it with the files that it speaks of."""
    before, record = folder / _BEFORE, read_record(folder / RECORD)
    if record:
        forget(folder)
        before.mkdir()
        for name in record.files:
            _link(folder / name, before / name)
        (folder / RECORD).replace(before / RECORD)
    (folder / RECORD).unlink(missing_ok=True)


def put_back(folder: Path) -> None:
    """Put a bucket that a killed build left without a record back to what it was before that build."""
    before = folder / _BEFORE
    past = read_record(before / RECORD)
    if past and not (folder / RECORD).exists():
        for path in before.glob("*.parquet"):
            path.replace(folder / path.name)
        for path in folder.glob("*.parquet"):
            if path.name not in past.files:
                path.unlink()
        (before / RECORD).replace(folder / RECORD)
    forget(folder)


def forget(folder: Path) -> None:
    """Delete what was kept of a bucket that is whole; what is left of it without its record says nothing."""
    before = folder / _BEFORE
    if before.exists():
        (before / RECORD).unlink(missing_ok=True)
        shutil.rmtree(before)


def _link(path: Path, other: Path) -> None:
    """Give a file a second name, or copy it where the file system knows no such thing."""
    try:
        other.hardlink_to(path)
    except OSError:
        shutil.copy2(path, other)
