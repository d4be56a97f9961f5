"""Files that people keep beside the house's, as text, and what is wrong with one: file, line, reason.

Belongs here: reading a file as text strictly, and how a finding is written and raised.
Not here: any file's format (see ``level_book``, ``claim_file``).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

HOUSE, OWN = "house", "own"
SHOWN_CHARACTERS = 80
_SHOWN_FINDINGS = 20
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class Finding(NamedTuple):
    """What is wrong with a file, and where; line 0 stands for the whole file."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        """Return the finding as a compiler would print it."""
        return ":".join([self.file, *([str(self.line)] if self.line else [])]) + f": {self.text}"


class OwnFileError(ValueError):
    """Files that people keep cannot be read; ``findings`` lists file, line and reason of all, the text of the first."""

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = [str(finding) for finding in findings]
        more = len(findings) - _SHOWN_FINDINGS
        super().__init__("\n".join(self.findings[:_SHOWN_FINDINGS] + [f"... and {more} more"] * (more > 0)))


class UnreadableError(Exception):
    """Nothing can be read from this line on."""

    def __init__(self, line: int, text: str) -> None:
        self.line, self.text = line, text


def shown_name(path: Path, book: str) -> str:
    """Return what a finding calls a file: a user's own by its path; the house's lies wherever the code does."""
    return str(path) if book == OWN else f"{path.parent.name}/{path.name}"


def text_of(path: Path, kind: str) -> str:
    """Return the text of a file without a byte order mark.

    Args:
        path: The file.
        kind: What it should be, such as "a level book, a CSV file".

    Raises:
        UnreadableError: it is no file, not to be opened, or not text in UTF-8.
    """
    expected = f"expected {kind}, was"
    try:
        # A device or a pipe might never end.
        if path.exists() and not path.is_file():
            raise UnreadableError(0, f"{expected} {'a folder' if path.is_dir() else 'a device or a pipe'}")
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableError(0, f"{expected} unreadable: {error.strerror}") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8")
        hint = "; is the file UTF-16?" if data.startswith(_UTF_16_MARKS) else ""
        wrong = f"expected UTF-8, was byte 0x{error.object[error.start]:02x}{hint}"
        raise UnreadableError(line_after(before), wrong) from error
    before, nul, _ = text.partition("\0")
    if nul:
        raise UnreadableError(line_after(before), "expected text, was a NUL character")
    return text


def line_after(text: str) -> int:
    """Return the number of the line on which a text ends."""
    return len(re.findall(r"\r\n|\r|\n", text)) + 1
