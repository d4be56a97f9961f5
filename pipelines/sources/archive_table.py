"""Tab-separated tables within a zip archive, read piece by piece so that no table is ever in memory whole.

Belongs here: archives and their damage, cutting a member into lines, finding columns by name.
Not here: what a column means (``financial_statements``). Nothing is written to disk, so the names of members lead
nowhere.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple, TypeVar

import polars as pl

from pipelines.sources.base import SourceError

T = TypeVar("T")
TAB = "\t"
_PIECE_BYTES = 4 << 20
_LARGEST_BYTES = 2 << 30
"""More than three times the largest table that the SEC has published (560 MB)."""
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, LookupError, OverflowError)
"""What the library raises on archives that were damaged at one place or another."""
_SHOWN = 300
"""Characters of an error: a header may be as long as its file."""


class TableLines(NamedTuple):
    """A table of text: the names of its columns, and its lines below the header."""

    place: str
    """Archive and member, as an error names them."""
    header: list[str]
    pieces: Iterator[pl.DataFrame]
    """Frames of ``line`` (from 1, the header's) and ``text``, in order; to be read once."""


@contextmanager
def opened_archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip archive.

    Raises:
        SourceError: it cannot be read, or is no zip archive.
    """
    try:
        with path.open("rb") as file:
            if file.read(512).lstrip().startswith(b"<"):
                raise SourceError(f"{path}: expected a zip archive, was an HTML or XML page")
            with _sound(path, lambda: zipfile.ZipFile(file)) as archive:
                yield archive
    except OSError as error:
        raise SourceError(f"{path}: expected a file that can be read, was: {error.strerror or error}") from error


def table_lines(archive: zipfile.ZipFile, path: Path, member: str) -> TableLines:
    """Return the lines of one member; undecodable bytes stand as U+FFFD, which no number or name may hold.

    Raises:
        SourceError: the member is absent, there twice, larger than any real one, damaged, or has no header. Reading
            the pieces may raise it too: damage shows only where it lies.
    """
    place = f"{path}: {member}"
    found = [info for info in archive.infolist() if info.filename == member]
    if len(found) != 1:
        names = ", ".join(archive.namelist())[:_SHOWN]
        raise SourceError(f"{path}: expected one member {member}, was {len(found)} among: {names or 'none'}")
    if found[0].file_size > _LARGEST_BYTES:
        raise SourceError(f"{place}: expected at most {_LARGEST_BYTES} bytes, was said to be {found[0].file_size}")
    if found[0].compress_type not in _METHODS:
        raise SourceError(f"{place}: expected a stored or deflated member, was method {found[0].compress_type}")
    lines = _lines(_sound(place, lambda: archive.open(found[0])), place)
    first = next(lines, None)
    if first is None:
        raise SourceError(f"{place}: expected a header and rows, was empty")
    header = [name.strip() for name in first["text"][0].removeprefix("\ufeff").split(TAB)]
    return TableLines(place, header, _after(first, lines))


def column_places(table: TableLines, names: Collection[str]) -> dict[str, int]:
    """Return at which position each of the named columns stands.

    Raises:
        SourceError: a column is absent or stands there twice.
    """
    shown = ", ".join(table.header)
    for name in names:
        count = table.header.count(name)
        if count != 1:
            raise SourceError(f"{table.place}: expected one column {name}, was {count} among: {shown}"[:_SHOWN])
    return {name: table.header.index(name) for name in names}


def _after(first: pl.DataFrame, rest: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    yield first.slice(1)
    yield from rest


def _lines(file: IO[bytes], place: str) -> Iterator[pl.DataFrame]:
    """Yield the lines of a member in frames of whole lines; no quotes are heeded, so none can swallow a line."""
    above, rest = 0, b""
    while piece := _sound(place, lambda: file.read(_PIECE_BYTES)):
        whole, ending, piece = piece.rpartition(b"\n")
        if not ending and len(piece) == _PIECE_BYTES:
            raise SourceError(f"{place}: expected lines, was none in {_PIECE_BYTES} bytes after line {above}")
        if ending:
            text = (rest + whole).decode("utf-8", errors="replace")
            lines = pl.Series("text", text.replace("\r\n", "\n").removesuffix("\r").split("\n"), dtype=pl.String)
            yield pl.DataFrame({"line": pl.int_range(above + 1, above + len(lines) + 1, eager=True), "text": lines})
            above, rest = above + len(lines), b""
        rest += piece
    if rest:
        raise SourceError(f"{place}: expected a last line that is ended by a line feed, was cut after line {above}")


def _sound(place: Path | str, work: Callable[[], T]) -> T:
    """Return what ``work`` on an archive returns.

    Raises:
        SourceError: the archive is damaged.
    """
    try:
        return work()
    except _DAMAGE as error:
        raise SourceError(
            f"{place}: expected a sound zip archive, was: {str(error) or type(error).__name__}"
        ) from error
