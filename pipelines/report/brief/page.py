"""A brief as a page: HTML that needs nothing else, and Markdown; from facts, changes and charts.

Belongs here: how a value is written, and the two templates. Not here: what is said (``prose``, ``fact``).
Every value is escaped, as names and texts may come from a vendor.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import jinja2
import polars as pl
from markupsafe import Markup

from pipelines.report.brief.change import Change
from pipelines.report.brief.fact import Facts, Section
from pipelines.report.brief.prose import sentences

_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent),
    autoescape=lambda name: (name or "").endswith(".html"),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_MARKDOWN = str.maketrans(
    {"|": "\\|", "<": "&lt;", ">": "&gt;", "\n": " ", "\r": " ", "`": "'", "[": "\\[", "*": "\\*"}
)
_HIDDEN = {"standing"}
"""Sections that the sentences tell whole."""
_SMALL = 10.0
_VERBATIM = {"level_id", "next_exposed", "claim_id", "text", "stated", "computed", "depends_on", "reason", "evidence"}
"""Columns of ids and of sentences."""


class Sheet(NamedTuple):
    """A section as text."""

    title: str
    evidence: str
    columns: list[str]
    rows: list[list[str]]


def page_of(facts: Facts, since: dt.date, changed: Sequence[Change], images: Mapping[str, bytes], kind: str) -> str:
    """Return the page of a brief.

    Args:
        facts: What stands.
        since: The session that the changes are counted from.
        changed: What changed.
        images: SVG by name; HTML carries them, Markdown names the files ``<name>.png``.
        kind: ``html`` or ``md``.
    """
    template = _TEMPLATES.get_template(f"brief.{kind}")
    shown = [section for section in facts.sections.values() if section.name not in _HIDDEN]
    clean = (lambda text: text) if kind == "html" else (lambda text: text.translate(_MARKDOWN))
    return template.render(
        facts=facts,
        since=since,
        sentences=[clean(sentence) for sentence in sentences(facts)],
        changes=[[clean(cell) for cell in _change(change)] for change in changed],
        images={name: Markup(_body(image)) for name, image in images.items()},
        titles={name: facts.note + facts.charts[name].title for name in images},
        sheets=[_sheet(section, clean) for section in shown],
    )


def written(value: object, column: str) -> str:
    """Return a value as text, by the unit that the name of its column states."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case float() if column.endswith("_share"):
            return f"{value * 100:.2f} %"
        case float() if column.endswith("_pct"):
            return f"{value:+.2f} %"
        case float() if "_bp_" in column or column.endswith("_points"):
            return f"{value:+.2f}"
        case float():
            return f"{value:,.2f}" if abs(value) >= _SMALL else f"{value:.5f}"
        case int():
            return f"{value:,}"
        case str():
            return value if column in _VERBATIM else value.replace("_", " ")
        case _:
            return str(value)


def _sheet(section: Section, clean: Callable[[str], str]) -> Sheet:
    given = [name for name in section.rows.columns if not section.rows[name].is_null().all()]
    rows = section.rows.select(given) if section.rows.height else pl.DataFrame()
    return Sheet(
        section.title,
        section.evidence,
        [name.replace("_", " ") for name in rows.columns],
        [[clean(written(row[name], name)) for name in rows.columns] for row in rows.iter_rows(named=True)],
    )


def _change(change: Change) -> list[str]:
    return [
        change.section,
        change.subject,
        change.column.replace("_", " "),
        written(change.before, change.column),
        written(change.after, change.column),
    ]


def _body(image: bytes) -> str:
    """Return an SVG file from its root element on, as HTML wants it."""
    text = image.decode()
    return text[text.index("<svg") :]
