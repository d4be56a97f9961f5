"""Versions of bars of stocks and of their actions: what answers of a vendor add to what is known.

Belongs here: ``raw.stock_bar`` and ``raw.stock_action`` from answers and panels that are read at different moments
(docs/methods.md, B8). Not here: row rules (``stock_bar``), exact versions of indices (``bar``), undoing splits
(``corporate_action``), what an answer shows beyond its rows (``stock_evidence``).
"""

from __future__ import annotations

import polars as pl

from pipelines.contracts import raw
from pipelines.parameters import Parameters
from pipelines.transforms.bar import with_knowledge
from pipelines.transforms.corporate_action import EXCHANGE_TIME_ZONE
from pipelines.transforms.revision import PRICES, has_moved

_BAR = ("instrument_id", "session")
_ACTION = ("instrument_id", "ex_session", "action_type")
_SAID = ("split_ratio", "dividend_amount", "currency")


def new_stock_versions(
    known: pl.DataFrame, accepted: pl.DataFrame, calendar: pl.DataFrame, source: str, parameters: Parameters
) -> pl.DataFrame:
    """Return the bars that are new, or that differ from their newest known version by more than noise.

    Undoing a split leaves noise in the last digits, so a bar is changed where a price moved by more than noise
    (``revision.has_moved``), or the volume by more than half a share of the coarser of the two readings (a source that
    states volume in shares after a reverse split has rounded it).
    ``adjusted_close`` is not compared: it restates with every dividend. A row read no later than the newest version of
    its bar adds nothing: what was read later stands.

    Args:
        known: ``raw.StockBar`` rows of these instruments from the first accepted session on.
        accepted: Rows as traded that keep the row rules: ``raw.StockBar`` short of known_from, known_basis and source,
            one per instrument and session.
        calendar: Sessions with ``closes_at``, from the first accepted one to the last fetch.
        source: Where the answers come from.
        parameters: see above, and ``assumed_after_sessions``, ``bar_settle_minutes`` as in ``bar.new_versions``.

    Returns:
        ``raw.StockBar`` rows to append, sorted by key.
    """
    changed = _changed(known, accepted, parameters)
    is_new = pl.col("known_from").is_null()
    later = changed.filter(is_new | (pl.col("fetched_at") > pl.col("known_from")))
    return with_knowledge(later, raw.StockBar, "session", is_new, calendar, source, parameters)


def superseded_bars(known: pl.DataFrame, accepted: pl.DataFrame, parameters: Parameters) -> int:
    """Return how many rows differ from a version that was read later, or at the same moment, and so add nothing."""
    changed = _changed(known, accepted, parameters)
    return changed.filter(pl.col("fetched_at") <= pl.col("known_from")).height


