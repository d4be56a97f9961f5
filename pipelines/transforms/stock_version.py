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
from pipelines.transforms.revision import PRICES, has_moved
from pipelines.transforms.share_basis import ACTION, later_ratios, split_statements

_BAR = ("instrument_id", "session")
_NOISE = 1e-9
"""Products of the same ratios in another order differ in their last digits."""
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
    dividend is said anew where its number means other shares than when it was last read: since then a split came into
    effect, was withdrawn or got another ratio.

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
    newest = known.sort("known_from").group_by(ACTION).last()
    origin = ("vendor_symbol", "payload_hash", "fetched_at")
    withdrawn = (
        newest.filter(~pl.col("is_withdrawn"))
        .drop(origin)
        .join(windows, on="instrument_id")
        .filter(pl.col("ex_session").is_between("first_day", "last_day"))
        .join(stated, on=ACTION, how="anti")
        .with_columns(is_withdrawn=pl.lit(value=True))
    )
    now = pl.concat(
        [
            stated.with_columns(is_withdrawn=pl.lit(value=False)),
            withdrawn.select(*stated.columns, "is_withdrawn"),
        ]
    )
    joined = now.join(
        newest.select(*ACTION, *_SAID, "is_withdrawn", "known_from", read_before="fetched_at"),
        on=ACTION,
        how="left",
        suffix="_was",
    )
    is_new = pl.col("known_from").is_null()
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_was")) for name in (*_SAID, "is_withdrawn"))
    differs |= _is_in_other_shares(joined, pl.concat([known.sort("known_from"), now], how="diagonal"))
    changed = joined.filter(is_new | (differs & (pl.col("fetched_at") > pl.col("known_from"))))
    return with_knowledge(changed, raw.StockAction, "ex_session", is_new, calendar, source, parameters)


def _is_in_other_shares(actions: pl.DataFrame, versions: pl.DataFrame) -> pl.Series:
    """Return of which dividends the number would mean other shares if it was read now than when it was last read."""
    splits = split_statements(versions)
    before, now = (
        later_ratios(actions.select(*ACTION, read_at=moment), splits)["later_ratio"]
        for moment in ("read_before", "fetched_at")
    )
    return (actions["action_type"] == "dividend") & ((before / now - 1).abs() > _NOISE)
