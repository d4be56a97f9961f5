"""Which of a report's revenues count: those of its own year and company, in one unit, placed by what they are split by.

Belongs here: the tags of revenue, the axes that are looked through or kept out, and values that contradict each other
(docs/methods.md, B7). Not here: what a member stands for (``revenue_member``), or sums (``revenue_partition``).
"""

from __future__ import annotations

import polars as pl

from pipelines.contracts.vocabulary import REVENUE_TAGS
from pipelines.parameters import Parameters
from pipelines.transforms.revenue_member import GEOGRAPHIC_AXES

SEGMENT_AXIS = "BusinessSegments"
QUARTERS_OF_A_YEAR = 4

_NEUTRAL = ("ConsolidationItems=OperatingSegments", "BusinessSegments=ReportableSegment")
_REFUSED_AXIS = "^(ConsolidationItems|LegalEntity|MajorCustomers|Scenario|Restatement.*|ConcentrationRisk.*)$"
_PLACE = ("axis", "member", "others")
_KEY = ("adsh", "tag", *_PLACE)


def revenue_rows(filings: pl.DataFrame, facts: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Return the revenues of each report's year that say something of where it comes from, and its totals.

    A revenue counts that is the filer's own and of the four quarters that end with ``period_end``, in the unit that
    most such values of the report have. Pairs that only say that a row is of the operating business are looked
    through; rows of eliminations, restatements, parts of the group, customers and scenarios are kept out. A value
    that stands without such a pair goes before the one that stands with it, as that may include sales within the
    group. Values that contradict each other by no more than ``revenue_conflict_share`` count as one, the first.

    Args:
        filings: ``raw.Filing``; those without ``period_end`` have no rows.
        facts: ``raw.FilingFact``.
        parameters: ``revenue_conflict_share``.

    Returns:
        One row per ``adsh``, ``tag``, ``axis``, ``member`` and ``others``: the geographic or segment axis and its
        member, both null for a total, and the other axes with their members as one text, empty for none; rows by
        segment have no others. ``value`` in ``unit_of_measure``; ``differs`` where values of the row differ,
        ``conflicts`` where they do by more than is tolerated.
    """
    of_the_year = (
        facts.join(filings.select("adsh", "period_end"), on="adsh")
        .filter(
            pl.col("coregistrant") == "",
            pl.col("quarters") == QUARTERS_OF_A_YEAR,
            pl.col("fact_date") == pl.col("period_end"),
            pl.col("tag").is_in(REVENUE_TAGS),
            pl.col("fact_value").is_finite(),
        )
        .pipe(_in_one_unit)
    )
    places = _places(of_the_year["segments"].unique())
    largest = pl.col("fact_value").abs().max()
    spread = (pl.col("fact_value").max() - pl.col("fact_value").min()) / largest
    return (
        of_the_year.join(places, on="segments")
        .filter(pl.col("neutral_pairs") == pl.col("neutral_pairs").min().over(_KEY))
        .sort(*_KEY, "occurrence", "taxonomy", "fact_value")
        .group_by(_KEY, maintain_order=True)
        .agg(
            pl.col("unit_of_measure").first(),
            value=pl.col("fact_value").first(),
            spread=pl.when(largest > 0).then(spread).otherwise(0.0),
        )
        .with_columns(
            differs=pl.col("spread") > 0,
            conflicts=pl.col("spread") > parameters.revenue_conflict_share,
        )
        .drop("spread")
    )


def _in_one_unit(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows in the unit that most rows of the report have; of equals, the one that is not the dollar.

    Filers abroad add their totals in dollars for convenience.
    """
    is_dollar = pl.col("unit_of_measure") == "USD"
    units = (
        rows.group_by("adsh", "unit_of_measure")
        .len()
        .sort("adsh", "len", is_dollar, "unit_of_measure", descending=[False, True, False, False])
        .unique("adsh", keep="first", maintain_order=True)
    )
    return rows.join(units.select("adsh", "unit_of_measure"), on=["adsh", "unit_of_measure"], how="semi")


def _places(segments: pl.Series) -> pl.DataFrame:
    """Return where rows of each text of axes and members belong; texts whose rows are kept out have no row."""
    rank = pl.col("name").replace_strict(
        {axis: rank for rank, axis in enumerate((*GEOGRAPHIC_AXES, SEGMENT_AXIS))}, default=None, return_dtype=pl.Int64
    )
    pairs = (
        pl.DataFrame({"segments": segments}, schema={"segments": pl.String})
        .with_columns(pair=pl.col("segments").str.split(";"))
        .explode("pair")
        .with_columns(pl.col("pair").str.strip_chars())
        .with_columns(is_pair=pl.col("pair") != "", is_neutral=pl.col("pair").is_in(_NEUTRAL))
        .with_columns(name=pl.col("pair").str.extract("^([^=]*)"), text=pl.col("pair").str.extract("=(.*)$"))
        .with_columns(rank=rank, is_refused=pl.col("name").str.contains(_REFUSED_AXIS) & ~pl.col("is_neutral"))
        .with_columns(counts=pl.col("is_pair") & ~pl.col("is_neutral"))
        .sort("segments", "rank", "pair", nulls_last=True)
    )
    leads = (pl.col("counts") & pl.col("rank").is_not_null()).fill_null(value=False)
    is_first = leads & (leads.cum_sum().over("segments") == 1)
    return (
        pairs.with_columns(is_first=is_first)
        .group_by("segments", maintain_order=True)
        .agg(
            neutral_pairs=pl.col("is_neutral").sum(),
            is_refused=pl.col("is_refused").any(),
            axis=pl.col("name").filter("is_first").first(),
            member=pl.col("text").filter("is_first").first().fill_null(""),
            others=pl.col("pair").filter(pl.col("counts") & ~pl.col("is_first")).sort(),
        )
        .with_columns(pl.col("others").list.join(";"), member=pl.when(pl.col("axis").is_not_null()).then("member"))
        .filter(
            ~pl.col("is_refused"),
            pl.col("axis").is_in(GEOGRAPHIC_AXES) | (pl.col("others") == ""),
        )
        .drop("is_refused")
    )
