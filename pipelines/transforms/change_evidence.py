"""What speaks for a cause of a changed state: bars, actions and sessions that are known otherwise than before.

Belongs here: such facts in words, and which of them can have caused a change. Not here: the cause (``change_cause``).
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from pipelines.transforms.revision import KEY, PRICES, with_earlier
from pipelines.transforms.state_change import SUBJECT
from pipelines.transforms.state_spell import CALENDAR, STOCK_TREND

ROW = (*SUBJECT, "first_session")
"""What names a change."""
_SHOWN = 3
_FACT = pl.Schema({"instrument_id": pl.String, "session": pl.Date, "fact": pl.String})
NO_FACTS = _FACT.to_frame()
"""Nothing that speaks for any change."""


def learnt_bars(versions: pl.DataFrame, since: dt.datetime, until: dt.datetime) -> pl.DataFrame:
    """Return the bars that were read after ``since`` and known by ``until``: versions with other prices, and new bars.

    Args:
        versions: ``raw.Bar`` or ``raw.StockBar``; of each bar in it every version.
        since: When the build before was made.
        until: Knowledge time of the build.
    """
    known = with_earlier(versions.filter(pl.col("known_from") <= until)).filter(pl.col("fetched_at") > since)
    told = [
        pl.when(pl.col(name).ne_missing(pl.col(f"earlier_{name}"))).then(
            pl.format("{} {} -> {}", pl.lit(name), pl.col(f"earlier_{name}").cast(pl.String).fill_null("none"), name)
        )
        for name in ("close", *(name for name in PRICES if name != "close"))
    ]
    said = known.with_columns(said=pl.coalesce(told)).drop_nulls("said")
    return said.select(
        *KEY, fact=pl.format("{} {} {} (version {})", "instrument_id", "session", "said", "bar_version")
    ).cast(_FACT)


def learnt_actions(
    actions: pl.DataFrame, since: dt.datetime, until: dt.datetime, reached: pl.DataFrame
) -> pl.DataFrame:
    """Return the splits (``raw.StockAction``) that were read after ``since``, or took effect since, known by ``until``.

    A split counts from the first bar on: it changes what lies before its ex-session. No state stands on prices that
    dividends were taken out of, so these change none.

    Args:
        actions: ``raw.StockAction``; of each action in it every version.
        since: When the build before was made.
        until: Knowledge time of the build.
        reached: The last session of an instrument in the build before and in this one: ``instrument_id``,
            ``was_last`` and ``now_last``.
    """
    splits = actions.filter(pl.col("action_type") == "split", pl.col("known_from") <= until)
    stands = splits.sort("known_from").group_by("instrument_id", "ex_session").last().filter(~pl.col("is_withdrawn"))
    is_due = pl.col("ex_session").is_between("was_last", "now_last", closed="right")
    due = stands.join(reached, on="instrument_id").filter(is_due).select(splits.columns)
    learnt = pl.concat([splits.filter(pl.col("fetched_at") > since), due]).unique(maintain_order=True)
    withdrawn = pl.when("is_withdrawn").then(pl.lit(" withdrawn")).otherwise(pl.lit(""))
    fact = pl.format("{} {} {} {}", "instrument_id", "ex_session", "action_type", "split_ratio") + withdrawn
    return learnt.select("instrument_id", session=pl.lit(dt.date.min), fact=fact).cast(_FACT)


def calendar_fixes(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Return the months whose sessions differ between two builds, but for the first month of either: it is not whole.

    Args:
        before: ``kept.StatedSpell`` of the earlier build.
        now: ``kept.StatedSpell`` of the later build.
    """
    was, is_now = (
        months.filter(pl.col("subject_kind") == CALENDAR).filter(
            pl.col("first_session") > pl.col("first_session").min()
        )
        for months in (before, now)
    )
    return (
        was.join(is_now, on="subject_id", suffix="_now")
        .filter(pl.col("state") != pl.col("state_now"))
        .select(
            instrument_id=pl.lit(None, pl.String),
            session=pl.min_horizontal("first_session", "first_session_now"),
            fact=pl.format("sessions of {}: {} -> {}", "subject_id", "state", "state_now"),
        )
    )


def facts_up_to(changes: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """Return for each change the facts that can have caused it: those of a session up to its first, the latest first.

    Args:
        changes: Rows with the columns of ``ROW`` and ``series_id``.
        facts: ``instrument_id``, ``session`` and ``fact``; an instrument of null is that of every series.

    Returns:
        ``ROW`` and ``fact``, in words.
    """
    return _told(_paired(changes, facts).filter(pl.col("session") <= pl.col("first_session")))


def facts_at(changes: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """Return for each change the facts of its very session (see ``facts_up_to``)."""
    return _told(_paired(changes, facts).filter(pl.col("session") == pl.col("first_session")))


def _paired(changes: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    # The symbol of a stock may have a stroke in it; that of an index has none.
    whole, parts = pl.concat_list("series_id"), pl.col("series_id").str.split("/")
    instruments = pl.when(pl.col("subject_kind") == STOCK_TREND).then(whole).otherwise(parts)
    rows = changes.select(*ROW, instrument_id=instruments).explode("instrument_id")
    of_all = rows.drop("instrument_id").unique().join(facts.filter(pl.col("instrument_id").is_null()), how="cross")
    return pl.concat([rows.join(facts, on="instrument_id"), of_all.select(*rows.columns, "session", "fact")])


def _told(pairs: pl.DataFrame) -> pl.DataFrame:
    more = pl.when(pl.len() > _SHOWN).then(pl.format(" and {} more", pl.len() - _SHOWN)).otherwise(pl.lit(""))
    ordered = pairs.sort("session", "fact", descending=[True, False])
    return ordered.group_by(ROW, maintain_order=True).agg(fact=pl.col("fact").head(_SHOWN).str.join("; ") + more)
