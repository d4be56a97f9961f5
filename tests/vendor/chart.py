"""Yahoo's chart answers: JSON of one symbol's bars and actions in a span.

Belongs here: the shape of the answer. Not here: what stands in it (``history``), or when it is refused (``yahoo``).
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import numpy as np
import polars as pl

from tests.vendor.drawing import Floats
from tests.vendor.history import NEW_YORK, PRICES, History

_SHORT = 300
RANGES = {"1d": 1, "5d": 5, "1mo": 21, "3mo": 63, "6mo": 126, "1y": 252, "2y": 504, "5y": 1260, "10y": 2520,
          "ytd": 252, "max": 1 << 30}  # fmt: skip
"""Sessions of each range that may be asked for in the place of a span."""


def chart(history: History, first: float, end: float, now: dt.datetime, symbol: str) -> bytes:
    """Return the answer: rows and events stamped from ``first`` on and before ``end`` (seconds since 1970)."""
    stamps = history.stamps
    low, high = np.searchsorted(stamps, [first, end])
    cut = slice(int(low), int(high))
    meta = json.dumps(_meta(history, now, symbol, float(history.prices["close"][low - 1]) if low else None))
    if low == high:
        body = f'{{"meta":{meta},"indicators":{{"quote":[{{}}],"adjclose":[{{}}]}}}}'
    else:
        quote = ",".join(f'"{name}":{_floats(history.prices[name][cut])}' for name in PRICES)
        quote += f',"volume":{_whole(history.volume[cut])}'
        adjusted = _floats(history.adjusted_close[cut])
        moments = ",".join(map(str, stamps[cut].tolist()))
        body = (
            f'{{"meta":{meta},"timestamp":[{moments}],{_events(history, first, end)}'
            f'"indicators":{{"quote":[{{{quote}}}],"adjclose":[{{"adjclose":{adjusted}}}]}}}}'
        )
    return f'{{"chart":{{"result":[{body}],"error":null}}}}'.encode()


def refusal(code: str, description: str) -> bytes:
    """Return an answer that says why there is no chart."""
    return json.dumps({"chart": {"result": None, "error": {"code": code, "description": description}}}).encode()


def _floats(values: Floats) -> str:
    """Return a list in JSON, NaN as null; polars writes long ones faster than Python, short ones more slowly."""
    if np.isnan(values).any():
        text = ["null" if value != value else repr(value) for value in values.tolist()]
    elif values.size < _SHORT:
        text = list(map(repr, values.tolist()))
    else:
        text = pl.Series(values).cast(pl.String).to_list()
    return f"[{','.join(text)}]"


def _whole(values: Floats) -> str:
    return f"[{','.join('null' if value != value else str(int(value)) for value in values.tolist())}]"


def _events(history: History, first: float, end: float) -> str:
    dividends = {
        str(stamp): {"amount": amount, "date": stamp}
        for stamp, amount in history.dividend_events.items()
        if first <= stamp < end
    }
    splits = {
        str(stamp): _split(stamp, ratio)
        for stamp, ratio in history.split_events.items()
        if first <= stamp and (stamp < end or stamp in history.early_events)
    }
    events = {name: found for name, found in (("dividends", dividends), ("splits", splits)) if found}
    return f'"events":{json.dumps(events)},' if events else ""


def _split(stamp: int, ratio: float) -> dict[str, Any]:
    """Return a split in the whole numbers of its terms: 1.5 is 3:2, 0.1 is 1:10."""
    below = next(number for number in range(1, 1000) if abs(ratio * number - round(ratio * number)) < 1e-6)
    above = round(ratio * below)
    return {"date": stamp, "numerator": float(above), "denominator": float(below), "splitRatio": f"{above}:{below}"}


def _meta(history: History, now: dt.datetime, symbol: str, close_before: float | None) -> dict[str, Any]:
    line, market = history.line, history.market
    size = history.at.size
    offset = now.astimezone(NEW_YORK)
    zone = {"timezone": offset.tzname(), "gmtoffset": int(offset.utcoffset().total_seconds())}  # type: ignore[union-attr]
    last = int(history.at[-1]) if size else None
    year = {name: history.prices[name][-252:] for name in PRICES}
    meta: dict[str, Any] = {
        "currency": "USD",
        "symbol": symbol,
        "exchangeName": "SNP" if line.is_index else "NYQ",
        "fullExchangeName": "SNP" if line.is_index else "NYSE",
        "instrumentType": "INDEX" if line.is_index else "EQUITY",
        "firstTradeDate": int(market.stamps[line.begin]),
        "regularMarketTime": _quoted_at(history, now) if last is not None else None,
        "hasPrePostMarketData": not line.is_index,
        **zone,
        "exchangeTimezoneName": "America/New_York",
        "longName": line.name,
        "shortName": line.name[:30],
        "priceHint": 2,
        "currentTradingPeriod": _periods(history, now, zone),
        "dataGranularity": "1d",
        "range": "",
        "validRanges": list(RANGES),
    }
    if size and not np.isnan(year["close"][-1]):
        meta |= {
            "regularMarketPrice": float(year["close"][-1]),
            "regularMarketDayHigh": float(year["high"][-1]),
            "regularMarketDayLow": float(year["low"][-1]),
            "regularMarketVolume": int(history.volume[-1]),
            "fiftyTwoWeekHigh": float(np.nanmax(year["high"])),
            "fiftyTwoWeekLow": float(np.nanmin(year["low"])),
        }
    if close_before is not None and close_before == close_before:
        meta["chartPreviousClose"] = close_before
    return meta


def _quoted_at(history: History, now: dt.datetime) -> int:
    """Return when the newest bar was last quoted: at the close, now, or when the vendor stopped following."""
    opens, closes = (int(stamps[history.at[-1]]) for stamps in (history.market.stamps, history.market.close_stamps))
    return min(int(now.timestamp()), opens + round(history.quoted_until * (closes - opens)))


def _periods(history: History, now: dt.datetime, zone: dict[str, Any]) -> dict[str, Any]:
    """Return the trading hours of today's session, or of the next one (the last of the market where none follows)."""
    market = history.market
    place = min(int(np.searchsorted(market.close_stamps, now.timestamp())), len(market.closes) - 1)
    begin, end = int(market.stamps[place]), int(market.close_stamps[place])
    hours = {"pre": (begin - 19_800, begin), "regular": (begin, end), "post": (end, end + 14_400)}
    return {name: {**zone, "start": start, "end": stop} for name, (start, stop) in hours.items()}
