"""Weight of each sector in an index.

Belongs here: ``core.sector_weight`` (docs/methods.md, B7). Not here: which sector a member is of (``membership``),
or what a sector earns where (``revenue_exposure``).
"""

from __future__ import annotations

import polars as pl

from pipelines.contracts import core
from pipelines.contracts.vocabulary import UNCLASSIFIED

PERCENT = 100.0
_DATE = ("index_id", "as_of")


def sector_weights(memberships: pl.DataFrame) -> pl.DataFrame:
    """Return the weight of every sector that has members, per index and date of holdings.

    A date on which no member has a sector (State Street's files name none) has no rows, and is no date before another.
    Members without a sector, of a date on which others have one, form the sector ``Unclassified``. The change is
    measured from the date before of the same index, whichever fund spoke then; a sector that had no members there
    weighed nothing, and one that has none any more has no row.

    Args:
        memberships: ``core.Membership``.

    Returns:
        ``core.SectorWeight``, sorted by its key; rank 1 is the largest, the alphabet decides between equals;
        ``weight_change_pct_points`` in percentage points, null on the first date of an index.
    """
    has_sectors = (pl.col("sector") != UNCLASSIFIED).any().over(_DATE)
    # The order matters for the last digit of a sum.
    rows = (
        memberships.filter(has_sectors)
        .sort(*_DATE, "symbol")
        .group_by(*_DATE, "sector", maintain_order=True)
        .agg(
            pl.col("weight_share").sum(),
            pl.col("weight_source", "membership_quality").first(),
            members=pl.len().cast(pl.Int64),
        )
    )
    before = (
        rows.select(_DATE)
        .unique()
        .with_columns(previous_as_of=pl.col("as_of").shift(1).over("index_id", order_by="as_of"))
    )
    earlier = rows.select("index_id", "sector", previous_as_of="as_of", previous_share="weight_share")
    ranked = rows.sort("weight_share", "sector", descending=[True, False]).with_columns(
        rank=pl.int_range(1, pl.len() + 1).over(_DATE)
    )
    change = (pl.col("weight_share") - pl.col("previous_share").fill_null(0.0)) * PERCENT
    return (
        ranked.join(before, on=_DATE, how="left")
        .join(earlier, on=["index_id", "previous_as_of", "sector"], how="left")
        .with_columns(weight_change_pct_points=pl.when(pl.col("previous_as_of").is_not_null()).then(change))
        .select(core.SectorWeight.column_names())
        .sort(core.SectorWeight.primary_key())
    )
