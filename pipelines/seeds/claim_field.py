"""What each key of a claim may hold, by the type of its statement, and the value it stands for.

Belongs here: the keys of notes and claims, and the fields that only claims have.
Not here: which types there are (see ``contracts.claim_type``), the file format (see ``claim_file``), what keys and
claims are to one another (see ``claim_rules``).
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.contracts.claim_type import CLAIM_TYPES, ClaimType, Parameter
from pipelines.contracts.vocabulary import SECTORS
from pipelines.seeds.field import Field, date, moment, name, one_of, price, text, whole_number

_LONGEST_TEXT = 400
_PERIOD = r"[0-9]{4}(-(0[1-9]|1[0-2]|Q[1-4]|W(0[1-9]|[1-4][0-9]|5[0-3])))?"


@dataclass(frozen=True)
class Names:
    """What claims can be about.

    Attributes:
        instruments: Ids of the instruments.
        pairs: Ids of the ratio pairs.
        universes: Members of each universe.
        indices: Indices whose members and weights are known from a fund's holdings.
    """

    instruments: Collection[str]
    pairs: Collection[str]
    universes: Mapping[str, Collection[str]]
    indices: Collection[str]

    def of(self, kind: str) -> Collection[str]:
        """Return the names of a kind of subject."""
        every = {"instrument": self.instruments, "pair": self.pairs, "universe": self.universes, "index": self.indices}
        return sorted(every[kind])


NOTE_FIELDS = {
    "note_id": Field(name),
    "author": Field(name),
    "title": Field(text),
    "reference": Field(text),
    "published_at": Field(moment),
}
COMMON_KEYS = ("claim_id", "text", "type", "basis", "as_of")


def fields_of(kind: ClaimType, names: Names) -> dict[str, Field]:
    """Return how each key of a claim of this type is read; of several subjects each is optional here."""
    has_choice = len(kind.subjects) > 1
    fields = {
        "claim_id": Field(name),
        "text": Field(_short_text),
        "type": Field(one_of(tuple(CLAIM_TYPES))),
        "basis": Field(one_of(kind.bases)),
        "as_of": Field(date, is_optional=True),
        **{subject: Field(one_of(names.of(subject)), is_optional=has_choice) for subject in kind.subjects},
    }
    if "cfd" in kind.bases and "set" not in kind.parameters:
        fields["quoted_on"] = Field(name, is_optional=True)
    if kind.stated is not None:
        fields["stated"] = _field(kind.stated, names)
    if kind.has_tolerance:
        fields["tolerance"] = Field(_tolerance)
        fields["unit"] = Field(one_of((kind.unit or "",)))
    return fields | {key: _field(parameter, names) for key, parameter in kind.parameters.items()}


def _field(parameter: Parameter, names: Names) -> Field:
    readers: dict[str, Callable[[str], Any]] = {
        "choice": one_of(parameter.choices),
        "count": whole_number,
        "date": date,
        "index": one_of(names.of("index")),
        "instrument": one_of(names.of("instrument")),
        "name": name,
        "number": _number,
        "period": _period,
        "price": price,
        "quarter": _quarter,
        "sector": one_of(SECTORS),
        "universe": one_of(names.of("universe")),
    }
    return Field(readers[parameter.kind], parameter.is_optional)


def _short_text(cell: str) -> str:
    if len(cell) > _LONGEST_TEXT:
        raise ValueError(f"at most {_LONGEST_TEXT} characters")
    return text(cell)


def _number(cell: str) -> float:
    if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", cell) or not math.isfinite(float(cell)):
        raise ValueError("a number such as 10.8 or -3")
    return float(cell)


def _tolerance(cell: str) -> float:
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", cell) or not math.isfinite(float(cell)):
        raise ValueError("a number from 0 such as 0.05")
    return float(cell)


def _period(cell: str) -> str:
    if not re.fullmatch(_PERIOD, cell):
        raise ValueError("a year, quarter, month or week such as 2024, 2024-Q4, 2024-11 or 2024-W48")
    year, is_week, week = cell.partition("-W")
    if is_week and not _has_week(int(year), int(week)):
        raise ValueError(f"a week that the year {year} has")
    return cell


def _has_week(year: int, week: int) -> bool:
    try:
        dt.date.fromisocalendar(year, week, 1)
    except ValueError:
        return False
    return True


def _quarter(cell: str) -> str:
    if not re.fullmatch(r"[0-9]{4}-Q[1-4]", cell):
        raise ValueError("a quarter such as 2024-Q3")
    return cell
