"""Made-up daily bars of four indices, 2019 to 2024, for trying things out without a vendor or a network.

These bars are not market data. They touch real values only at the anchors (``seeds/sample_anchor.csv``: year-end
closes, a few record highs, peaks and troughs, the month ends of October and November 2024); every other price and
every volume is drawn from a random number generator. Draw no conclusion about a market from them.

How a path is drawn: a random walk in log close, part of it shared by all indices, is tied down to the anchored
closes (a Brownian bridge from each to the next). Between two anchors the path is folded, like a reflection in two
mirrors, into a band that keeps the anchors true:

- No close lies above both the highest close anchored so far and the next one, and no high above both the highest
  high (or close) anchored so far and the next close. So a record is made at an anchor, or on the way up to one.
- No close lies below both the next anchored close and the lowest one of the cycle, which runs from one anchored
  record close to the next; no low below both the next close and the lowest low (or close) of the cycle.

Every run on every machine gives the same bars: NumPy promises that the raw numbers of PCG64 stay the same from
release to release, but not its normal deviates, so these are made here.

Belongs here: the sample source alone. Not here: row rules, or real bars (``files``, ``yahoo``).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import zlib
from collections.abc import Mapping
from importlib import resources

import dataframely as dy
import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines import seeds
from pipelines.contracts import vocabulary as v
from pipelines.contracts.received import ReceivedBar
from pipelines.contracts.table import Table
from pipelines.seeds import read_seed
from pipelines.sources.base import SourceError, Span
from pipelines.sources.calendar import sessions_between

FIRST_SESSION, LAST_SESSION = dt.date(2019, 1, 2), dt.date(2024, 12, 31)
_GENERATOR_VERSION = "1"
_SEED = 20241202
_DAILY_VOLATILITY = 0.011
_SHARED_WEIGHT = 0.95
"""Correlation of an index's daily moves with those that all indices share, before the folding weakens it."""
_OPENING_GAP = 0.002
_WICK = 0.004
"""Typical reach of the high and the low beyond open and close."""
_MARGIN_SHARE = 0.02
"""Part of a band's height that is kept free at either edge, so that no close equals an anchor by rounding."""

Floats = NDArray[np.float64]


class SampleAnchor(Table):
    """One real value that the made-up bars run through."""

    instrument_id = v.instrument_id(primary_key=True)
    session = v.session(primary_key=True)
    price = dy.String(primary_key=True, check=lambda column: column.is_in(["close", "high", "low"]))
    value = dy.Float64(min_exclusive=0)
    source = v.source()


class SampleSource:
    """The ``sample`` source: deterministic, offline, made up (see the module)."""

    name = "sample"

    def bars(
        self,
        instruments: pl.DataFrame,
        known: Mapping[str, Span],
        start: dt.date | None,
        now: dt.datetime,
    ) -> dy.DataFrame[ReceivedBar]:
        """Return the made-up bars of ``instruments`` from ``start`` on, of sessions that had closed by ``now``.

        Grain: one row per instrument_id and session, in the order of ``instruments``. ``known`` is ignored.

        Raises:
            SourceError: an instrument has no anchors.
        """
        calendar = sessions_between(FIRST_SESSION, LAST_SESSION).with_row_index("position")
        anchors = read_seed(SampleAnchor)
        stretch = (pl.col("session") >= (start or FIRST_SESSION)) & (pl.col("closes_at") <= now)
        drawn = [
            _draw_bars(instrument_id, calendar, anchors)
            .filter(stretch)
            .with_columns(instrument_id=pl.lit(instrument_id), vendor_symbol=pl.lit(vendor_symbol))
            for instrument_id, vendor_symbol in instruments.select("instrument_id", "vendor_symbol").iter_rows()
        ]
        return ReceivedBar.validate(pl.concat([ReceivedBar.create_empty(), *map(_as_received, drawn)]))


def _as_received(drawn: pl.DataFrame) -> pl.DataFrame:
    """Add what tells the batch and the row: locator, payload and payload_hash."""
    anchor_file = resources.files(seeds).joinpath("sample_anchor.csv").read_bytes()
    row = pl.struct(pl.col("session").dt.to_string("%Y-%m-%d"), "open", "high", "low", "close", "volume")
    return drawn.with_columns(
        adjusted_close="close",
        locator=pl.format("sample:{}:{}", "instrument_id", "session"),
        payload=row.struct.json_encode(),
        payload_hash=pl.lit(hashlib.sha256(anchor_file + _GENERATOR_VERSION.encode()).hexdigest()),
    ).select(ReceivedBar.column_names())


