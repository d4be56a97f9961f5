"""Putting a finished file in the place of an old one, so that a reader sees the one or the other, whole.

The new file is written under a temporary name in the same folder, and a killed writer leaves only that behind.
"""

from __future__ import annotations

import os
import re
from pathlib import Path


def temporary_name(final: Path) -> Path:
    """Return the hidden name under which this process writes the successor of ``final``."""
    return final.with_name(f".{final.name}-{os.getpid()}.tmp")


def swap_in(temporary: Path, final: Path) -> None:
    """Replace ``final`` by ``temporary``, durably: file synced, renamed, folder synced."""
    _sync(temporary)
    temporary.replace(final)
    _sync(final.parent)


def sweep(final: Path) -> None:
    """Delete what dead writers, and earlier writes of this process, have left behind, write-ahead logs included.

    The file of another living writer stays.
    """
    _sweep(final.parent, re.escape(final.name))


def sweep_folder(folder: Path) -> None:
    """Delete from a folder what dead writers have left behind of any file."""
    _sweep(folder, r".+")


def _sweep(folder: Path, names: str) -> None:
    for leftover in folder.iterdir() if folder.is_dir() else ():
        match = re.fullmatch(rf"\.{names}-(\d+)\.tmp.*", leftover.name)
        if match and not _is_written_elsewhere(int(match[1])):
            leftover.unlink(missing_ok=True)


def _is_written_elsewhere(process_id: int) -> bool:
    """Return whether another process of this id lives."""
    if process_id == os.getpid():
        return False
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
