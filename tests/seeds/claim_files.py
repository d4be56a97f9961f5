"""Claims files that tests write and read; nothing here computes what a test asserts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest

from pipelines.seeds.claim_field import Names
from pipelines.seeds.claim_file import ClaimsError
from pipelines.seeds.claim_rules import read_claims

NAMES = Names(["NDX", "RUT", "SPX"], ["RUT/NDX"], {"two": ["NDX", "RUT"]}, ["RUT", "SPX"])
OWN, HOUSE = Path("own.yaml"), Path("seeds/house.yaml")
NOTE = {
    "note_id": "note",
    "author": "me",
    "title": "A note",
    "reference": "page 3",
    "published_at": "2024-12-02T08:30:00-05:00",
}
CLAIM = {
    "claim_id": "a",
    "text": "The Russell gained 10.8 %.",
    "type": "period_return",
    "instrument": "RUT",
    "basis": "cash_close",
    "as_of": "2024-11-29",
    "period": "2024-11",
    "stated": "10.8",
    "tolerance": "0.05",
    "unit": "per cent",
}
"""Stands on the lines from 7 on of a file of one note: its id on 7, its text on 8, its type on 9, ..."""

_SHARED = {"claim_id": "a", "text": "It is so.", "as_of": "2024-11-29"}
_OF_RUT = {"instrument": "RUT", "basis": "cash_close"}
_PERIOD = {"period": "2024-11"}
_LEVEL = {"instrument": "RUT", "basis": "cfd", "set": "s", "role": "key_support", "low": "2288"}
OF_EACH_TYPE = {
    "period_return": {**_OF_RUT, **_PERIOD, "stated": "10.8", "tolerance": "0.05", "unit": "per cent"},
    "period_rank": {**_OF_RUT, **_PERIOD, "universe": "two", "stated": "1"},
    "return_multiple": {**_OF_RUT, **_PERIOD, "other": "SPX", "at_least": "1.75", "at_most": "2"},
    "return_above": {**_OF_RUT, **_PERIOD, "other": "SPX"},
    "record_value": {**_OF_RUT, "stated": "2458.86", "tolerance": "0", "unit": "points"},
    "record_date": {**_OF_RUT, "stated": "2021-11-08"},
    "record_proximity": {**_OF_RUT, "basis": "cash_intraday", "stated": "retest"},
    "record_count": {**_OF_RUT, "from": "2024-01-01", "stated": "10"},
    "only_without_record": {"universe": "two", "basis": "unstated", "years": "3", "stated": "RUT"},
    "relative_since": {"pair": "RUT/NDX", "basis": "cash_close", "quarter": "2024-Q3", "stated": "outperforming"},
    "ratio_turning": {"pair": "RUT/NDX", "basis": "cash_close", "stated": "up"},
    "average_direction": {**_OF_RUT, "span": "50", "stated": "rising"},
    "average_support": {**_OF_RUT, "span": "200", "stated": "supported"},
    "phase": {**_OF_RUT, "horizon": "major", "stated": "up"},
    "level_state": {**_LEVEL, "stated": "intact"},
    "level_next": {**_LEVEL, "next_low": "2170", "next_high": "2180"},
    "level_at_record": {**_OF_RUT, "low": "2450", "within_pct": "0.5"},
    "largest_sector": {"index": "SPX", "basis": "holdings", "stated": "Financials"},
    "revenue_share": {
        **{"index": "SPX", "basis": "reported", "side": "domestic", "aggregation": "unstated"},
        **{"stated": "80", "tolerance": "5", "unit": "per cent"},
    },
}
"""A good claim of each type, beside the keys that all share."""


def of_type(kind: str, **changes: str | None) -> dict[str, str]:
    """Return a good claim of a type, changed; None takes a key away."""
    claim = {**_SHARED, "type": kind, **OF_EACH_TYPE[kind], **changes}
    return {key: value for key, value in claim.items() if value is not None}


def file_text(*claims: Mapping[str, str], note: Mapping[str, str] = NOTE) -> str:
    """Return a file of one note with these claims, a key on each line, in the order of the mappings."""
    lines = [f"{'- ' if number == 0 else '  '}{key}: {value}" for number, (key, value) in enumerate(note.items())]
    lines.append("  claims:" if claims else "  claims: []")
    for claim in claims:
        lines += [
            f"    {'- ' if number == 0 else '  '}{key}: {value}" for number, (key, value) in enumerate(claim.items())
        ]
    return "\n".join(lines) + "\n"


def read(content: str | bytes, house: str | None = None) -> pl.DataFrame:
    """Read ``content`` as the own file beside a house's file, which has no claims unless given."""
    OWN.write_bytes(content if isinstance(content, bytes) else content.encode())
    HOUSE.write_text(house or file_text(note={**NOTE, "note_id": "house"}))
    return read_claims(NAMES, OWN, [HOUSE])


def findings(content: str | bytes, house: str | None = None) -> list[str]:
    """Return why ``content`` is refused."""
    with pytest.raises(ClaimsError) as refusal:
        read(content, house)
    return refusal.value.findings
