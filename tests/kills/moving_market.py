"""A folder of made-up price files and documents that moves on day by day, as a user's folder does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

from tests.defs.document_files import FEBRUARY, february, write_documents
from tests.defs.test_main_job import LAST, write_bars

DAYS = (dt.date(2024, 3, 4), dt.date(2024, 3, 5), dt.date(2024, 3, 6), dt.date(2024, 3, 7), LAST)


def move_to(folder: Path, day: int) -> Mapping[str, str]:
    """Bring the folder to a day, counted from 0, and return the settings of a run on its evening.

    Day by day come a session; documents; a corrected close and a row that breaks a rule; other holdings of a day that
    was stated before; and nothing more.
    """
    write_bars(folder, DAYS[day])
    if day == 1:
        write_documents(folder)
    if day >= 2:
        _correct(folder / "rut.csv")
        with (folder / "dji.csv").open("a") as file:
            file.write("2024-03-02,1,1,1,1,1\n")
    if day == 3:
        (folder / "holdings" / f"IVV_holdings_{FEBRUARY}_late.csv").write_text(february(alfa=61))
    evening = dt.datetime.combine(DAYS[day], dt.time(22), dt.UTC)
    return {"MARKET_FILES_DIR": str(folder), "MARKET_NOW": evening.isoformat()}


def _correct(path: Path) -> None:
    lines = path.read_text().splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("2024-03-01"))
    cells = lines[place].split(",")
    cells[4] = str(float(cells[4]) + 1)
    lines[place] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n")
