"""Names of the files that a raw table grows by: which parts a file holds, and which files stand.

Belongs here: reading and giving names, deleting files that no longer stand. Not here: writing files (``lake``), folding
many into one (``compaction``).

``part-000007.parquet`` is one batch; ``part-000001-000007.parquet`` holds batches 1 to 7 and stands in their place
from the moment it has its name, so that no moment shows a row twice or not at all, whatever is still to be deleted.
"""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

READERS_FINISH_WITHIN_SECONDS = 3600.0
"""A reader that listed the files just before a fold has opened them within this time."""
_NAME = re.compile(r"part-(?P<first>\d{6,})(?:-(?P<last>\d{6,}))?\.parquet")


def span_of(path: Path) -> tuple[int, int] | None:
    """Return the first and last number of the batches that a file holds, None for a file of another kind."""
    match = _NAME.fullmatch(path.name)
    return (int(match["first"]), int(match["last"] or match["first"])) if match else None


def part_name(first: int, last: int | None = None) -> str:
    """Return the name of the file of one batch, or of the batches from ``first`` to ``last``."""
    return f"part-{first:06d}.parquet" if last is None else f"part-{first:06d}-{last:06d}.parquet"


def next_number(folder: Path) -> int:
    """Return the number of the next batch: beyond all that a file of the folder holds or was folded from."""
    return max((span[1] for path in folder.glob("part-*.parquet") if (span := span_of(path))), default=0) + 1


def standing(paths: Iterable[Path]) -> list[Path]:
    """Return the files to be read, oldest batch first in each folder: all but those that another one holds.

    Raises:
        ValueError: two files share some of their batches, so that rows would be read twice.
    """
    folders: defaultdict[Path, list[tuple[int, int, Path]]] = defaultdict(list)
    for path in paths:
        first, last = span_of(path) or (0, 0)
        folders[path.parent].append((first, -last, path))
    found: list[Path] = []
    for folder in sorted(folders):
        reach = 0
        for first, minus_last, path in sorted(folders[folder]):
            if not first or -minus_last > reach:
                if 0 < first <= reach:
                    where = path.relative_to(path.parents[2])
                    raise ValueError(f"{where}: expected batches after {reach}, was from {first}")
                found.append(path)
                reach = max(reach, -minus_last)
    return found


def delete_superseded(folder: Path, after_seconds: float = READERS_FINISH_WITHIN_SECONDS) -> int:
    """Delete the files whose batches another one has held for so long, and return how many.

    A reader that listed the files before there was another one still finds them until then.
    """
    paths = list(folder.glob("part-*.parquet"))
    kept = standing(paths)
    settled = [span_of(path) for path in kept if time.time() - path.stat().st_mtime >= after_seconds]
    deleted = 0
    for path in sorted(set(paths) - set(kept)):
        span = span_of(path)
        if span and any(holder and holder[0] <= span[0] and span[1] <= holder[1] for holder in settled):
            path.unlink(missing_ok=True)
            deleted += 1
    return deleted
