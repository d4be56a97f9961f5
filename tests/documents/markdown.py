"""What a page of Markdown tells its reader to type: shell commands and SQL, from fenced blocks and from code in a line.

Belongs here: finding them. Not here: how each is run (``run_table``), or running them (``test_documents``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

LANGUAGES = {"sh", "sql", "python", "csv", "yaml", "json", ""}
"""What a fenced block may be in; without a name it is text: what is printed, or a drawing."""
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_PROGRAM = r"make|dg|git|pip|uv|streamlit|duckdb|\S*python[\d.]*|\S*pytest"
_COMMAND = re.compile(rf"""(?:\w+=(?:"[^"]*"|\S+) +)*(?:(?:{_PROGRAM}) \S|\S*\.ci/run$)""")
_QUERY = re.compile(r"(?:FROM|SELECT|WITH|PIVOT|COPY) ")


class Block(NamedTuple):
    """A fenced block: its language and text."""

    language: str
    text: str


def blocks(page: str) -> list[Block]:
    """Return the fenced blocks of a page."""
    return [Block(*found) for found in _FENCE.findall(page)]


def spans(page: str) -> list[str]:
    """Return the code within lines, white space as one blank."""
    return [" ".join(found.split()) for found in _SPAN.findall(_FENCE.sub("", page))]


def commands(page: str) -> list[str]:
    """Return every shell command of a page, each once, without comments: lines of ``sh`` blocks, and code in lines."""
    lines = [line for block in blocks(page) if block.language == "sh" for line in _lines(block.text)]
    return list(dict.fromkeys([*lines, *filter(is_command, spans(page))]))


def queries(page: str) -> list[str]:
    """Return every SQL statement of a page, each once: those of ``sql`` blocks, and code in lines."""
    listed = [
        statement.strip()
        for block in blocks(page)
        if block.language == "sql"
        for statement in re.sub(r"--.*", "", block.text).split(";")
    ]
    return list(dict.fromkeys(filter(None, [*listed, *filter(is_query, spans(page))])))


def is_command(text: str) -> bool:
    """Return whether a line is one to be typed at a shell."""
    return bool(_COMMAND.match(text))


def is_query(text: str) -> bool:
    """Return whether a line is SQL."""
    return bool(_QUERY.match(text))


def _lines(text: str) -> Iterator[str]:
    for line in text.replace("\\\n", " ").splitlines():
        command = re.sub(r"(^| +)#.*", "", line).strip()
        if command:
            yield command
