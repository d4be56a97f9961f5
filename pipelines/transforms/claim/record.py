"""Statements of record highs (docs/methods.md, B9; the numbers are those of B3)."""

from __future__ import annotations

import datetime as dt

import polars as pl

from pipelines.contracts import core
from pipelines.transforms.claim.answer import Answer, CannotTellError, beyond, is_met, on_each
from pipelines.transforms.claim.series import CLOSE, INTRADAY, demand_bars, price_bases, row_of_session, series_of
from pipelines.transforms.claim.view import Claim, Row, View

_OTHER = {CLOSE: INTRADAY, INTRADAY: CLOSE}


def record_value(claim: Claim, view: View) -> list[Answer]:
    """Check the value of the record that stands at the claim's session."""

    def answer(basis: str) -> Answer:
        series = series_of(claim, view)
        row = _standing(view, series.series_id, basis)
        difference = row["record"] - claim.values["stated_value"]
        if difference <= claim.values["stated_tolerance"]:  # A record cannot be lower than what is seen, but higher.
            _demand_history(row, row["session"], view)
        return Answer(
            basis,
            is_met(difference, claim.values["stated_tolerance"]),
            f"{row['record']:,.2f} of {row['record_session']}",
            row["record"],
            difference,
            (row.says("record", "record_session"),),
            (*series.limits, _history(row)),
            _aside(view, series.series_id, basis),
        )

    return on_each(price_bases(claim), answer)


def record_date(claim: Claim, view: View) -> list[Answer]:
    """Check the session of the record that stands at the claim's session."""

    def answer(basis: str) -> Answer:
        series = series_of(claim, view)
        row = _standing(view, series.series_id, basis)
        stated = dt.date.fromisoformat(claim.stated)
        difference = float((row["record_session"] - stated).days)
        if stated < row["history_from"] or not difference:  # Any other day is topped by one that is seen.
            _demand_history(row, stated, view)
        return Answer(
            basis,
            difference == 0,
            f"{row['record_session']} ({row['record']:,.2f})",
            None,
            difference,
            (row.says("record", "record_session"),),
            (*series.limits, _history(row)),
            _aside(view, series.series_id, basis),
        )

    return on_each(price_bases(claim), answer)


def record_proximity(claim: Claim, view: View) -> list[Answer]:
    """Check how near the session's high came to the intraday record before it."""

    def answer(basis: str) -> Answer:
        series = series_of(claim, view)
        row = _standing(view, series.series_id, basis)
        pct = row["proximity_pct"]
        if pct is None:
            raise CannotTellError(f"expected a high of {series.series_id} on {view.session} and a record before it")
        _demand_history(row, row["session"], view)
        price = row_of_session(view, core.SeriesPrice, series_id=series.series_id)
        was = row["proximity"] or "farther below"
        what = ", a new record" if row["is_new_record"] else ""
        computed = f"{was}: the high of {price['high']:,.2f} lies {pct:+.2f} % from the record before it{what}"
        evidence = (row.says("proximity", "proximity_pct", "record"), price.says("high", "close"))
        aside = _close_against_record(view, series.series_id, price)
        return Answer(basis, was == claim.stated, computed, pct, None, evidence, series.limits, aside)

    return on_each([INTRADAY], answer)


def record_count(claim: Claim, view: View) -> list[Answer]:
    """Check that there were at least so many new records from a date to the claim's session."""
    first = dt.date.fromisoformat(claim["from"])

    def answer(basis: str) -> Answer:
        series = series_of(claim, view)
        row = _standing(view, series.series_id, basis)
        is_within = pl.col("session") >= first
        key = {"series_id": series.series_id, "basis": basis, "event": "new_record"}
        found = view.rows(core.RecordHigh, is_within, **key)
        difference = min(len(found) - claim.values["stated_value"], 0.0)
        _demand_history(row, first, view)
        cited = [found[0], found[-1]] if found else []
        evidence = [event.says("value") for event in cited] or [row.says("record_session")]
        computed = f"{len(found)} records" + (f", the last on {found[-1]['session']}" if found else "")
        limits = (*series.limits, _history(row))
        return Answer(basis, difference == 0, computed, float(len(found)), difference, tuple(evidence), limits)

    return on_each(price_bases(claim), answer)


