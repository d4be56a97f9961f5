"""What claims must be in themselves and to one another: ids, bounds, dates, members; and the one way to read them all.

Belongs here: the rules across keys and claims.
Not here: the file format (see ``claim_file``), what one key may hold (see ``claim_field``).

Every rule looks at the keys that could be read, so one bad value does not hide what else is wrong.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dataframely as dy
import polars as pl

from pipelines.contracts.received import NoteClaim
from pipelines.seeds.claim_field import Names
from pipelines.seeds.claim_file import ClaimEntry, ClaimsError, Entry, read_claims_file
from pipelines.seeds.own_file import HOUSE, OWN, Finding

_HOUSE_FILES = tuple(sorted(Path(__file__).with_name("claims").glob("*.yaml")))
_NEW_YORK = ZoneInfo("America/New_York")
_BOUNDS = (("low", "high"), ("next_low", "next_high"), ("at_least", "at_most"))
_SUBJECTS = ("instrument", "pair", "universe", "index")


def read_claims(names: Names, own: Path | None = None, house: Sequence[Path] = _HOUSE_FILES) -> dy.DataFrame[NoteClaim]:
    """Return every claim of the house's files and of a user's own, one row per claim.

    Args:
        names: What claims can be about.
        own: The user's file, None for none.
        house: The house's files.

    Raises:
        ClaimsError: a file cannot be read, or a claim breaks a rule; nothing is left out and nothing mended.
    """
    files = [read_claims_file(path, HOUSE, names) for path in house]
    if own is not None:
        files.append(read_claims_file(own, OWN, names))
    claims = [claim for file in files for claim in file.claims]
    found = [finding for file in files for finding in file.findings]
    found += _unique("note_id", [note for file in files for note in file.notes])
    found += _unique("claim_id", claims)
    found += [finding for claim in claims for finding in _within(claim, names)]
    if found:
        order = [file.file for file in files]
        raise ClaimsError(sorted(found, key=lambda finding: (order.index(finding.file), finding.line)))
    schema = {name: column.dtype for name, column in NoteClaim.columns().items()}
    return NoteClaim.validate(pl.DataFrame([_row(claim) for claim in claims], schema=schema).sort("claim_id"))


def _unique(key: str, entries: Sequence[Entry]) -> Iterator[Finding]:
    seen: dict[str, Entry] = {}
    for entry in entries:
        value = entry.values.get(key)
        if value in seen:
            other = f"{seen[value].file}:{seen[value].line}"
            yield entry.finding(key, f"expected an id of its own, was {value!r} of {other}")
        elif value:
            seen[value] = entry


def _within(claim: ClaimEntry, names: Names) -> Iterator[Finding]:
    values = claim.values
    for low, high in _BOUNDS:
        if values.get(low) and values.get(high) and values[low] > values[high]:
            yield claim.finding(high, f"expected no less than {low}, {values[low]}, was {values[high]}")
    subject = values.get("instrument")
    if subject and values.get("other") == subject:
        yield claim.finding("other", f"expected another instrument than {subject!r}, was the same")
    if values.get("quoted_on") and values.get("basis") not in {"future", "cfd", None}:
        yield claim.finding(
            "quoted_on", f"expected nothing on the basis {values['basis']}, was {values['quoted_on']!r}"
        )
    first, as_of = values.get("from"), _as_of(claim)
    if first and as_of and first > as_of:
        yield claim.finding("from", f"expected no day after as_of, {as_of}, was {first}")
    members = names.universes.get(values.get("universe", ""))
    for key in ("instrument", "stated"):
        if members is not None and isinstance(values.get(key), str) and values[key] not in members:
            yield claim.finding(key, f"expected a member of {values['universe']}, was {values[key]!r}")


def _as_of(claim: ClaimEntry) -> dt.date | None:
    """Return the date a claim is made for: where it names none, the day of publication in New York."""
    published: dt.datetime | None = claim.note.values.get("published_at")
    as_of: dt.date | None = claim.values.get("as_of")
    return as_of or (published.astimezone(_NEW_YORK).date() if published else None)


def _row(claim: ClaimEntry) -> dict[str, Any]:
    values, kind = claim.values, claim.kind
    if kind is None:
        raise ValueError(f"{claim.file}:{claim.line}: expected a claim without findings")
    subject_kind = next(subject for subject in _SUBJECTS if subject in kind.subjects and subject in values)
    parameters = {key: values[key] for key in kind.parameters if key in values}
    stated = values.get("stated")
    return {
        **{key: values[key] for key in ("claim_id", "text", "basis")},
        "quoted_on": values.get("quoted_on"),
        "stated_tolerance": values.get("tolerance"),
        **{key: claim.note.values[key] for key in ("note_id", "author", "title", "reference", "published_at")},
        "claim_number": claim.number,
        "book": claim.book,
        "as_of": _as_of(claim),
        "claim_type": values["type"],
        "subject_kind": subject_kind,
        "subject": values[subject_kind],
        "parameters": json.dumps(parameters, sort_keys=True, default=str),
        "stated": _stated_text(values, stated),
        "stated_value": float(stated) if isinstance(stated, int | float) else None,
        "unit": kind.unit,
    }


def _stated_text(values: dict[str, Any], stated: Any) -> str:
    """Return what is stated as text; where the parameters say it, from them."""
    if values["type"] == "record_count":
        return f"at least {stated}"
    if stated is not None:
        return f"{stated:.10g}" if isinstance(stated, float) else str(stated)
    if "at_least" in values:
        return f"{values['at_least']:.10g} to {values['at_most']:.10g} times {values['other']}"
    if "other" in values:
        return f"above {values['other']}"
    if "within_pct" in values:
        return f"within {values['within_pct']:.10g} % of the record"
    low, high = values["next_low"], values.get("next_high")
    return f"{low:.10g}" if high in {None, low} else f"{low:.10g} to {high:.10g}"
