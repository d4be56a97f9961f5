"""Who belongs to an index or universe when, with sector and weight: what breadth counts.

Belongs here: ``core.member_spell`` (docs/methods.md, B6). Not here: members as of one date (``membership``), or
anything that is counted over members.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from pipelines.contracts import core
from pipelines.contracts.vocabulary import UNCLASSIFIED
from pipelines.parameters import Parameters

PANEL = "panel"
"""Name of the universe of all symbols with bars."""
_OPEN_END = dt.date(9999, 12, 31)
_KEY = ("index_id", "symbol")
_SAID = ("sector", "weight_share", "membership_quality")
_STRETCH = (*_KEY, "effective_from", "effective_to", "membership_quality")


def member_spells(
    memberships: pl.DataFrame, reconstructions: pl.DataFrame, traded: pl.DataFrame, parameters: Parameters
) -> pl.DataFrame:
    """Return who belongs to an index or universe when; a spell holds from its first date up to, not with, its end.

    An index with a reconstruction has the spells of that, of each the newest version, overlapping and touching ones of
    a symbol as one (``pit_reconstructed``). Of any other index each date of holdings stands until the next one, and
    no longer than ``membership_max_age_days`` after itself (``pit_official``). The universe ``panel`` holds every
    symbol from its first bar to its last (``current_backfilled``: who was chosen is known from hindsight).

    The weight is that of the holdings in force, null where none are or where they lack the symbol. The sector is the
    one that the newest holdings of the index name for the symbol (for ``panel``: the newest of any index), up to
    ``membership_max_age_days`` old; else ``Unclassified``. A spell is split where its sector or weight changes.
    Nothing of holdings is used before their date.

    Args:
        memberships: ``core.Membership``.
        reconstructions: ``raw.MembershipSpell`` rows known.
        traded: ``instrument_id``, ``first_session`` and ``last_session``: of each stock its first and last bar.
        parameters: ``membership_max_age_days``.

    Returns:
        ``core.MemberSpell``, sorted by its key; the spells of a symbol in an index do not overlap.
    """
    lifetime = dt.timedelta(days=parameters.membership_max_age_days + 1)
    weights = _weights(memberships, lifetime)
    official = weights.join(reconstructions, on="index_id", how="anti").select(
        *_KEY, "membership_quality", effective_from="valid_from", effective_to="valid_to"
    )
    stretches = pl.concat([_reconstructed(reconstructions), official.select(_STRETCH), _panel(traded)], how="vertical")
    return _described(stretches, weights, _sectors(memberships, lifetime)).sort(core.MemberSpell.primary_key())


def _weights(memberships: pl.DataFrame, lifetime: dt.timedelta) -> pl.DataFrame:
    """Return the weight of each member and the dates between which its holdings are in force."""
    in_force = (
        memberships.select("index_id", "as_of")
        .unique()
        .with_columns(next_as_of=pl.col("as_of").shift(-1).over("index_id", order_by="as_of"))
    )
    return memberships.join(in_force, on=["index_id", "as_of"]).select(
        *_KEY,
        "weight_share",
        "membership_quality",
        valid_from="as_of",
        valid_to=pl.min_horizontal("next_as_of", pl.col("as_of") + lifetime),
    )


def _sectors(memberships: pl.DataFrame, lifetime: dt.timedelta) -> pl.DataFrame:
    """Return the sector of each symbol and the dates between which it holds, per index and for the panel."""
    named = memberships.filter(pl.col("sector") != UNCLASSIFIED)
    of_panel = (
        named.sort("index_id")
        .unique(["symbol", "as_of"], keep="first", maintain_order=True)
        .with_columns(index_id=pl.lit(PANEL))
    )
    return pl.concat([named, of_panel]).select(
        *_KEY,
        "sector",
        valid_from="as_of",
        valid_to=pl.min_horizontal(pl.col("as_of").shift(-1).over(_KEY, order_by="as_of"), pl.col("as_of") + lifetime),
    )


def _reconstructed(reconstructions: pl.DataFrame) -> pl.DataFrame:
    """Return the newest version of each reconstructed spell; a symbol that two companies had at once has one spell."""
    newest = (
        reconstructions.sort("known_from")
        .unique([*_KEY, "effective_from"], keep="last")
        .with_columns(pl.col("effective_to").fill_null(_OPEN_END))
        .filter(pl.col("effective_to") > pl.col("effective_from"))
        .sort(*_KEY, "effective_from")
    )
    end_so_far = pl.col("effective_to").cum_max().shift(1).over(_KEY)
    begins = (pl.col("effective_from") > end_so_far).fill_null(value=True)
    return (
        newest.with_columns(stretch=begins.cum_sum())
        .group_by(*_KEY, "stretch")
        .agg(pl.col("effective_from").min(), pl.col("effective_to").max())
        .with_columns(membership_quality=pl.lit("pit_reconstructed"))
        .select(_STRETCH)
    )


def _panel(traded: pl.DataFrame) -> pl.DataFrame:
    return traded.select(
        pl.lit(PANEL).alias("index_id"),
        pl.col("instrument_id").alias("symbol"),
        pl.col("first_session").alias("effective_from"),
        (pl.col("last_session") + dt.timedelta(days=1)).alias("effective_to"),
        pl.lit("current_backfilled").alias("membership_quality"),
    ).select(_STRETCH)


def _described(stretches: pl.DataFrame, weights: pl.DataFrame, sectors: pl.DataFrame) -> pl.DataFrame:
    """Return the stretches, split where sector or weight changes, as ``core.MemberSpell``."""
    edges = [
        frame.select(*_KEY, effective_from=edge) for frame in (weights, sectors) for edge in ("valid_from", "valid_to")
    ]
    starts = pl.concat([stretches.select(*_KEY, "effective_from"), *edges]).unique()
    within = stretches.with_columns(valid_from="effective_from").rename({"effective_to": "valid_to"})
    next_start = pl.col("effective_from").shift(-1).over(_KEY, order_by="effective_from")
    pieces = (
        _as_of_start(starts, within.drop("effective_from"), "membership_quality", "valid_to")
        .drop_nulls("membership_quality")
        .with_columns(effective_to=pl.min_horizontal("valid_to", next_start))
        .drop("valid_to")
    )
    described = _as_of_start(_as_of_start(pieces, weights, "weight_share"), sectors, "sector")
    return _coalesced(described.with_columns(pl.col("sector").fill_null(UNCLASSIFIED)))


def _as_of_start(starts: pl.DataFrame, facts: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Add columns of the fact that is valid at the start of each row, null where none is."""
    kept = list(dict.fromkeys([*_KEY, "valid_from", "valid_to", *columns]))
    is_valid = pl.col("effective_from") < pl.col("valid_to")
    found = starts.sort("effective_from").join_asof(
        facts.select(kept).sort("valid_from"),
        left_on="effective_from",
        right_on="valid_from",
        by=list(_KEY),
        check_sortedness=False,
    )
    return found.with_columns(pl.when(is_valid).then(pl.col(columns))).select(*starts.columns, *columns)


