"""Asking the vendor for a chart as a plain client does: for the tests of its faults."""

from __future__ import annotations

import datetime as dt
import http.client
import json
from typing import Any, NamedTuple

from tests.vendor.listing import Plan
from tests.vendor.market import Market
from tests.vendor.server import Vendor

MARKET = Market(Plan(symbols=20, years=1))


class Got(NamedTuple):
    status: int
    kind: str
    body: bytes
    headers: dict[str, str]

    @property
    def chart(self) -> dict[str, Any]:
        return json.loads(self.body)["chart"]["result"][0]


def get(vendor: Vendor, symbol: str = "ZQAAA", end: int = 4_000_000_000) -> Got:
    connection = http.client.HTTPConnection(vendor.url.removeprefix("http://"), timeout=10)
    try:
        connection.request("GET", f"/v8/finance/chart/{symbol}?period1=0&period2={end}&interval=1d")
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return Got(answer.status, headers.get("content-type", ""), answer.read(), headers)
    finally:
        connection.close()


def closes(vendor: Vendor, symbol: str = "ZQAAA") -> dict[dt.date, float]:
    return column(vendor, symbol, "close")


def column(vendor: Vendor, symbol: str, name: str) -> dict[dt.date, float]:
    found = get(vendor, symbol).chart
    days = [dt.datetime.fromtimestamp(stamp, dt.UTC).date() for stamp in found["timestamp"]]
    return dict(zip(days, found["indicators"]["quote"][0][name], strict=True))
