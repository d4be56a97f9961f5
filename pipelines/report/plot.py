"""Plots of one table each, from its rows alone, to be looked at beside its columns in Dagster's UI.

Not here: the charts of the brief (``brief.chart``). Matplotlib is imported where something is drawn, as it takes a
while and whoever loads the definitions draws nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import polars as pl

from pipelines.report.figure import BAD, GOOD, INK, MAJOR, MEDIUM, STYLE, as_bytes, titled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SESSIONS = 320
_COLOURS = {"RUT": BAD, "SPX": INK, "NDX": MAJOR, "DJI": MEDIUM}


def phases(states: pl.DataFrame, note: str) -> bytes:
    """Return a PNG of the last sessions' phases: a bar of green and red for each series and average.

    Args:
        states: ``core.TrendState``.
        note: What has to be said first of made-up bars, or nothing.
    """
    recent = _recent(states)
    series = recent["series_id"].unique().sort().to_list()
    title = f"{note}Phases of the 50-session (above) and 200-session average (below): green up, red down"

    def draw(plots: list[Axes]) -> None:
        for place, name in enumerate(reversed(series)):
            for column, bottom in (("medium_phase", 0.0), ("major_phase", -0.4)):
                for colour, spans in _spans(recent.filter(series_id=name), column).items():
                    plots[0].broken_barh(spans, (place + bottom, 0.36), facecolors=colour)
        plots[0].set_yticks(range(len(series)), series[::-1])
        plots[0].xaxis_date()

    return _picture(title, 1, 0.8 + 0.36 * len(series), draw)


def breadth(measures: pl.DataFrame, note: str) -> bytes:
    """Return a PNG of the share of members above their 50- and 200-session averages: a line for each index.

    Args:
        measures: ``core.Breadth``.
        note: What has to be said first of made-up bars, or nothing.
    """
    given = measures.filter(pl.col("value").is_not_null(), sector="ALL")

    def draw(plots: list[Axes]) -> None:
        for plot, window in zip(plots, (50, 200), strict=True):
            of_window = _recent(given.filter(measure=f"pct_above_{window}")).sort("session")
            for (index,), line in of_window.group_by("index_id", maintain_order=True):
                colour = _COLOURS.get(str(index))
                plot.plot(line["session"].to_list(), line["value"].to_list(), color=colour, lw=1.1, label=str(index))
            plot.set(ylim=(0, 100), ylabel=f"% above {window}")
            if of_window.height:
                plot.legend(loc="upper left", ncols=4, fontsize=8)

    return _picture(f"{note}Members above their averages, per cent of those with bars", 2, 4.2, draw)


def _recent(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of the last sessions."""
    sessions = rows["session"].unique().sort().tail(_SESSIONS)
    return rows.filter(pl.col("session") >= pl.lit(sessions.min(), pl.Date))


def _spans(states: pl.DataFrame, column: str) -> dict[str, list[tuple[float, float]]]:
    """Return where a phase is up and where down, by colour: begin and length of each stretch in days."""
    day = pl.col("session").cast(pl.Int32)
    stretches = (
        states.sort("session")
        .with_columns(until=day.shift(-1).fill_null(day + 1))
        .group_by(pl.col(column).rle_id().alias("stretch"), column)
        .agg(begin=day.min(), end=pl.col("until").max())
        .sort("stretch")
    )
    return {
        colour: [
            (begin, end - begin) for begin, end in stretches.filter(pl.col(column) == phase)["begin", "end"].rows()
        ]
        for phase, colour in (("up", GOOD), ("down", BAD))
    }


def _picture(title: str, panels: int, height: float, draw: Callable[[list[Axes]], None]) -> bytes:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.6, height), layout="constrained")
        plots = list(figure.subplots(panels, 1, squeeze=False)[:, 0])
        draw(plots)
        for plot in plots:
            plot.margins(x=0.01)
            plot.set_axisbelow(True)
        titled(figure, title)
        return as_bytes(figure, "png", dpi=90)
