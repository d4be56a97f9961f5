"""The whole fault plan: 3,000 symbols over ten years, twenty in each case, through ``python -m pipelines``."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tests.fault_plan.asked_of import other_holdings, other_outcomes, published_otherwise, unstated
from tests.fault_plan.evening_run import EveningRun, database_of, lake_of, new_home, run_evening
from tests.fault_plan.plan_days import FAULTY, LOAD, REFUSED, REPAIRED
from tests.fault_plan.stage import Stage
from tests.vendor.process import VendorProcess

STAGE = Stage(symbols=3_000, years=10, per_case=20)


@pytest.mark.whole_plan
def test_the_whole_plan_leaves_no_wrong_row_and_loses_none(tmp_path: Path) -> None:
    home = new_home(tmp_path)
    with VendorProcess(STAGE.plan) as vendor:
        for fault in STAGE.faults():
            vendor.faults.add(fault)
        for day in (LOAD, FAULTY, REFUSED, REPAIRED):
            ended = run_evening(STAGE, vendor, home, day)
            print(f"{day}: {ended.seconds:.0f} s, {ended.peak_megabytes:.0f} MB, {ended.charts} charts", flush=True)
            _require_as_stated(home, day, ended)


def _require_as_stated(home: Path, day: dt.date, ended: EveningRun) -> None:
    lake = lake_of(home)
    assert ended.code == (1 if day == REFUSED else 0), ended.printed
    assert other_outcomes(STAGE, lake, day) == {}
    if day == REFUSED:
        assert "raw_bar: yahoo: expected bars of 4 symbols, was 3" in ended.printed
        assert "The last good warehouse stays" in ended.printed
        return
    assert unstated(STAGE, lake, day) == []
    assert published_otherwise(database_of(home), lake) == []
    assert day != REPAIRED or other_holdings(STAGE, lake, day) == []
