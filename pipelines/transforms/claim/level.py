"""Statements of published levels (docs/methods.md, B9; the states are those of B4)."""

from __future__ import annotations

from pipelines.contracts import core
from pipelines.contracts.vocabulary import STANDING
from pipelines.transforms.claim.answer import Answer, CannotTellError, on_each
from pipelines.transforms.claim.series import demand_bars
from pipelines.transforms.claim.view import Claim, Row, View

_BASIS = "high, low and close"
_GAVE_WAY = {"broken", "cleared", "expired", "superseded"}
_TURNED = {"role_reversed"}


def level_state(claim: Claim, view: View) -> list[Answer]:
    """Check the state of a published level; ``standing`` is any that has not given way or turned."""

    def answer(basis: str) -> Answer:
        level, row = _level(claim, view)
        has_given_way = row["state"] in _GAVE_WAY | _TURNED or row["side"] != _side(row)
        holds = not has_given_way if claim.stated == STANDING else row["state"] == claim.stated
        computed = f"{row['state']} since {row['state_since']}"
        evidence = (row.says("state", "state_since", "side"), level.says("role", "low", "high"))
        return Answer(basis, holds, computed, evidence=evidence, limits=_limits(level))

    return on_each([_BASIS], answer)


def level_next(claim: Claim, view: View) -> list[Answer]:
    """Check which level of the set comes next when this one gives way."""
    stated = (claim["next_low"], claim.parameters.get("next_high", claim["next_low"]))

    def answer(basis: str) -> Answer:
        level, row = _level(claim, view)
        following = _next(view, level, row)
        if following is None:
            return Answer(
                basis, holds=False, computed="none", evidence=(row.says("state", "side"),), limits=_limits(level)
            )
        found = (following["low"], following["high"])
        computed = f"{found[0]:,.10g}" + (f" to {found[1]:,.10g}" if found[1] != found[0] else "")
        evidence = (row.says("state", "side"), following.says("role", "low", "high", "order_in_chain"))
        return Answer(basis, found == stated, f"{computed} ({following['role']})", None, None, evidence, _limits(level))

    return on_each([_BASIS], answer)


def _level(claim: Claim, view: View) -> tuple[Row, Row]:
    """Return the level that a claim speaks of, and its state at the claim's session.

    Raises:
        CannotTellError: the level book has no such level by then, or it was not held against bars.
    """
    demand_bars(view, claim.subject)
    low, high = claim["low"], claim.parameters.get("high", claim["low"])
    key = {"instrument_id": claim.subject, "set_id": claim["set"], "role": claim["role"], "low": low, "high": high}
    levels = view.rows(core.Level, **key)
    if not levels:
        raise CannotTellError(
            f"expected a {claim['role']} of {low:.10g} in the set {claim['set']} of the level books by {view.session}"
        )
    # Of a level and its restatements the newest speaks.
    level = max(levels, key=lambda row: (row["published_at"], row["level_id"]))
    row = _state(view, level)
    if row is None:
        raise CannotTellError(f"{level.says('valid_from')}: not held against bars by {view.session}")
    return level, row


def _state(view: View, level: Row) -> Row | None:
    """Return the last stretch of a level that began by the claim's session; what ended stays ended."""
    stretches = view.rows(core.LevelState, level_id=level["level_id"])
    return stretches[-1] if stretches else None


def _next(view: View, level: Row, row: Row) -> Row | None:
    """Return the next level of the set on the same side that has not given way, in the order of the chain."""
    places = []
    for other in view.rows(core.Level, set_id=level["set_id"]):
        state = _state(view, other)
        if state is not None and state["side"] == row["side"]:
            # A level that was turned stands with the key and intermediate ones of its new side.
            order = (other["order_in_chain"] or 0) if _side(state) == state["side"] else 0
            outwards = -state["evaluated_high"] if state["side"] == "support" else state["evaluated_low"]
            places.append(((order, outwards, other["level_id"]), other, state["state"]))
    places.sort(key=lambda place: place[0])
    at = next(number for number, (_, other, _) in enumerate(places) if other["level_id"] == level["level_id"])
    return next((other for _, other, state in places[at + 1 :] if state not in _GAVE_WAY), None)


def _side(row: Row) -> str:
    """Return the side of a level's role."""
    return str(row["role"]).rpartition("_")[2]


def _limits(level: Row) -> tuple[str, ...]:
    flag, quote, instrument = level["basis_flag"], level["quote_instrument"], level["instrument_id"]
    carried: dict[str, tuple[str, ...]] = {
        "cash": (),
        "adjusted": (
            f"quoted on {quote}: held against {instrument} less the basis of {level['basis_points'] or 0:.2f}",
        ),
        "unadjusted": (f"{quote} has no bars here: held against the cash index {instrument} at the published numbers",),
    }
    own = f"the level is the author's own (method {level['method']}): checked is its state, not where it comes from"
    return (*carried[flag], own)
