"""Eleven rows of one fictitious delivery, judged by hand against the row rules.

The first five rows are the Russell 2000 around Thanksgiving 2024 in round numbers, the others are spoilt on purpose.
The row ids were made with ``sha256sum`` from instrument, rule, locator and payload, one a line.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from pipelines.contracts.received import ReceivedBar
from pipelines.parameters import Parameters
from pipelines.transforms.screen import screen_bars

NOW = dt.datetime(2024, 12, 2, 21, 29, tzinfo=dt.UTC)
"""Monday, 29 minutes after the close."""

DELIVERY = [
    # line, session, open, high, low, close, payload
    (11, "2024-11-27", 2430.0, 2450.0, 2424.0, 2426.0, "{}"),
    (12, "2024-11-26", 2439.0, 2200.0, 2416.0, 2424.0, '{"Date":"2024-11-26","High":"2200"}'),
    (13, "2024-11-28", 2426.0, 2430.0, 2420.0, 2427.0, "{}"),
    (14, "2024-11-29", 2433.0, 2446.0, 2433.0, 2435.0, "{}"),
    (15, "2024-12-02", 2437.0, 2443.0, 2421.0, 2434.0, "{}"),
    (16, "2024-11-29", 2433.0, 2446.0, 2433.0, 2435.0, "{}"),
    (17, None, 2433.0, 2446.0, 2433.0, 2435.0, '{"Date":"soon"}'),
    (18, "2024-11-25", 2419.0, 2466.0, 2420.0, 2442.0, "{}"),
    (19, "2024-11-25", 2419.0, 2466.0, 0.0, 2442.0, "{}"),
    (20, "2024-11-25", 2419.0, 2466.0, 2419.0, None, "{}"),
    (21, "2024-11-25", 2419.0, 2466.0, 2419.0, 2442.0, "{}"),
]
BROKEN = {
    12: "high_below_body",
    13: "not_a_session",  # Thanksgiving
    15: "session_not_closed",
    16: "duplicate",
    17: "unparsable",
    18: "low_above_body",
    19: "non_positive",
    20: "unparsable",
}
ROW_IDS = {
    12: "ee5fcf9b5a772cb245d8ecce8500854f4010143ee3c44147d66cb0460ed2753e",
    17: "e68798d35a83de00cf583d6cc144a767b4749d405bd215d45f26a9c1383ab653",
}


def delivery() -> pl.DataFrame:
    rows = [
        {
            "instrument_id": "RUT",
            "vendor_symbol": "^RUT",
            "session": dt.date.fromisoformat(session) if session else None,
            "open": open_,
            "high": high,
            "low": low,
            "close": close,
            "locator": f"RUT.csv:{line}",
            "payload": payload,
            "payload_hash": "hash of the file",
        }
        for line, session, open_, high, low, close, payload in DELIVERY
    ]
    return ReceivedBar.validate(pl.DataFrame(rows, schema=ReceivedBar.create_empty().schema))


def calendar() -> pl.DataFrame:
    """Monday to Monday without Thanksgiving; the day after it closes three hours early."""
    closes = {25: 21, 26: 21, 27: 21, 29: 18}
    moments = [dt.datetime(2024, 11, day, hour, tzinfo=dt.UTC) for day, hour in closes.items()]
    moments.append(dt.datetime(2024, 12, 2, 21, tzinfo=dt.UTC))
    return pl.DataFrame(
        {"session": [moment.date() for moment in moments], "closes_at": moments},
        schema={"session": pl.Date, "closes_at": pl.Datetime("us", "UTC")},
    )


def test_each_row_is_judged_as_by_hand() -> None:
    accepted, rejected = screen_bars(delivery(), calendar(), NOW, Parameters())
    assert accepted["locator"].to_list() == [f"RUT.csv:{line}" for line in (11, 14, 21)]
    assert dict(rejected.select("locator", "rule").rows()) == {f"RUT.csv:{line}": rule for line, rule in BROKEN.items()}


def test_row_ids_are_plain_sha256() -> None:
    _, rejected = screen_bars(delivery(), calendar(), NOW, Parameters())
    ids = dict(rejected.select("locator", "row_id").rows())
    assert {line: ids[f"RUT.csv:{line}"] for line in ROW_IDS} == ROW_IDS


def test_one_minute_later_monday_has_settled() -> None:
    accepted, _ = screen_bars(delivery(), calendar(), NOW + dt.timedelta(minutes=1), Parameters())
    assert "RUT.csv:15" in accepted["locator"].to_list()
