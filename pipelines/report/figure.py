"""How our figures look, and how one becomes a file. Not here: what is drawn (``plot``, ``brief.chart``)."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, FAINT, MEDIUM, MAJOR = "#1b1f24", "#8a929b", "#d9730d", "#2457a6"
GOOD, BAD = "#2e8b57", "#b3261e"
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "brief",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": FAINT,
    "axes.grid": True,
    "grid.color": "#e6e8eb",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "text.color": INK,
    "axes.labelcolor": INK,
}


def titled(figure: Figure, title: str) -> None:
    """Put a title at the figure's upper left."""
    figure.suptitle(title, x=0.01, ha="left", fontsize=10, color=INK)


def as_bytes(figure: Figure, kind: str, dpi: int = 110) -> bytes:
    """Return a figure as a file of a kind: ``svg`` or ``png``."""
    import matplotlib as mpl  # Takes a while, and whoever loads the definitions draws nothing.

    target = io.BytesIO()
    # Without its date, so that equal figures are equal files.
    metadata = {"Date": None} if kind == "svg" else {"Software": None}
    with mpl.rc_context(STYLE):
        figure.savefig(target, format=kind, dpi=dpi, metadata=metadata)
    return target.getvalue()
