"""The sentences of a brief: what stands, from the facts alone, and why something cannot be said.

Belongs here: words around numbers. Not here: tables and layout (``page``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from pipelines.report.brief.fact import Facts

_DETECTORS = 3
Row = dict[str, Any]


def sentences(facts: Facts) -> list[str]:
    """Return what stands, a sentence or two a subject, in the order of the sections."""
    row = facts.sections["standing"].rows.row(0, named=True)
    return [
        _close(row),
        _month(facts),
        _trend(row),
        _record(row),
        *_relative(facts),
        *_levels(facts, row),
        _breadth(row),
        _sectors(row),
        _revenue(row),
        *_claims(facts),
    ]


def _close(row: Row) -> str:
    parts = [
        f"{label} {row[f'{span}_return_pct']:+.2f} %"
        if row[f"{span}_return_pct"] is not None
        else f"{label} not given ({row[f'{span}_reason']})"
        for span, label in (("day", "on the day"), ("mtd", "month to date"), ("qtd", "quarter"), ("ytd", "year"))
    ]
    return f"{row['name']} closed at {row['close']:,.2f} on {row['session']}: {', '.join(parts)}."


def _month(facts: Facts) -> str:
    rows = facts.sections["last_month"].rows.filter(pl.col("return_pct").is_not_null())
    if rows.is_empty():
        return "No whole month has a return yet."
    listed = ", ".join(f"{row['instrument_id']} {row['return_pct']:+.2f} %" for row in rows.iter_rows(named=True))
    return f"Last whole month ({rows['period_start'][0]:%Y-%m}), best first: {listed}."


def _trend(row: Row) -> str:
    if row["statement"] is None:
        return f"Trend: not given ({row['medium_reason'] or row['major_reason']})."
    held = {True: "supported by it", False: "not supported by it", None: "support not judged"}
    medium, major = (
        f"{name} phase {row[f'{name}_phase']} since {row[f'{name}_since']} ({row[f'{name}_age_sessions']} sessions, "
        f"{span}-session average {row[f'{name}_label']}, price {held[row[f'{name}_is_supported']]})"
        for name, span in (("medium", 50), ("major", 200))
    )
    return f"{row['statement'].capitalize()}: {medium}; {major}."


def _record(row: Row) -> str:
    kind = "all-time record" if row["is_all_time"] else f"highest since {row['history_from']}"
    close = f"Record close {row['record_close']:,.2f} of {row['record_close_session']} ({kind})"
    stands = "set on this session" if row["record_close_is_new"] else f"{row['drawdown_pct']:.2f} % away"
    if row["record_intraday"] is None:
        return f"{close}, {stands}; intraday record not given ({row['record_intraday_reason']})."
    within = "set on this session" if row["record_intraday_is_new"] else f"{row['intraday_drawdown_pct']:.2f} % away"
    intraday = f"intraday {row['record_intraday']:,.2f} of {row['record_intraday_session']}"
    return f"{close}, {stands}; {intraday}, {within}."


def _relative(facts: Facts) -> Iterator[str]:
    for row in facts.sections["relative"].rows.iter_rows(named=True):
        if facts.index not in row["pair_id"].split("/"):
            continue
        turned = f"its ratio's medium phase is {row['medium_phase'] or 'not given'}"
        if row["verdict"] == "none":
            yield f"{row['pair_id']}: no verdict; {turned}."
        else:
            yield (
                f"{row['pair_id']}: {row['verdict']} since {row['since']} (confirmed {row['confirmed_session']}, "
                f"{row['confidence']} of {_DETECTORS} detectors); {turned}."
            )


def _levels(facts: Facts, row: Row) -> Iterator[str]:
    for place, edge in (("support", "high"), ("resistance", "low")):
        found = {name: row[f"nearest_{place}_{name}"] for name in ("low", "high", "state", "kinds", "distance_pct")}
        if found["low"] is not None:
            kind = f"{found['state']}, {found['kinds']}".replace("_", " ")
            yield (
                f"Nearest {place}: {_zone(found['low'], found['high'])} ({kind}), "
                f"its {edge} edge {found['distance_pct']:+.2f} % from the close."
            )
    published = facts.sections["levels"].rows.filter(origin="published")
    for level in published.iter_rows(named=True):
        exposed = ", exposed" if level["is_exposed"] else ""
        yield (
            f"Published {level['role'].replace('_', ' ')} {_zone(level['low'], level['high'])} ({level['author']}): "
            f"{level['state'].replace('_', ' ')} since {level['state_since']}{exposed}"
            f"{', evaluated on the cash index as published' if level['basis_flag'] == 'unadjusted' else ''}."
        )


def _zone(low: float, high: float) -> str:
    return f"{low:,.2f}" if low == high else f"{low:,.2f} to {high:,.2f}"


def _breadth(row: Row) -> str:
    parts = [
        f"{row[f'members_above_{span}_pct']:.1f} % of members above their {span}-session average"
        if row[f"members_above_{span}_pct"] is not None
        else f"above the {span}-session average not given ({row[f'members_above_{span}_reason']})"
        for span in (50, 200)
    ]
    return f"Breadth: {'; '.join(parts)}."


def _sectors(row: Row) -> str:
    if row["largest_sector"] is None:
        return f"Largest sector: not given ({row['largest_sector_reason']})."
    share = row["largest_sector_share"] * 100
    return (
        f"Largest sector: {row['largest_sector']}, {share:.2f} % of the weight in holdings of {row['holdings_as_of']}."
    )


def _revenue(row: Row) -> str:
    if row["domestic_share"] is None:
        return f"Revenue at home: not given ({row['domestic_share_reason']}); bounds and coverage stand in the table."
    share = row["domestic_share"] * 100
    return (
        f"Revenue at home: {share:.1f} %, weighted by market value, of the companies that report it (see its coverage)."
    )


def _claims(facts: Facts) -> Iterator[str]:
    """Yield a sentence on the claims of the last month, verdict by verdict; none where nothing was claimed."""
    counts = facts.sections["claims"].rows.group_by("verdict").len().sort("verdict")
    if not counts.is_empty():
        listed = ", ".join(f"{count} {verdict.replace('_', ' ')}" for verdict, count in counts.rows())
        yield f"Claims published within a month before, checked against the data: {listed}."
