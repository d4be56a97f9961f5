"""The statements that a claim can make: one declared list, each with its subjects, bases and parameters.

Belongs here: what a claims file may hold for each type, and the unit of what is computed. Readers, transforms, tests
and documentation follow this list.
Not here: how a field is read (``seeds.claim_field``), how a statement is checked (``transforms.claim``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipelines.contracts.vocabulary.choices import (
    HORIZONS,
    LABELS,
    LEVEL_ROLES,
    LEVEL_STATES,
    PHASES,
    VERDICTS,
)
from pipelines.contracts.vocabulary.claim import ANY, CLAIM_SIDES, STANDING, SUPPORTS
from pipelines.contracts.vocabulary.constituent import AGGREGATIONS

CLOSE = ("cash_close", "future", "cfd")
ANY_PRICE = ("cash_close", "cash_intraday", ANY, "future", "cfd")
RANGE = ("cash_intraday", "future", "cfd")
SERIES = ("instrument", "pair")


@dataclass(frozen=True)
class Parameter:
    """One key of an entry: the kind of value it holds, or the values it may be.

    Attributes:
        kind: ``choice``, or one of the kinds that ``seeds.claim_field`` reads.
        choices: The values of a choice.
        is_optional: Whether it may be left out.
    """

    kind: str
    choices: tuple[str, ...] = ()
    is_optional: bool = False


@dataclass(frozen=True)
class ClaimType:
    """One type of statement.

    Attributes:
        meaning: What it states, in words.
        subjects: What it can be about; an entry names one of them.
        bases: The bases it can be stated on.
        stated: What is stated; None where the parameters say all of it.
        unit: Unit of the stated and the computed number.
        has_tolerance: Whether a number is stated that is to be met within a tolerance.
        parameters: Its further keys.
    """

    meaning: str
    subjects: tuple[str, ...]
    bases: tuple[str, ...]
    stated: Parameter | None = None
    unit: str | None = None
    has_tolerance: bool = False
    parameters: Mapping[str, Parameter] = field(default_factory=dict)


def _choice(*choices: str) -> Parameter:
    return Parameter("choice", choices)


_PERIOD, _OTHER, _PRICE = Parameter("period"), Parameter("instrument"), Parameter("price")
_OPTIONAL_PRICE = Parameter("price", is_optional=True)
_LEVEL = {"set": Parameter("name"), "role": _choice(*LEVEL_ROLES), "low": _PRICE, "high": _OPTIONAL_PRICE}

CLAIM_TYPES: Mapping[str, ClaimType] = {
    # Returns
    "period_return": ClaimType(
        "the price return of a period", ("instrument",), CLOSE, Parameter("number"), "per cent", True,
        {"period": _PERIOD},
    ),
    "period_rank": ClaimType(
        "the rank of that return in a universe", ("instrument",), CLOSE, Parameter("count"), "rank",
        parameters={"period": _PERIOD, "universe": Parameter("universe")},
    ),
    "return_multiple": ClaimType(
        "the return is a multiple of another's, bounds included", ("instrument",), CLOSE, None, "times",
        parameters={"period": _PERIOD, "other": _OTHER, "at_least": _PRICE, "at_most": _PRICE},
    ),
    "return_above": ClaimType(
        "the return is larger than another's", ("instrument",), CLOSE, None, "percentage points",
        parameters={"period": _PERIOD, "other": _OTHER},
    ),
    # Records
    "record_value": ClaimType(
        "the value of the record high that stands", ("instrument",), ANY_PRICE, Parameter("number"), "points", True
    ),
    "record_date": ClaimType(
        "the session of the record high that stands", ("instrument",), ANY_PRICE, Parameter("date"), "days"
    ),
    "record_proximity": ClaimType(
        "how near the session's high came to the record before it", ("instrument",), RANGE,
        _choice("approach", "retest", "exceed"), "per cent",
    ),
    "record_count": ClaimType(
        "at least so many new records from a date on", ("instrument",), ANY_PRICE, Parameter("count"), "records",
        parameters={"from": Parameter("date")},
    ),
    "only_without_record": ClaimType(
        "it alone of a universe has set no record for so many years", ("universe",), ANY_PRICE, Parameter("instrument"),
        parameters={"years": Parameter("count")},
    ),
    # Relative performance
    "relative_since": ClaimType(
        "the numerator does better, or worse, since a quarter", ("pair",), CLOSE, _choice(*VERDICTS[:2]),
        parameters={"quarter": Parameter("quarter")},
    ),
    "ratio_turning": ClaimType("the ratio has turned up, or down", ("pair",), CLOSE, _choice(*PHASES)),
    # Averages and phases
    "average_direction": ClaimType(
        "the average rises, falls or is flat", SERIES, CLOSE, _choice(*LABELS), "basis points per day",
        parameters={"span": _choice("50", "200")},
    ),
    "average_support": ClaimType(
        "a rising average supports the price", ("instrument",), ANY_PRICE, _choice(*SUPPORTS), "per cent",
        parameters={"span": _choice("50", "200")},
    ),
    "phase": ClaimType(
        "the medium-term or major phase is up, or down", SERIES, CLOSE, _choice(*PHASES),
        parameters={"horizon": _choice(*HORIZONS)},
    ),
    # Levels
    "level_state": ClaimType(
        "the state of a published level", ("instrument",), RANGE, _choice(STANDING, *LEVEL_STATES), parameters=_LEVEL
    ),
    "level_next": ClaimType(
        "the level of the set that comes next when this one gives way", ("instrument",), RANGE,
        parameters={**_LEVEL, "next_low": _PRICE, "next_high": _OPTIONAL_PRICE},
    ),
    "level_at_record": ClaimType(
        "a level lies at the record high that stands", ("instrument",), ANY_PRICE, None, "per cent",
        parameters={"low": _PRICE, "high": _OPTIONAL_PRICE, "within_pct": _PRICE},
    ),
    # Sectors and revenue
    "largest_sector": ClaimType("the sector with the largest weight", ("index",), ("holdings",), Parameter("sector")),
    "revenue_share": ClaimType(
        "the share of revenue earned at home, or abroad", ("index",), ("reported", "imputed", ANY), Parameter("number"),
        "per cent", True,
        {
            "side": _choice(*CLAIM_SIDES),
            "aggregation": _choice(*AGGREGATIONS, ANY),
            "sector": Parameter("sector", is_optional=True),
        },
    ),
}  # fmt: skip
