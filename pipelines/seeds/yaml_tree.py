"""A YAML file as a tree of texts, lists and mappings, each with its line; nothing is turned into a type or mended.

Belongs here: the plain part of YAML that files people keep need. Anchors, tags and further documents are refused: they
make a file say other things than what stands in it.
Not here: what a key or a value may be (see ``claim_field``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from pipelines.seeds.own_file import SHOWN_CHARACTERS, UnreadableError, line_after

_DEEPEST = 12


class Node(NamedTuple):
    """A text, a list of nodes, or a mapping of keys to their lines and nodes, and the line it begins on."""

    line: int
    value: str | list[Any] | dict[str, tuple[int, Any]]

    @property
    def kind(self) -> str:
        """Return what the node is, in words."""
        if isinstance(self.value, str):
            return repr(self.value[:SHOWN_CHARACTERS])
        return "a list" if isinstance(self.value, list) else "a mapping"


def tree_of(text: str) -> Node | None:
    """Return the one document of a YAML text, or None where it has none.

    Raises:
        UnreadableError: it is no YAML, or uses what is refused here; with its line.
    """
    events = _events(text)
    root: Node | None = None
    for event in events:
        if isinstance(event, yaml.NodeEvent):
            if root is not None:
                raise UnreadableError(_line(event), "expected one document, was a further one")
            root = _node(event, events, 1)
    return root


def _events(text: str) -> Iterator[Any]:
    try:
        yield from yaml.parse(text, Loader=yaml.SafeLoader)
    except yaml.reader.ReaderError as error:
        wrong = f"expected text, was the character {error.character:#06x}"
        raise UnreadableError(line_after(text[: error.position]), wrong) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = ", ".join(" ".join(part.split()) for part in (error.context, error.problem) if part)
        raise UnreadableError(mark.line + 1 if mark else 0, f"expected YAML, was unreadable: {said}") from error


def _node(event: Any, events: Iterator[Any], depth: int) -> Node:
    """Return the node that an event begins, with what its further events hold."""
    line = _line(event)
    if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
        raise UnreadableError(line, f"expected values written out, was the anchor or alias {event.anchor!r}")
    if event.tag is not None:
        raise UnreadableError(line, f"expected values without a tag, was {event.tag!r}")
    if depth > _DEEPEST:
        raise UnreadableError(line, f"expected at most {_DEEPEST} lists and mappings in one another, was more")
    if isinstance(event, yaml.ScalarEvent):
        return Node(line, event.value)
    if isinstance(event, yaml.SequenceStartEvent):
        return Node(line, [_node(item, events, depth + 1) for item in _until(events, yaml.SequenceEndEvent)])
    return Node(line, _mapping(events, depth))


def _mapping(events: Iterator[Any], depth: int) -> dict[str, tuple[int, Node]]:
    found: dict[str, tuple[int, Node]] = {}
    for event in _until(events, yaml.MappingEndEvent):
        key = _node(event, events, depth + 1)
        if not isinstance(key.value, str):
            raise UnreadableError(key.line, f"expected a name as the key, was {key.kind}")
        if key.value in found:
            shown = repr(key.value[:SHOWN_CHARACTERS])
            raise UnreadableError(key.line, f"expected a key once, was {shown} as on line {found[key.value][0]}")
        found[key.value] = (key.line, _node(next(events), events, depth + 1))
    return found


def _until(events: Iterator[Any], end: type[Any]) -> Iterator[Any]:
    for event in events:
        if isinstance(event, end):
            return
        yield event


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
