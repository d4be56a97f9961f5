"""What runs are pointed at: made-up markets that move on day by day.

A folder of price files and documents, as a user's folder does; and a vendor of stocks on the loopback interface.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from tests.defs.document_files import FEBRUARY, february, write_documents
from tests.defs.test_main_job import LAST, write_bars
from tests.vendor.fault import ServerError
from tests.vendor.listing import Plan
from tests.vendor.market_fault import Restated
from tests.vendor.server import Vendor

SESSIONS = (dt.date(2024, 3, 4), dt.date(2024, 3, 5), dt.date(2024, 3, 6), dt.date(2024, 3, 7), LAST)
MARKET = Plan(symbols=20, years=1, last=dt.date(2024, 12, 31), seed=11)


class World(Protocol):
    """Something a run can be pointed at."""

    source: str

    def move_to(self, day: int) -> Mapping[str, str]:
        """Move to a day, counted from 0, and return the settings of a run on its evening."""


class Files:
    """A folder of files below ``home``.

    Day by day come a session; documents; a corrected close and a row that breaks a rule; other holdings of a day that
    was stated before; and nothing more.
    """

    source = "files"

    def __init__(self, home: Path) -> None:
        self._folder = home / "files"

    def move_to(self, day: int) -> Mapping[str, str]:
        write_bars(self._folder, SESSIONS[day])
        if day == 1:
            write_documents(self._folder)
        if day >= 2:
            _correct(self._folder / "rut.csv")
            with (self._folder / "dji.csv").open("a") as file:
                file.write("2024-03-02,1,1,1,1,1\n")
        if day == 3:
            (self._folder / "holdings" / f"IVV_holdings_{FEBRUARY}_late.csv").write_text(february(alfa=61))
        return {"MARKET_FILES_DIR": str(self._folder), "MARKET_NOW": _evening(SESSIONS[day]).isoformat()}


class Universe:
    """A vendor of indices and stocks, with splits and dividends, one of them delisted.

    Day by day come a session; a restated close; another symbol refused; the refusal mended; and nothing more.
    """

    source = "yahoo"

    def __init__(self, home: Path, vendor: Vendor) -> None:
        self._vendor = vendor
        self._symbols = home / "symbols.txt"
        self._symbols.write_text("\n".join(vendor.market.symbols) + "\n")

    def move_to(self, day: int) -> Mapping[str, str]:
        sessions = self._vendor.market.sessions[-len(SESSIONS) :]
        self._vendor.now = _evening(sessions[day])
        if day == 1:
            self._vendor.faults.add(Restated(symbols=("^RUT", "ZQAAB"), sessions=(sessions[0],)))
        if day == 2:
            self._refused = self._vendor.faults.add(ServerError(symbols=("ZQAAC",), kinds=("chart",)))
        if day == 3:
            self._vendor.faults.remove(self._refused)
        return {
            "MARKET_UNIVERSE": str(self._symbols),
            "MARKET_YAHOO_URL": self._vendor.url,
            "MARKET_WEB_URL": self._vendor.url,
            "MARKET_YAHOO_PER_MINUTE": "100000",
            "MARKET_YAHOO_BURST": "1000",
            "MARKET_NOW": self._vendor.now.isoformat(),
        }


def _evening(session: dt.date) -> dt.datetime:
    return dt.datetime.combine(session, dt.time(23), dt.UTC)


def _correct(path: Path) -> None:
    lines = path.read_text().splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("2024-03-01"))
    cells = lines[place].split(",")
    cells[4] = str(float(cells[4]) + 1)
    lines[place] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n")
