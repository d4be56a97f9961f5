"""What the lake holds of the instruments at hand, and no more: filters are pushed down to the files.

Not here: what is compared with it (``transforms``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from pipelines.contracts import raw
from pipelines.sources.chart_answer import WHOLE_HISTORY_FROM
from pipelines.storage.lake import Lake

_RECENT = dt.timedelta(days=45)
"""Outcomes that are looked at first: the last whole history lies in them where one is read every week."""


def known_bars(lake: Lake, begins: Mapping[str, dt.date]) -> pl.DataFrame:
    """Return the stored versions of bars of each instrument from a session of its own on.

    Instruments of which all is wanted are read apart from those of which the last sessions are, so that old files are
    not opened for the latter.
    """
    whole = [name for name, begin in begins.items() if begin == WHOLE_HISTORY_FROM]
    recent = {name: begin for name, begin in begins.items() if begin != WHOLE_HISTORY_FROM}
    found: list[pl.DataFrame] = [raw.StockBar.create_empty()]
    if whole:
        found.append(lake.scan(raw.StockBar).filter(pl.col("instrument_id").is_in(whole)).collect())
    if recent:
        own = pl.LazyFrame({"instrument_id": list(recent), "begin": list(recent.values())})
        is_near = (pl.col("session") >= min(recent.values())) & pl.col("instrument_id").is_in(list(recent))
        rows = lake.scan(raw.StockBar).filter(is_near).join(own, on="instrument_id")
        found.append(rows.filter(pl.col("session") >= pl.col("begin")).drop("begin").collect())
    return pl.concat(found)


def known_actions(lake: Lake, instruments: Sequence[str]) -> pl.DataFrame:
    """Return the stored versions of actions of instruments."""
    return lake.scan(raw.StockAction).filter(pl.col("instrument_id").is_in(list(instruments))).collect()


def known_outcomes(lake: Lake, symbols: Iterable[str], now: dt.datetime) -> pl.DataFrame:
    """Return what was asked of symbols lately, and when the whole history was, however long ago that is."""
    wanted = list(symbols)
    outcomes = lake.scan(raw.FetchOutcome)
    since = pl.lit(now - _RECENT)
    recent = outcomes.filter(pl.col("fetched_at") >= since, pl.col("vendor_symbol").is_in(wanted)).collect()
    is_whole = (pl.col("asked_from") == WHOLE_HISTORY_FROM) & (pl.col("outcome") == "ok")
    seen = set(recent.filter(is_whole)["vendor_symbol"])
    others = [symbol for symbol in wanted if symbol not in seen]
    if not others:
        return recent
    old = outcomes.filter(
        pl.col("fetched_at") < since, pl.col("asked_from") == WHOLE_HISTORY_FROM, pl.col("vendor_symbol").is_in(others)
    )
    return pl.concat([recent, old.collect()])


def outcomes_since(lake: Lake, symbols: Iterable[str], moment: dt.datetime) -> pl.DataFrame:
    """Return what was asked of symbols from a moment on."""
    is_theirs = pl.col("vendor_symbol").is_in(list(symbols))
    return lake.scan(raw.FetchOutcome).filter(pl.col("fetched_at") >= moment, is_theirs).collect()
