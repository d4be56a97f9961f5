"""Earlier published files, kept so that a person can go back: which are kept, under which name, for how long.

Belongs here: ``published/market-<generation>.duckdb`` beside the newest file. Not here: building it (``warehouse``).
An earlier file is a second name of the file that was published, so that keeping it copies nothing.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from pipelines.storage.swap import swap_in, sweep_folder, temporary_name

_FOLDER = "published"


def earlier_files(database: Path) -> dict[int, Path]:
    """Return the earlier files of a published one by generation, oldest first. Files of other names are not ours."""
    pattern = re.compile(re.escape(database.stem) + r"-(\d+)" + re.escape(database.suffix))
    folder = database.with_name(_FOLDER)
    found = {path: pattern.fullmatch(path.name) for path in (folder.iterdir() if folder.is_dir() else ())}
    return dict(sorted((int(match[1]), path) for path, match in found.items() if match))


def keep_earlier(database: Path, generation: int) -> None:
    """Give the published file, which is about to be replaced, a second name that outlasts it."""
    folder = database.with_name(_FOLDER)
    folder.mkdir(exist_ok=True)
    sweep_folder(folder)
    kept = folder / f"{database.stem}-{generation}{database.suffix}"
    temporary = temporary_name(kept)
    try:
        try:
            os.link(database, temporary)
        except OSError:  # a file system without second names
            shutil.copyfile(database, temporary)
        swap_in(temporary, kept)
    finally:
        temporary.unlink(missing_ok=True)


def delete_older(database: Path, keep: int) -> None:
    """Delete all but the last few earlier files; one that somebody has renamed is theirs and stays."""
    earlier = list(earlier_files(database).values())
    for path in earlier[: max(len(earlier) - keep, 0)]:
        path.unlink(missing_ok=True)