def only_without_record(claim: Claim, view: View) -> list[Answer]:
    """Check that one member alone of a universe has set no record for so many years, the anniversary included."""
    members = [row["instrument_id"] for row in view.rows(core.UniverseMember, universe_id=claim.subject)]

    def answer(basis: str) -> Answer:
        demand_bars(view, *members)
        rows = [_standing(view, member, basis) for member in members]
        anniversary = _years_before(view.session, claim["years"])
        late = [row["series_id"] for row in rows if row["history_from"] > anniversary]
        if late:
            raise CannotTellError(f"expected bars from {anniversary} on, was later for {', '.join(late)}")
        without = [row["series_id"] for row in rows if row["record_session"] <= anniversary]
        evidence = tuple(row.says("record", "record_session") for row in rows)
        return Answer(basis, without == [claim.stated], ", ".join(without) or "none", evidence=evidence)

    return on_each(price_bases(claim), answer)


def level_at_record(claim: Claim, view: View) -> list[Answer]:
    """Check that a level lies within a distance, in per cent, of the record that stands."""
    low, high = claim["low"], claim.parameters.get("high", claim["low"])

    def answer(basis: str) -> Answer:
        series = series_of(claim, view)
        row = _standing(view, series.series_id, basis)
        _demand_history(row, row["session"], view)
        record, within = row["record"], claim["within_pct"]
        pct = -beyond(record, low, high) / record * 100
        difference = beyond(pct, -within, within)
        computed = f"{pct:+.2f} % from the record of {record:,.2f}"
        evidence = (row.says("record", "record_session"),)
        return Answer(basis, difference == 0, computed, pct, difference, evidence, (*series.limits, _history(row)))

    return on_each(price_bases(claim), answer)


def _standing(view: View, series_id: str, basis: str) -> Row:
    row = row_of_session(view, core.RecordState, series_id=series_id, basis=basis)
    if row["record"] is None:
        raise CannotTellError(f"{row.says('record')}, {row['record_reason']}")
    return row


def _demand_history(row: Row, session: dt.date, view: View) -> None:
    """Raise where bars begin so late before a session that what tops all of them may be no record."""
    least = _years_before(session, view.parameters.record_history_years)
    if row["history_from"] > least and not row["is_all_time"]:
        raise CannotTellError(f"expected bars from {least} on, was from {row['history_from']}")


def _history(row: Row) -> str:
    return f"records counted since {row['history_from']}" + (", those before are known" if row["is_all_time"] else "")


def _aside(view: View, series_id: str, basis: str) -> str:
    row = view.of_session(core.RecordState, series_id=series_id, basis=_OTHER[basis])
    if row is None or row["record"] is None:
        return f"{_OTHER[basis]}: no record known"
    return f"{_OTHER[basis]}: {row['record']:,.2f} of {row['record_session']}"


def _close_against_record(view: View, series_id: str, price: Row) -> str:
    """Return what the closes say of a session that came near the intraday record."""
    row = _standing(view, series_id, CLOSE)
    if row["is_new_record"]:
        return f"{CLOSE}: {price['close']:,.2f}, a new record close"
    short = row["record"] - price["close"]
    return f"{CLOSE}: {price['close']:,.2f}, {short:,.2f} short of the record close of {row['record']:,.2f}"


def _years_before(session: dt.date | None, years: int) -> dt.date:
    if session is None:
        raise CannotTellError("expected a session")
    try:
        return session.replace(year=session.year - years)
    except ValueError:
        # 29 February of a year that has none.
        return session.replace(year=session.year - years, day=28)
