"""What a case of the fault plan is: true splits, what the vendor does wrong, and what is to be found after each run.

Belongs here: the shape. Not here: the cases (``reply_case``, ``content_case``), or comparing (``finding``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.vendor.fault import Fault
from tests.vendor.listing import Split

Symbols = tuple[str, ...]


class Expected(NamedTuple):
    """What is stated for each symbol of a case after a run; whatever is not named is right.

    Attributes:
        findings: Sessions by finding (``finding``), of bars and of actions under their ex-session.
        outcome: What became of the evening's last question, None where none was asked.
    """

    findings: Mapping[str, Sequence[dt.date]] = {}
    outcome: str | None = "ok"


FINE = Expected()


@dataclass(frozen=True)
class Case:
    """One fault, and what comes of it.

    Attributes:
        name: What it is called in the report.
        faults: What the vendor does wrong with some symbols.
        splits: True splits of these symbols, in the place of drawn ones.
        load: After the first run.
        faulty: After the run a week later.
        refused: What became of the last question on the evening on which the vendor refuses.
        repaired: After the run on the day after all faults have ended; what is not FINE there needs a person.
    """

    name: str
    faults: Callable[[Symbols], Sequence[Fault]] = field(default=lambda symbols: [])
    splits: tuple[Split, ...] = ()
    load: Expected = FINE
    faulty: Expected = FINE
    refused: str | None = "ok"
    repaired: Expected = FINE
