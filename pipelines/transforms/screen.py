"""Row rules: which received bars are good enough to store, and which rule kept the others out.

Belongs here: rules that one batch and the calendar decide. Not here: comparing with what is already known
(``transforms.bar``), or reading a source (``sources``). No rule has a tolerance.
"""

from __future__ import annotations

import datetime as dt
import hashlib

import polars as pl

from pipelines.contracts.raw import RejectedRow
from pipelines.contracts.received import ReceivedBar
from pipelines.parameters import Parameters

_PRICES = ("open", "high", "low", "close")
_NUMBERS = (*_PRICES, "adjusted_close", "volume")
_REJECTED = [name for name in RejectedRow.column_names() if name not in ("raw_table", "source", "fetched_at")]


def screen_bars(
    received: pl.DataFrame, calendar: pl.DataFrame, now: dt.datetime, parameters: Parameters
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split a batch into the rows that keep every row rule and the rows that break one.

    A row is rejected for the first rule it breaks, in the order of ``vocabulary.REJECTION_RULES``. A repeated
    instrument and session counts among rows that are good otherwise; the first in received order stays.

    Args:
        received: a batch as a source handed it over (``ReceivedBar``).
        calendar: sessions with ``closes_at``; a day outside it counts as no session, so it must span the batch.
        now: when the batch was read; a session that had not settled by then is not accepted.
        parameters: ``bar_settle_minutes`` says how long after its close a session has settled.

    Returns:
        The accepted rows (``ReceivedBar``, key instrument_id and session) and the rejected ones
        (``raw.RejectedRow`` short of raw_table, source and fetched_at), both in received order, together as many as
        were received. ``row_id`` is unique in the batch and stays the same from run to run, also where the
        row has moved within its file.
    """
    judged = (
        received.with_row_index("position")
        .join(calendar.select("session", "closes_at"), on="session", how="left", maintain_order="left")
        .with_columns(rule=_row_rule(now - dt.timedelta(minutes=parameters.bar_settle_minutes)))
        .with_columns(rule=pl.when(_is_repeated()).then(pl.lit("duplicate")).otherwise("rule"))
    )
    accepted = judged.filter(pl.col("rule").is_null()).select(ReceivedBar.column_names())
    rejected = judged.filter(pl.col("rule").is_not_null()).pipe(with_row_id)
    return accepted, rejected.select(_REJECTED)


def _row_rule(settled_by: dt.datetime) -> pl.Expr:
    """Return the first broken rule that a row shows by itself, null for none."""
    body_high, body_low = pl.max_horizontal("open", "close"), pl.min_horizontal("open", "close")
    is_unreadable = pl.any_horizontal(
        pl.col("session").is_null(),
        pl.col(_PRICES).is_null(),
        ~pl.col(_NUMBERS).is_finite(),
    )
    return (
        pl.when(is_unreadable)
        .then(pl.lit("unparsable"))
        .when(pl.col("closes_at").is_null())
        .then(pl.lit("not_a_session"))
        .when(pl.col("closes_at") > settled_by)
        .then(pl.lit("session_not_closed"))
        .when(pl.any_horizontal(pl.col(_PRICES) <= 0, pl.col("volume") < 0))
        .then(pl.lit("non_positive"))
        .when(pl.col("high") < body_high)
        .then(pl.lit("high_below_body"))
        .when(pl.col("low") > body_low)
        .then(pl.lit("low_above_body"))
    )


def _is_repeated() -> pl.Expr:
    """Return whether an otherwise good row has a predecessor of its instrument and session."""
    is_good = pl.col("rule").is_null()
    return is_good & (is_good.cum_sum().over("instrument_id", "session", order_by="position") > 1)


def with_row_id(rejected: pl.DataFrame) -> pl.DataFrame:
    """Add the SHA-256 of instrument, rule, payload and the ordinal among rows that are equal in these.

    The place of a row does not count, as lines move when a file grows at its top. Polars has no hash that stays the
    same from one release to the next, hence one call per rejected row.
    """
    facts = ("instrument_id", "rule", "payload")
    ordinal = pl.int_range(pl.len()).over(*facts, order_by="position")
    identity = pl.concat_str(*facts, ordinal, separator="\n")
    return rejected.with_columns(
        row_id=identity.map_elements(lambda text: hashlib.sha256(text.encode()).hexdigest(), return_dtype=pl.String)
    )
