"""Bars of stocks: which received ones are good enough to store, and what is odd about those that were kept.

Belongs here: the row rule that holds for stocks only, and ``core.stock_bar_warning`` (docs/methods.md, B8).
Not here: the rules that hold for every bar (``screen``), versions (``bar``), or reading a source (``sources``).
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from pipelines.contracts.raw import RejectedRow
from pipelines.parameters import Parameters
from pipelines.transforms.quality import is_stale, is_unusual_move, odd_bars
from pipelines.transforms.screen import screen_bars, with_row_id

_VALUES = ("open", "high", "low", "close", "volume")
_REJECTED = [name for name in RejectedRow.column_names() if name not in ("raw_table", "source", "fetched_at")]


def screen_stock_bars(
    received: pl.DataFrame, calendar: pl.DataFrame, now: dt.datetime, parameters: Parameters
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split a batch of bars of stocks into the rows that keep every row rule and the rows that break one.

    Beside the rules of ``screen_bars`` there is ``filler_bar``: no volume, and open, high, low and close equal. A
    vendor writes such a row where nothing was traded; its price is none of the session, and often not even the last
    one. A filler is no repetition of a traded bar, nor the other way round: the traded one stays.

    Args:
        received: a batch as a source handed it over (``ReceivedBar``). A payload of null stands for the row's own
            columns, and is written from them where the row is rejected.
        calendar: see ``screen_bars``.
        now: see ``screen_bars``.
        parameters: see ``screen_bars``.

    Returns:
        The accepted rows (``ReceivedBar``, key instrument_id and session) and the rejected ones (``raw.RejectedRow``
        short of raw_table, source and fetched_at), both in received order, together as many as were received.
    """
    rows = received.with_row_index("position")
    # A row goes by its number while it is judged: its payload is not known before it is rejected.
    judged = rows.with_columns(payload=pl.col("position").cast(pl.String))
    traded, broken = screen_bars(judged.filter(~_is_filler()).drop("position"), calendar, now, parameters)
    fillers, others = screen_bars(judged.filter(_is_filler()).drop("position"), calendar, now, parameters)
    rules = pl.concat(
        frame.select(_position(), "rule") for frame in (broken, others, fillers.with_columns(rule=pl.lit("filler_bar")))
    )
    accepted = rows.join(traded.select(_position()), on="position", how="semi", maintain_order="left")
    rejected = rows.join(rules, on="position", maintain_order="left").with_columns(payload=_payload())
    return accepted.select(received.columns), with_row_id(rejected).select(_REJECTED)


def _is_filler() -> pl.Expr:
    is_flat = pl.all_horizontal(pl.col("open", "high", "low") == pl.col("close"))
    return (is_flat & (pl.col("volume") == 0)).fill_null(value=False)


def _position() -> pl.Expr:
    return pl.col("payload").cast(pl.UInt32).alias("position")


def _payload() -> pl.Expr:
    """Return the payload, written from the row's columns where it is null."""
    names = {"vendor_symbol": "symbol", "session": "date"} | {name: name for name in _VALUES}
    own = pl.struct(pl.col(column).alias(name) for column, name in names.items()).struct.json_encode()
    return pl.coalesce("payload", own)


def stock_bar_warnings(bars: pl.DataFrame, parameters: Parameters, actions: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return what is odd about bars that were kept; one bar can be odd in several ways.

    ``jump``: the close differs from that of the stock's own bar before by more than ``jump_share`` of it; the value is
    the signed change as a fraction. Splits without adjustment, spin-offs and symbols that passed to another company
    look like this, and so do real moves. ``unusual_move``: the log return is more than ``unusual_move_deviations``
    times the standard deviation of those of the ``unusual_move_sessions`` bars before it; the value is how many,
    signed; one up to ``unusual_move_least`` never is. Real crashes look like this. ``zero_volume``: the volume is 0 (a
    null one says nothing); the value is the volume. ``stale_close``: this close and those of the bars before,
    ``stale_sessions`` or more in all, are equal; the value is how many.

    Args:
        bars: ``core.StockBar``, in any order, all of the instruments given.
        parameters: see above.
        actions: ``core.StockAction``; what moves the price on the session of one that adjusts is explained.

    Returns:
        ``core.StockBarWarning``, sorted by its key.
    """
    odd = {
        "jump": ("change", pl.col("change").abs() > parameters.jump_share),
        "unusual_move": ("deviations", is_unusual_move(parameters)),
        "zero_volume": ("volume", pl.col("volume") == 0),
        "stale_close": ("equal_closes", is_stale(parameters)),
    }
    found = odd_bars(bars, odd, parameters)
    if actions is None:
        return found
    explained = actions.filter(pl.col("left_out_reason").is_null()).select(
        "instrument_id", "ex_session", warning=pl.lit(["jump", "unusual_move"])
    )
    explained = explained.explode("warning").unique()
    on = ("instrument_id", "ex_session", "warning")
    return found.join(explained, left_on=("instrument_id", "session", "warning"), right_on=on, how="anti")