def _coalesced(pieces: pl.DataFrame) -> pl.DataFrame:
    """Return touching pieces that say the same as one."""
    rows = pieces.sort(*_KEY, "effective_from")
    differs = pl.any_horizontal(
        pl.col("effective_from") != pl.col("effective_to").shift(1).over(_KEY),
        *(pl.col(column).ne_missing(pl.col(column).shift(1).over(_KEY)) for column in _SAID),
    )
    begins = differs | (pl.int_range(pl.len()).over(_KEY) == 0)
    return (
        rows.with_columns(spell=begins.fill_null(value=True).cum_sum())
        .group_by("spell", maintain_order=True)
        .agg(pl.col(*_KEY, "effective_from", *_SAID).first(), pl.col("effective_to").last())
        .with_columns(effective_to=pl.when(pl.col("effective_to") < _OPEN_END).then("effective_to"))
        .select(core.MemberSpell.column_names())
    )


def membership_changes(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Return from which date on spells say something else than others did of a symbol in an index, where they do.

    Args:
        before: ``core.MemberSpell`` as it was.
        now: As it is.

    Returns:
        index_id, symbol and ``changed_from``, the first date on which one is a member and was not or the other way
        round, or on which sector, weight or quality differ.
    """
    columns = core.MemberSpell.column_names()
    gone, come = (
        one.join(other, on=columns, how="anti", nulls_equal=True)
        .with_columns(valid_from="effective_from", valid_to=pl.col("effective_to").fill_null(_OPEN_END))
        .drop("effective_from", "effective_to")
        for one, other in ((before, now), (now, before))
    )
    edges = [frame.select(*_KEY, effective_from=edge) for frame in (gone, come) for edge in ("valid_from", "valid_to")]
    was = _as_of_start(pl.concat(edges).unique(), gone, *_SAID)
    both = _as_of_start(was.rename({name: f"{name}_before" for name in _SAID}), come, *_SAID)
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_before")) for name in _SAID)
    return both.filter(differs).group_by(_KEY).agg(changed_from=pl.col("effective_from").min())