def _changed(known: pl.DataFrame, accepted: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Return the accepted rows without a known version (known_from is null) or unlike the newest one."""
    compared = (*PRICES, "volume", "split_factor", "known_from")
    newest = known.sort("known_from").group_by(_BAR).last().select(*_BAR, *compared)
    joined = accepted.join(newest, on=_BAR, how="left", suffix="_known")
    return joined.filter(pl.col("known_from").is_null() | _is_changed(parameters))


def _is_changed(parameters: Parameters) -> pl.Expr:
    share = pl.max_horizontal(pl.lit(1.0), "split_factor", "split_factor_known")
    volume, before = pl.col("volume"), pl.col("volume_known")
    return pl.any_horizontal(
        *[has_moved(name, f"{name}_known", parameters) for name in PRICES],
        ((volume - before).abs() > share / 2).fill_null(value=False),
        volume.is_null() != before.is_null(),
    )


def new_action_versions(
    known: pl.DataFrame,
    stated: pl.DataFrame,
    windows: pl.DataFrame,
    calendar: pl.DataFrame,
    source: str,
    parameters: Parameters,
) -> pl.DataFrame:
    """Return the actions that are new, that changed, or that the source stopped stating.

    The comparison is exact. An action known within the days of an answer that does not state it is withdrawn. A
    dividend is said anew where a split that the answer states came into effect since it was last read, or one that was
    stated then is withdrawn: the same number then means other shares.

    Args:
        known: ``raw.StockAction`` rows of these instruments.
        stated: ``raw.StockAction`` short of known_from, known_basis, is_withdrawn and source, one per key.
        windows: What each answer covers: instrument_id, first_day, last_day, and vendor_symbol, payload_hash,
            fetched_at of the answer; one row per instrument.
        calendar: see ``new_stock_versions``; an ex date that is no session counts as the next one.
        source: see there.
        parameters: see there.

    Returns:
        ``raw.StockAction`` rows to append, sorted by key.
    """
    newest = known.sort("known_from").group_by(_ACTION).last()
    origin = ("vendor_symbol", "payload_hash", "fetched_at")
    withdrawn = (
        newest.filter(~pl.col("is_withdrawn"))
        .drop(origin)
        .join(windows, on="instrument_id")
        .filter(pl.col("ex_session").is_between("first_day", "last_day"))
        .join(stated, on=_ACTION, how="anti")
        .with_columns(is_withdrawn=pl.lit(value=True))
    )
    now = pl.concat(
        [
            stated.with_columns(is_withdrawn=pl.lit(value=False)),
            withdrawn.select(*stated.columns, "is_withdrawn"),
        ]
    )
    joined = now.join(
        newest.select(*_ACTION, *_SAID, "is_withdrawn", "known_from", read_before="fetched_at"),
        on=_ACTION,
        how="left",
        suffix="_was",
    )
    is_new = pl.col("known_from").is_null()
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_was")) for name in (*_SAID, "is_withdrawn"))
    is_dividend = pl.col("action_type") == "dividend"
    dividends = joined.filter(is_dividend).select(*_ACTION, "read_before", "fetched_at")
    gone = pl.concat([newest.filter("is_withdrawn").select(_ACTION), withdrawn.select(_ACTION)])
    of_gone = known.join(gone, on=_ACTION, how="semi").join(stated, on=_ACTION, how="anti")
    restated = pl.concat([_with_new_split(dividends, stated), _with_split_gone(dividends, of_gone)])
    differs |= pl.struct(_ACTION).is_in(restated.select(pl.struct(_ACTION)).to_series().implode())
    changed = joined.filter(is_new | (differs & (pl.col("fetched_at") > pl.col("known_from"))))
    return with_knowledge(changed, raw.StockAction, "ex_session", is_new, calendar, source, parameters)


def _with_new_split(dividends: pl.DataFrame, stated: pl.DataFrame) -> pl.DataFrame:
    """Return the keys of dividends before a split that became effective between their two readings."""
    splits = stated.filter(pl.col("action_type") == "split").select("instrument_id", split_session="ex_session")
    effective = pl.col("split_session").is_between(_day("read_before"), _day("fetched_at"), closed="right")
    is_before = pl.col("split_session") > pl.col("ex_session")
    return dividends.join(splits, on="instrument_id").filter(is_before, effective).select(_ACTION)


def _with_split_gone(dividends: pl.DataFrame, gone: pl.DataFrame) -> pl.DataFrame:
    """Return the keys of dividends last read beside a split that stands no more; all versions of such are given."""
    versions = gone.filter(pl.col("action_type") == "split").sort("known_from")
    splits = versions.select("instrument_id", "is_withdrawn", split_session="ex_session", said_at="fetched_at")
    was_effective = pl.col("split_session").is_between("ex_session", _day("read_before"))
    then = dividends.join(splits, on="instrument_id", maintain_order="left_right").filter(
        was_effective, pl.col("said_at") <= pl.col("read_before")
    )
    last_word = then.group_by(*_ACTION, "split_session", maintain_order=True).agg(pl.col("is_withdrawn").last())
    return last_word.filter(~pl.col("is_withdrawn")).select(_ACTION)


def _day(moment: str) -> pl.Expr:
    return pl.col(moment).dt.convert_time_zone(EXCHANGE_TIME_ZONE).dt.date()
