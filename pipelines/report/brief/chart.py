"""The charts of a brief, drawn with matplotlib: price with averages, levels and records; ratios; breadth.

Belongs here: drawing. Not here: what is drawn (``sql/chart``). The same rows give the same bytes, as no date and no
random id goes into a file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipelines.report.brief.fact import Facts
from pipelines.report.figure import BAD, FAINT, GOOD, INK, MAJOR, MEDIUM, STYLE, titled

_STATES = {
    "intact": "#2e8b57",
    "testing": "#e0a400",
    "broken_provisional": "#d9730d",
    "broken": "#b3261e",
    "cleared": "#6f7d8c",
    "role_reversed": "#7b4bb7",
    "reclaimed": "#2a9d9d",
}
"""Colours of the states of levels, in the order of the legend."""
_VERDICTS = {"outperforming": GOOD, "underperforming": BAD}
_NEAR_PCT = 15.0
"""Levels farther from the close than this are left out, as they would flatten the price."""


def charts(facts: Facts) -> dict[str, Figure]:
    """Return the charts of a brief by name; one without rows is left out."""
    drawers: dict[str, tuple[int, float, Callable[[list[Axes], Facts, pl.DataFrame], None]]] = {
        "price": (1, 4.6, _price),
        "ratio": (2, 5.2, _ratios),
        "breadth": (1, 2.6, _breadth),
    }
    drawn = {}
    with mpl.rc_context(STYLE):
        for name, (panels, height, draw) in drawers.items():
            rows = facts.charts[name].rows
            if rows.is_empty():
                continue
            figure = Figure(figsize=(9.6, height), layout="constrained")
            draw(list(figure.subplots(panels, 1, squeeze=False)[:, 0]), facts, rows)
            titled(figure, facts.note + facts.charts[name].title)
            drawn[name] = figure
    return drawn


def _price(axes: list[Axes], facts: Facts, rows: pl.DataFrame) -> None:
    plot = axes[0]
    days = rows["session"].to_list()
    plot.fill_between(days, rows["low"].to_list(), rows["high"].to_list(), color=FAINT, alpha=0.35, linewidth=0)
    plot.plot(days, rows["close"].to_list(), color=INK, linewidth=1.1, label=f"{facts.index} close")
    plot.plot(days, rows["sma_50"].to_list(), color=MEDIUM, linewidth=1.1, label="50 sessions")
    plot.plot(days, rows["sma_200"].to_list(), color=MAJOR, linewidth=1.1, label="200 sessions")
    _levels(plot, facts, days[-1])
    _records(plot, facts, days[0])
    plot.margins(x=0.01)
    # Below the axes: records and levels have their labels inside.
    plot.legend(loc="upper center", bbox_to_anchor=(0.5, -0.06), ncols=9, fontsize=8)


def _levels(plot: Axes, facts: Facts, last: Any) -> None:
    """Draw the zones of levels in the colours of their states; published ones with an edge and their role."""
    shown: set[str] = set()
    near = facts.sections["levels"].rows.filter(pl.col("distance_pct").abs() <= _NEAR_PCT)
    for row in near.iter_rows(named=True):
        colour, is_published = _STATES.get(row["state"], FAINT), row["origin"] == "published"
        label = None if row["state"] in shown else row["state"].replace("_", " ")
        shown.add(row["state"])
        plot.axhspan(row["low"], row["high"], color=colour, alpha=0.28 if is_published else 0.16, lw=0, label=label)
        if is_published:
            plot.axhline((row["low"] + row["high"]) / 2, color=colour, linewidth=1.0, linestyle=(0, (6, 2)))
            text = f"{row['role'].replace('_', ' ')} {row['low']:,.0f}"
            plot.annotate(text, (last, row["high"]), ha="right", va="bottom", fontsize=7, color=colour)


def _records(plot: Axes, facts: Facts, first: Any) -> None:
    row = facts.sections["standing"].rows.row(0, named=True)
    for basis in ("close", "intraday"):
        value = row[f"record_{basis}"]
        if value is not None:
            plot.axhline(value, color=INK, linewidth=0.8, linestyle=":")
            place = "bottom" if basis == "intraday" else "top"
            text = f"record {basis} {value:,.2f} ({row[f'record_{basis}_session']})"
            plot.annotate(text, (first, value), ha="left", va=place, fontsize=7, color=INK)


def _ratios(axes: list[Axes], facts: Facts, rows: pl.DataFrame) -> None:
    pairs = rows.partition_by("pair_id", maintain_order=True)
    for plot, pair in zip(axes, pairs, strict=False):
        days = pair["session"].to_list()
        plot.plot(days, pair["ratio"].to_list(), color=INK, linewidth=1.1, label=pair["pair_id"][0])
        plot.plot(days, pair["sma_50"].to_list(), color=MEDIUM, linewidth=1.1, label="50 sessions")
        plot.plot(days, pair["sma_200"].to_list(), color=MAJOR, linewidth=1.1, label="200 sessions")
        for verdict, colour in _VERDICTS.items():
            holds = (pair["verdict"] == verdict).to_list()
            plot.fill_between(
                days, 0, 1, where=holds, transform=plot.get_xaxis_transform(), color=colour, alpha=0.10, lw=0
            )
        plot.margins(x=0.01)
        plot.legend(loc="upper left", ncols=3, fontsize=8)


def _breadth(axes: list[Axes], facts: Facts, rows: pl.DataFrame) -> None:
    for measure, colour, label in (("pct_above_50", MEDIUM, "above 50"), ("pct_above_200", MAJOR, "above 200")):
        of_measure = rows.filter(measure=measure)
        days, values = of_measure["session"].to_list(), of_measure["value"].to_list()
        axes[0].plot(days, values, color=colour, linewidth=1.1, label=f"{label} sessions' average, per cent of members")
    axes[0].set_ylim(0, 100)
    axes[0].margins(x=0.01)
    axes[0].legend(loc="upper left", ncols=2, fontsize=8)
