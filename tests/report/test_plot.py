"""Plots of tables: what stands in the rows is what is painted."""

from __future__ import annotations

import io

import matplotlib.image
import numpy as np
import polars as pl

from pipelines.report.figure import BAD, GOOD
from pipelines.report.plot import breadth, phases
from tests.frames import days


def painted(png: bytes, colour: str) -> int:
    """Return how many pixels of a picture have a colour."""
    pixels = (matplotlib.image.imread(io.BytesIO(png))[..., :3] * 255).round().astype(int)
    wanted = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    return int(np.all(pixels == wanted, axis=-1).sum())


def states(*medium: str | None) -> pl.DataFrame:
    """Return states of one series whose major phase is unknown."""
    return pl.DataFrame(
        {"series_id": "RUT", "session": days(len(medium)), "medium_phase": medium, "major_phase": None},
        schema_overrides={"medium_phase": pl.String, "major_phase": pl.String},
    )


def test_a_phase_is_painted_for_as_long_as_it_lasted_and_an_unknown_one_not_at_all() -> None:
    png = phases(states(*["up"] * 10, *["down"] * 30, *[None] * 10), "")
    assert painted(png, GOOD) > 500
    assert 2.5 < painted(png, BAD) / painted(png, GOOD) < 3.5
    assert painted(phases(states(*["up"] * 10), ""), BAD) == 0


def test_the_share_above_an_average_is_painted_and_a_null_is_none() -> None:
    every = [
        {"index_id": "RUT", "sector": sector, "session": day, "measure": f"pct_above_{window}", "value": value}
        for day, value in zip(days(30), [None, *[60.0] * 29], strict=True)
        for window in (50, 200)
        for sector in ("ALL", "Energy")
    ]
    rows = pl.DataFrame(every)
    assert painted(breadth(rows, ""), BAD) > 500
    assert painted(breadth(rows.filter(sector="Energy"), ""), BAD) == 0
