"""What one basis says of a claim, and the verdict that all of them make.

Belongs here: the four verdicts (docs/methods.md, B9).
Not here: how an answer comes about (see the modules beside this one).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.transforms.claim.view import Claim

_ROUNDING = 1e-9
"""Sums in floats may miss a bound by this much: 10.8 and 0.05 make 10.850000000000001."""


@dataclass(frozen=True)
class Answer:
    """What one basis says of a claim.

    Attributes:
        basis: Its name.
        holds: Whether the claim holds on it; None where that cannot be told, for the reason given.
        computed: What the data say, in words.
        value: The same as a number, where it is one.
        difference: How far it lies from what is stated.
        evidence: The rows it rests on.
        limits: What is to be known of it; where it cannot be told, why.
        aside: What another basis says that the claim is not made on.
    """

    basis: str
    holds: bool | None
    computed: str = ""
    value: float | None = None
    difference: float | None = None
    evidence: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    aside: str | None = None


class CannotTellError(Exception):
    """A basis says nothing of a claim; the arguments say why, and what else is to be known."""


def on_each(bases: Iterable[str], answer_on: Callable[[str], Answer]) -> list[Answer]:
    """Return the answer on each basis; where one cannot be told, the answer says why."""
    answers = []
    for basis in bases:
        try:
            answers.append(answer_on(basis))
        except CannotTellError as error:
            answers.append(Answer(basis, None, limits=error.args))
    return answers


def is_met(difference: float, tolerance: float) -> bool:
    """Return whether a difference lies within a tolerance, the bound included."""
    return abs(difference) <= tolerance + _ROUNDING


def beyond(value: float, low: float, high: float) -> float:
    """Return how far a value lies outside bounds: below as a negative number, above as a positive, zero inside."""
    distance = min(value - low, 0.0) + max(value - high, 0.0)
    return 0.0 if is_met(distance, 0.0) else distance


def judged(claim: Claim, answers: Sequence[Answer]) -> dict[str, Any]:
    """Return the verdict on a claim, as columns of ``core.claim_check``.

    It is reproduced where it holds on every basis that can be told, contradicted where on none, and depends on the
    basis where on some. The number is that of the first of them.
    """
    told = [answer for answer in answers if answer.holds is not None]
    first = told[0] if told else None
    return {
        "claim_id": claim.values["claim_id"],
        **{column: claim.values[column] for column in ("stated", "stated_value", "unit", "stated_tolerance")},
        "computed": _computed(told),
        "computed_value": first.value if first else None,
        "difference": first.difference if first else None,
        "verdict": _verdict(told),
        "depends_on": _depends_on(answers),
        "evidence": _joined(row for answer in told for row in answer.evidence),
        "reason": _reason(answers),
    }


def _verdict(told: Sequence[Answer]) -> str:
    if not told:
        return "not_computable"
    held = {answer.holds for answer in told}
    return "basis_dependent" if len(held) > 1 else "reproduced" if True in held else "contradicted"


def _computed(told: Sequence[Answer]) -> str | None:
    if not told:
        return None
    if len(told) == 1 or len({answer.computed for answer in told}) == 1:
        return told[0].computed
    return "; ".join(f"{answer.basis}: {answer.computed}" for answer in told)


def _depends_on(answers: Sequence[Answer]) -> str | None:
    if len(answers) == 1:
        return answers[0].aside
    words = {True: "holds", False: "does not hold", None: "cannot be told"}
    parts = [
        f"{answer.basis}: {words[answer.holds]}" + (f" ({answer.computed})" if answer.computed else "")
        for answer in answers
    ]
    return "; ".join(parts) if any(answer.holds is not None for answer in answers) else None


def _reason(answers: Sequence[Answer]) -> str | None:
    """Return the limits of all answers: those they share once, any other with its basis."""
    shared = [limit for limit in answers[0].limits if all(limit in answer.limits for answer in answers)]
    own = [f"{answer.basis}: {limit}" for answer in answers for limit in answer.limits if limit not in shared]
    return _joined([*shared, *own])


def _joined(parts: Iterable[str]) -> str | None:
    return "; ".join(dict.fromkeys(parts)) or None
