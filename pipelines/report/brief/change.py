"""What changed between two sets of facts: the watched columns of each section, by the key of its rows.

Belongs here: comparing. Not here: what the facts are (``fact``), or how a change is shown (``page``).
"""

from __future__ import annotations

from typing import NamedTuple

from pipelines.report.brief.fact import Facts, Section

ABSENT = "not there"


class Change(NamedTuple):
    """One watched value that is another than before; a row that came or went changes from or to ``ABSENT``."""

    section: str
    subject: str
    column: str
    before: object
    after: object


def changes(before: Facts, after: Facts) -> list[Change]:
    """Return what changed, in the order of the sections and of their rows; rows that went come last."""
    return [
        change
        for name, section in after.sections.items()
        if section.watched
        for change in _changes_of(before.sections[name], section)
    ]


def _changes_of(before: Section, after: Section) -> list[Change]:
    old, new = _by_key(before), _by_key(after)
    found = []
    for subject in [*new, *(gone for gone in old if gone not in new)]:
        was, now = old.get(subject), new.get(subject)
        if was is None or now is None:
            kinds = (ABSENT, _state(now)) if now is not None else (_state(was), ABSENT)
            found.append(Change(after.title, subject, after.watched[0], *kinds))
            continue
        found += [
            Change(after.title, subject, column, was[column], now[column])
            for column in after.watched
            if was[column] != now[column]
        ]
    return found


def _state(row: dict[str, object] | None) -> object:
    """Return the first watched value of a row, which stands for it."""
    return None if row is None else next(iter(row.values()))


def _by_key(section: Section) -> dict[str, dict[str, object]]:
    return {
        " ".join(str(row[name]) for name in section.key): {name: row[name] for name in section.watched}
        for row in section.rows.iter_rows(named=True)
    }
