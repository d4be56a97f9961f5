"""Statements of period returns (docs/methods.md, B9; the numbers are those of B5)."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from pipelines.contracts import core
from pipelines.transforms.claim.answer import Answer, CannotTellError, beyond, is_met, on_each
from pipelines.transforms.claim.series import CLOSE, demand_bars, series_of
from pipelines.transforms.claim.view import Claim, Row, View

_KINDS = {"W": "week", "Q": "quarter"}
_TO_DATE = {"week": "wtd", "month": "mtd", "quarter": "qtd", "year": "ytd"}


class _Return(NamedTuple):
    """A return of a period: the row it stands in, the columns of return and rank, and what limits it."""

    row: Row
    column: str
    rank_column: str
    limits: tuple[str, ...]

    @property
    def pct(self) -> float:
        return float(self.row[self.column])

    @property
    def evidence(self) -> str:
        return self.row.says(self.column)


def period_return(claim: Claim, view: View) -> list[Answer]:
    """Check the return of a period."""

    def answer(basis: str) -> Answer:
        found = _of_claim(claim, view)
        difference = found.pct - claim.values["stated_value"]
        holds = is_met(difference, claim.values["stated_tolerance"])
        return Answer(basis, holds, f"{found.pct:.3f} %", found.pct, difference, (found.evidence,), found.limits)

    return on_each([CLOSE], answer)


def period_rank(claim: Claim, view: View) -> list[Answer]:
    """Check the rank of a return in a universe."""

    def answer(basis: str) -> Answer:
        found = _of_claim(claim, view, claim["universe"])
        rank = found.row[found.rank_column]
        if rank is None:
            raise CannotTellError(f"expected a return of every member of {claim['universe']}, was one without")
        difference = float(rank) - claim.values["stated_value"]
        evidence = (found.row.says(found.rank_column, found.column),)
        return Answer(basis, difference == 0, str(rank), float(rank), difference, evidence, found.limits)

    return on_each([CLOSE], answer)


def return_multiple(claim: Claim, view: View) -> list[Answer]:
    """Check that a return is a multiple of another's; of a loss, or of nothing, there is none."""

    def answer(basis: str) -> Answer:
        found, other = _of_claim(claim, view), _of_other(claim, view)
        if other.pct <= 0:
            raise CannotTellError(f"expected a gain of {claim['other']} to be a multiple of, was {other.pct:.3f} %")
        ratio = found.pct / other.pct
        difference = beyond(ratio, claim["at_least"], claim["at_most"])
        evidence = (found.evidence, other.evidence)
        return Answer(basis, difference == 0, f"{ratio:.2f} times", ratio, difference, evidence, found.limits)

    return on_each([CLOSE], answer)


def return_above(claim: Claim, view: View) -> list[Answer]:
    """Check that a return is larger than another's."""

    def answer(basis: str) -> Answer:
        found, other = _of_claim(claim, view), _of_other(claim, view)
        excess = found.pct - other.pct
        computed = f"{found.pct:.3f} % against {other.pct:.3f} %"
        evidence = (found.evidence, other.evidence)
        return Answer(basis, excess > 0, computed, excess, min(excess, 0.0), evidence, found.limits)

    return on_each([CLOSE], answer)


def _of_claim(claim: Claim, view: View, universe: str | None = None) -> _Return:
    series = series_of(claim, view)
    found = _return(view, series.series_id, claim["period"], universe)
    return found._replace(limits=series.limits + found.limits)


def _of_other(claim: Claim, view: View) -> _Return:
    demand_bars(view, claim["other"])
    return _return(view, claim["other"], claim["period"])


def _return(view: View, instrument: str, label: str, universe: str | None = None) -> _Return:
    """Return the return of an instrument in a period: of a finished one its own, of a running one that to date.

    A row of ``core.period_return`` that still grows would say more than was known at the claim's session.

    Raises:
        CannotTellError: the period had not begun, or has no return.
    """
    kind = "year" if len(label) == 4 else _KINDS.get(label[5], "month")
    key = {"instrument_id": instrument} | ({"universe_id": universe} if universe else {})
    sessions = view.rows(core.Session, pl.col(kind).cast(pl.String) == label)
    if not sessions:
        raise CannotTellError(f"expected a period that had sessions by {view.session}, was {label}")
    finished = view.rows(
        core.PeriodReturn, ~pl.col("is_partial"), period=kind, period_start=sessions[0]["session"], **key
    )
    if finished:
        return _given(_Return(finished[0], "return_pct", "rank", ()), finished[0]["return_reason"])
    prefix = _TO_DATE[kind]
    row = view.of_session(core.PeriodToDate, **key)
    if row is None or sessions[-1]["session"] != view.session:
        raise CannotTellError(f"expected a return of {instrument} in {label} by {view.session}, was none")
    limit = f"{label} had not ended by {view.session}: its return to date"
    return _given(_Return(row, f"{prefix}_return_pct", f"{prefix}_rank", (limit,)), row[f"{prefix}_reason"])


def _given(found: _Return, reason: str | None) -> _Return:
    if found.row[found.column] is None:
        raise CannotTellError(f"{found.evidence}, {reason}")
    return found
