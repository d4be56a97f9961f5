"""Every fault at once, evening by evening, through the main job: no wrong row, none lost, and all repaired afterwards.

A cut of the plan: a stock for each case. The whole of it is ``test_whole_fault_plan``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import dagster as dg
import pytest

from pipelines.contracts import core, raw
from pipelines.contracts.table import qualified_name
from pipelines.defs import stock as defs_stock
from pipelines.defs.workspace import Workspace
from pipelines.settings import Settings
from tests.defs.test_main_job import run, run_only
from tests.fault_plan.asked_of import other_holdings, other_outcomes, published_otherwise, unstated
from tests.fault_plan.hurried import hurry
from tests.fault_plan.index_case import NOT_HAD
from tests.fault_plan.plan_days import FAULTY, LOAD, REFUSED, REPAIRED, evening
from tests.fault_plan.stage import Stage
from tests.vendor.server import Vendor

STAGE = Stage(symbols=60, years=1)
_BARS = (raw.Bar, raw.StockBar, raw.StockAction, raw.FetchOutcome)
_UNPUBLISHED = (*_BARS, raw.Holding, raw.Listing, raw.RejectedRow, core.Bar, core.StockBar, core.Session,
                core.MissingSession, core.QuarantinedBar, core.StockAction, core.BarRevision)  # fmt: skip


@dataclass
class After:
    """A run, and what was found once it had ended."""

    result: dg.ExecuteInProcessResult
    unstated: list[str]
    outcomes: dict[str, tuple[str | None, str | None]]
    holdings: list[str]
    published: list[str]
    generation: int


@pytest.fixture(scope="module")
def evenings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[dt.date, After]]:
    """Run on four evenings; what needs no published file is not published on two of them, as that takes longest."""
    folder = tmp_path_factory.mktemp("fault_plan")
    with pytest.MonkeyPatch.context() as patch, Vendor(STAGE.market) as vendor:
        hurry(patch.setattr)
        for fault in STAGE.faults():
            vendor.faults.add(fault)
        found = {}
        for day in (LOAD, FAULTY, REFUSED, REPAIRED):
            vendor.now = evening(day)
            for name, value in STAGE.settings(folder, vendor.url, day).items():
                patch.setenv(name, value)
            found[day] = _after(day, Workspace(Settings()))
        yield found


def _after(day: dt.date, place: Workspace) -> After:
    tables = {LOAD: _UNPUBLISHED, REFUSED: _BARS}.get(day)
    result = run_only(place, *map(qualified_name, tables)) if tables else run(place)
    database, lake = place.settings.database_path, place.lake
    return After(
        result,
        unstated(STAGE, lake, day) if day != REFUSED else [],
        other_outcomes(STAGE, lake, day),
        other_holdings(STAGE, lake, day) if day == REPAIRED else [],
        published_otherwise(database, lake) if not tables else [],
        database.stat().st_ino if database.exists() else 0,
    )


def facts(after: After, table: str) -> dict[str, object]:
    events = after.result.get_asset_materialization_events()
    event = next(event for event in events if event.asset_key.path == table.split("."))
    return {name: value.value for name, value in event.materialization.metadata.items()}


def failed_checks(after: After) -> set[str]:
    return {check.check_name for check in after.result.get_asset_check_evaluations() if not check.passed}


@pytest.mark.parametrize("day", [LOAD, FAULTY, REPAIRED], ids=["first load", "a week later", "after the faults"])
def test_every_row_is_true_or_its_absence_is_told_as_stated(evenings: dict[dt.date, After], day: dt.date) -> None:
    assert evenings[day].result.success
    assert evenings[day].unstated == []
    assert evenings[day].published == []


@pytest.mark.parametrize("day", [LOAD, FAULTY, REFUSED, REPAIRED], ids=str)
def test_every_question_has_the_stated_outcome(evenings: dict[dt.date, After], day: dt.date) -> None:
    assert evenings[day].outcomes == {}


def test_a_refused_index_ends_the_run_and_what_was_published_stays(evenings: dict[dt.date, After]) -> None:
    after = evenings[REFUSED]
    assert not after.result.success
    assert after.generation == evenings[FAULTY].generation != 0
    assert defs_stock.ALL_READ in failed_checks(after)
    assert facts(after, "raw.stock_bar")["stopped"] == "the vendor limits the rate of requests"


def test_what_is_wrong_is_told_by_checks_and_facts(evenings: dict[dt.date, After]) -> None:
    told = {"no_bar_is_held_back", "no_action_is_held_back", "no_row_was_rejected", "no_session_is_missing"}
    assert failed_checks(evenings[FAULTY]) >= told | {defs_stock.ALL_READ}
    assert facts(evenings[LOAD], "raw.stock_bar")["refused for asking too fast"] >= 1
    assert facts(evenings[FAULTY], "raw.bar")["partial"] == f"^NDX {FAULTY}"
    for day, names in NOT_HAD.items():
        assert names <= facts(evenings[day], "raw.holding").keys() | facts(evenings[day], "raw.listing").keys()


def test_afterwards_nothing_is_held_back_and_the_documents_are_those_of_the_day(evenings: dict[dt.date, After]) -> None:
    after = evenings[REPAIRED]
    # Rejected rows stay listed.
    assert failed_checks(after) <= {"no_row_was_rejected"}
    assert after.holdings == []