def _draw_bars(instrument_id: str, calendar: pl.DataFrame, anchors: pl.DataFrame) -> pl.DataFrame:
    """Return the calendar with open, high, low, close and volume of one instrument.

    Raises:
        SourceError: the instrument has no anchors.
    """
    points = _bands(anchors.filter(pl.col("instrument_id") == instrument_id), calendar)
    if points.is_empty():
        raise SourceError(f"sample: expected anchors of {instrument_id} in sample_anchor.csv, was none")
    size = calendar.height
    at = points["position"].to_numpy().astype(np.int64)
    stretch = np.clip(np.searchsorted(at, np.arange(size)) - 1, 0, None)

    close = _draw_closes(instrument_id, points, at, stretch)
    before = np.concatenate([close[:1], close[:-1]])
    top = _anchored(points["high"], at, points["top_high"].to_numpy()[stretch])
    bottom = _anchored(points["low"], at, points["bottom_low"].to_numpy()[stretch])
    open_ = np.clip(before * np.exp(_OPENING_GAP * normals(f"{instrument_id}/open", size)), bottom, top)
    high = np.maximum(open_, close) * (1 + _WICK * np.abs(normals(f"{instrument_id}/high", size)))
    low = np.minimum(open_, close) * (1 - _WICK * np.abs(normals(f"{instrument_id}/low", size)))
    high = _anchored(points["high"], at, np.minimum(high, top))
    low = _anchored(points["low"], at, np.maximum(low, bottom))
    volume = 1e6 * np.round(4000 * np.exp(0.2 * normals(f"{instrument_id}/volume", size)))
    prices = {"open": open_, "high": high, "low": low, "close": close}
    return calendar.with_columns(
        **{name: pl.Series(np.round(price, 2)) for name, price in prices.items()}, volume=volume
    )


def _draw_closes(instrument_id: str, points: pl.DataFrame, at: NDArray[np.int64], stretch: NDArray[np.int64]) -> Floats:
    """Return a close per session: a bridge from anchor to anchor, folded into the band of its stretch."""
    size = len(stretch)
    own_weight = np.sqrt(1 - _SHARED_WEIGHT**2)
    moves = _SHARED_WEIGHT * normals("shared", size) + own_weight * normals(f"{instrument_id}/close", size)
    walk = np.cumsum(_DAILY_VOLATILITY * moves)
    anchored = points["close"].to_numpy()
    bridge = walk + np.interp(np.arange(size), at, np.log(anchored) - walk[at])
    top, bottom = np.log(points["top_close"].to_numpy()), np.log(points["bottom_close"].to_numpy())
    margin = _MARGIN_SHARE * (top - bottom)
    return _anchored(points["close"], at, np.exp(_fold(bridge, (bottom + margin)[stretch], (top - margin)[stretch])))


def _bands(anchors: pl.DataFrame, calendar: pl.DataFrame) -> pl.DataFrame:
    """Return one row per anchored session, with the band of the stretch that follows it.

    ``close``, ``high`` and ``low`` are the anchored values (the last two null where not anchored), ``position`` is
    the row of the session in the calendar.
    """
    kinds = (pl.col("value").filter(pl.col("price") == kind).first().alias(kind) for kind in ("close", "high", "low"))
    reach = anchors.group_by("session").agg(*kinds).join(calendar, on="session").sort("position")
    record_close = pl.col("close").cum_max()
    following = pl.col("close").shift(-1)
    in_cycle = reach.with_columns(cycle=(pl.col("close") >= record_close).cum_sum()).with_columns(
        cycle_close=pl.col("close").cum_min().over("cycle", order_by="position"),
        cycle_low=pl.coalesce("low", "close").cum_min().over("cycle", order_by="position"),
    )
    return in_cycle.with_columns(
        top_close=pl.max_horizontal(record_close, following),
        top_high=pl.max_horizontal(pl.coalesce("high", "close").cum_max(), following),
        bottom_close=pl.min_horizontal("cycle_close", following),
        bottom_low=pl.min_horizontal("cycle_low", following),
    )


def _anchored(values: pl.Series, at: NDArray[np.int64], drawn: Floats) -> Floats:
    """Return the drawn values with the anchored ones put in their places."""
    result = drawn.copy()
    given = values.is_not_null().to_numpy()
    result[at[given]] = values.drop_nulls().to_numpy()
    return result


def _fold(path: Floats, bottom: Floats, top: Floats) -> Floats:
    """Return the path reflected at bottom and top as often as it takes to lie between them."""
    height = top - bottom
    return bottom + np.abs((path - bottom + height) % (2 * height) - height)


def normals(stream: str, size: int) -> Floats:
    """Return standard normal deviates of a named stream (Box and Muller's transform of PCG64's raw numbers)."""
    raw = np.asarray(np.random.PCG64([_SEED, zlib.crc32(stream.encode())]).random_raw(2 * size))
    uniform = ((raw >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53
    return np.sqrt(-2 * np.log(uniform[:size])) * np.cos(2 * np.pi * uniform[size:])
