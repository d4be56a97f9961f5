"""Documents: files of vendors that are read whole, whether they lie in a folder, were downloaded or were made up.

Belongs here: the layout of a folder of documents, and what a document is.
Not here: what stands in one (a module per format), or downloading (``download``).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import polars as pl

from pipelines.sources.base import SourceError

Kind = Literal["holdings", "sec", "membership", "panel", "yahoo"]
_SUFFIXES: dict[Kind, tuple[str, ...]] = {
    "holdings": (".csv", ".xlsx"),
    "sec": (".zip", ".json"),
    "membership": (".csv",),
    "panel": (".parquet", ".csv"),
    "yahoo": (".csv",),
}
KINDS = tuple(_SUFFIXES)
_CHUNK = 1 << 20


class Document(NamedTuple):
    """A file and the hash of its content, which tells whether it was read before."""

    path: Path
    payload_hash: str

    @property
    def locator(self) -> str:
        """Return the folder and name of the file: where its rows stand."""
        return f"{self.path.parent.name}/{self.path.name}"


def documents(folder: Path, kind: Kind) -> Iterator[Document]:
    """Yield the documents of a kind: the files of the folder of that name within ``folder``, by name.

    Raises:
        SourceError: a file cannot be read.
    """
    within = folder / kind
    if not within.is_dir():
        return
    for path in sorted(within.iterdir()):
        if path.suffix.lower() in _SUFFIXES[kind] and not path.name.startswith("."):
            yield Document(path, _hash_of(path))


def known_documents(folder: Path, kind: Kind, funds: pl.DataFrame) -> tuple[list[Document], list[str]]:
    """Return the documents of a kind, and the names of files that are none: holdings whose name tells of no fund.

    Args:
        folder: The folder of documents.
        kind: What is asked for.
        funds: ``core.Fund``; the name of a holdings file has the ticker of one as a word: IVV_holdings_2024-12-06.csv.

    Raises:
        SourceError: a file cannot be read.
    """
    tickers = set(funds["fund_id"].str.to_lowercase())
    found, others = [], []
    for document in documents(folder, kind):
        words = set(re.split(r"[^a-z0-9]+", document.path.stem.lower()))
        if kind == "holdings" and not words & tickers:
            others.append(document.path.name)
        else:
            found.append(document)
    return found, others


def _hash_of(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise SourceError(f"{path}: expected a file that can be read, was: {error.strerror or error}") from error
    return digest.hexdigest()
