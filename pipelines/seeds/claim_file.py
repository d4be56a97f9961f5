"""Claims files: the YAML files in which people keep what notes say, the house's beside this module and a user's own.

Belongs here: the file format; what cannot be read is found with its place and reason, and nothing is mended.
Not here: what a key may hold (see ``claim_field``), what claims are to one another (see ``claim_rules``), what the data
say of a claim (see ``transforms.claim``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.contracts.claim_type import CLAIM_TYPES, ClaimType
from pipelines.seeds.claim_field import COMMON_KEYS, NOTE_FIELDS, Names, fields_of
from pipelines.seeds.field import Field, one_of
from pipelines.seeds.own_file import SHOWN_CHARACTERS, Finding, OwnFileError, UnreadableError, shown_name, text_of
from pipelines.seeds.yaml_tree import Node, tree_of

_CLAIMS, _TYPE = "claims", "type"


class ClaimsError(OwnFileError):
    """Claims files cannot be read; ``findings`` lists file, line, key and reason of all, the text of the first."""


@dataclass(frozen=True)
class Entry:
    """A note or a claim: where it stands, those of its values that can be read, and the line of each."""

    file: str
    line: int
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def finding(self, key: str, text: str) -> Finding:
        """Return a finding of one of its keys."""
        return Finding(self.file, self.lines.get(key, self.line), f"{key}: {text}")


@dataclass(frozen=True)
class ClaimEntry(Entry):
    """A claim in its note; its type is None where that cannot be read."""

    note: Entry = field(default_factory=lambda: Entry("", 0))
    number: int = 1
    book: str = ""

    @property
    def kind(self) -> ClaimType | None:
        """Return the type of the statement."""
        return CLAIM_TYPES.get(self.values.get(_TYPE, ""))


@dataclass
class ClaimsFile:
    """What could be read of a claims file, in its order."""

    file: str
    notes: list[Entry] = field(default_factory=list)
    claims: list[ClaimEntry] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def read_claims_file(path: Path, book: str, names: Names) -> ClaimsFile:
    """Return the notes and claims of one file, and what is wrong with it.

    Args:
        path: The YAML file.
        book: ``HOUSE`` or ``OWN``.
        names: What claims can be about.
    """
    out = ClaimsFile(shown_name(path, book))
    try:
        root = tree_of(text_of(path, "a claims file, a YAML file"))
    except UnreadableError as error:
        out.findings.append(Finding(out.file, error.line, error.text))
        return out
    if root is None or not isinstance(root.value, list):
        was = "an empty file" if root is None else root.kind
        out.findings.append(Finding(out.file, root.line if root else 0, f"expected a list of notes, was {was}"))
        return out
    for node in root.value:
        _read_note(node, book, names, out)
    return out


def _read_note(node: Node, book: str, names: Names, out: ClaimsFile) -> None:
    note = Entry(out.file, node.line)
    if not isinstance(node.value, dict):
        out.findings.append(Finding(out.file, node.line, f"expected a note with its keys, was {node.kind}"))
        return
    keys = dict(node.value)
    line, claims = keys.pop(_CLAIMS, (node.line, None))
    out.notes.append(note)
    _read_keys(note, keys, NOTE_FIELDS, "a note", out.findings)
    if claims is None or not isinstance(claims.value, list):
        was = "missing" if claims is None else claims.kind
        out.findings.append(Finding(out.file, line, f"claims: expected a list of claims, was {was}"))
        return
    for number, item in enumerate(claims.value, start=1):
        claim = ClaimEntry(out.file, item.line, note=note, number=number, book=book)
        if isinstance(item.value, dict):
            out.claims.append(claim)
            _read_claim(claim, item.value, names, out.findings)
        else:
            out.findings.append(Finding(out.file, item.line, f"expected a claim with its keys, was {item.kind}"))


def _read_claim(claim: ClaimEntry, keys: dict[str, tuple[int, Node]], names: Names, findings: list[Finding]) -> None:
    """Put the values of a claim into it; of an unknown type only what all types share."""
    _, node = keys.get(_TYPE, (0, None))
    kind = CLAIM_TYPES.get(node.value) if node is not None and isinstance(node.value, str) else None
    if kind is not None:
        fields = fields_of(kind, names)
        _read_keys(claim, keys, fields, f"a {node.value}" if node else "", findings)
        _read_subject(claim, kind, findings)
        return
    shared = {key: read for key, read in fields_of(CLAIM_TYPES["phase"], names).items() if key in COMMON_KEYS}
    shared["basis"] = Field(str)
    shared[_TYPE] = Field(one_of(tuple(CLAIM_TYPES)))
    _read_keys(claim, {key: keys[key] for key in keys if key in shared}, shared, "a claim", findings)


def _read_subject(claim: ClaimEntry, kind: ClaimType, findings: list[Finding]) -> None:
    named = [subject for subject in kind.subjects if subject in claim.lines]
    if len(kind.subjects) > 1 and len(named) != 1:
        was = " and ".join(named) or "none"
        findings.append(claim.finding(kind.subjects[0], f"expected one of {', '.join(kind.subjects)}, was {was}"))


def _read_keys(
    entry: Entry,
    keys: Mapping[str, tuple[int, Node]],
    fields: Mapping[str, Field],
    what: str,
    findings: list[Finding],
) -> None:
    """Put the values of an entry into it, and add a finding for each key that is missing, unknown or cannot be read."""
    entry.lines.update({key: line for key, (line, _) in keys.items()})
    for key in keys:
        if key not in fields:
            expected = f"expected one of the keys of {what}, {_listed(fields)}"
            findings.append(Finding(entry.file, entry.lines[key], f"{expected}, was {key[:SHOWN_CHARACTERS]!r}"))
    for key, reader in fields.items():
        if key in keys:
            _read_value(entry, key, keys[key][1], reader, findings)
        elif not reader.is_optional:
            findings.append(entry.finding(key, f"expected this key in {what}, was missing"))


def _read_value(entry: Entry, key: str, node: Node, reader: Field, findings: list[Finding]) -> None:
    text = node.value if isinstance(node.value, str) else ""
    try:
        value = reader.read(text)
    except ValueError as error:
        findings.append(entry.finding(key, f"expected {error}, was {node.kind}"))
        return
    if isinstance(node.value, str):
        entry.values[key] = value
    else:
        findings.append(entry.finding(key, f"expected a single value, was {node.kind}"))


def _listed(fields: Collection[str]) -> str:
    return ", ".join(fields)
