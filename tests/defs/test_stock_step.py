"""The step of stocks through Dagster, against the vendor on the loopback interface."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from pipelines.contracts import raw
from pipelines.defs import stock as defs_stock
from pipelines.defs.workspace import Workspace
from pipelines.ingestion import ask as asking
from pipelines.settings import Settings
from tests.vendor.fault import Dropped, HtmlPage, RateLimited
from tests.vendor.listing import Plan
from tests.vendor.market import Market
from tests.vendor.server import Vendor

NOW = dt.datetime(2024, 12, 2, 23, tzinfo=dt.UTC)
MARKET = Market(Plan(symbols=6, years=1, last=dt.date(2024, 12, 31), seed=1))


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor(MARKET, now=NOW) as running:
        yield running


def workspace(folder: Path, vendor: Vendor, universe: str | None = None, **changes: object) -> Workspace:
    path = folder / "symbols.txt"
    path.write_text("\n".join(MARKET.symbols))
    settings = {
        "source": "yahoo", "yahoo_url": vendor.url, "warehouse_dir": folder / "out", "now": NOW,
        "universe": universe or str(path), "yahoo_per_minute": 1e6, "yahoo_burst": 1000,
    }  # fmt: skip
    return Workspace(Settings(**{**settings, **changes}))


def run(place: Workspace, **config: object) -> dg.ExecuteInProcessResult:
    with dg.DagsterInstance.ephemeral() as instance:
        return dg.materialize(
            [defs_stock.stock_bars],
            resources={"workspace": place},
            instance=instance,
            run_config={"ops": {"raw_stock_bar": {"config": config}}},
            raise_on_error=False,
        )


def told(result: dg.ExecuteInProcessResult, table: str = "stock_bar") -> dict:
    events = result.get_asset_materialization_events()
    found = next(event.materialization for event in events if event.asset_key.path == ["raw", table])
    return {name: value.value for name, value in found.metadata.items()}


def all_was_read(result: dg.ExecuteInProcessResult) -> bool:
    return next(
        found.passed for found in result.get_asset_check_evaluations() if found.check_name == defs_stock.ALL_READ
    )


def test_a_universe_of_a_file_is_read_into_three_tables(vendor: Vendor, tmp_path: Path) -> None:
    place = workspace(tmp_path, vendor)
    result = run(place)
    assert result.success
    assert all_was_read(result)
    sessions = MARKET.true_bars(MARKET.symbols, NOW.date()).height
    facts = told(result)
    assert (facts["dagster/row_count"], facts["new_rows"], facts["symbols"]) == (sessions, sessions, 6)
    assert (facts["due: ask"], facts["outcome: ok"], facts["last_session"]) == (6, 6, "2024-12-02")
    assert told(result, "stock_action")["dagster/row_count"] == place.lake.read(raw.StockAction).height > 0
    assert told(result, "fetch_outcome")["dagster/row_count"] == 6
    assert {path.name for path in place.settings.source_dir.iterdir()} == {"lake", "spool"}
    again = told(run(place))
    assert (again["dagster/row_count"], again["new_rows"], again["due: covered"]) == (sessions, 0, 6)


def test_a_part_of_the_universe_can_be_asked_for(vendor: Vendor, tmp_path: Path) -> None:
    place = workspace(tmp_path, vendor)
    assert run(place, symbols=["ZQAAB"]).success
    assert vendor.log.per_symbol() == {"ZQAAB": 1}
    refused = run(place, symbols=["ZQAAB", "NONE"])
    assert not refused.success
    assert "of MARKET_UNIVERSE" in reason(refused)


def test_whole_histories_can_be_wanted(vendor: Vendor, tmp_path: Path) -> None:
    run(workspace(tmp_path, vendor), symbols=["ZQAAB"])
    later = workspace(tmp_path, vendor, now=NOW + dt.timedelta(days=8))
    vendor.now = NOW + dt.timedelta(days=8)
    vendor.log.clear()
    assert run(later, symbols=["ZQAAB"], whole_history=True).success
    (question,) = vendor.log.requests("chart")
    assert dt.datetime.fromtimestamp(question.first, dt.UTC).year == 1900


def test_what_could_not_be_read_is_a_warning(vendor: Vendor, tmp_path: Path) -> None:
    vendor.faults.add(HtmlPage(symbols=("ZQAAB",)))
    result = run(workspace(tmp_path, vendor))
    assert result.success
    assert not all_was_read(result)
    assert told(result)["outcome: parse_error"] == 1


def test_a_run_that_the_vendor_ends_keeps_what_it_has_and_says_so(
    vendor: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "COOL_DOWN_SECONDS", 0.0)
    vendor.faults.add(RateLimited(after=2))
    result = run(workspace(tmp_path, vendor))
    assert result.success
    assert not all_was_read(result)
    facts = told(result)
    assert facts["stopped"] == "the vendor limits the rate of requests"
    assert facts["outcome: ok"] == 2
    assert facts["refused for asking too fast"] == asking.COOL_DOWNS + 1


def test_nothing_at_all_is_a_failure(vendor: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "FIRST_WAIT", 0.0)
    vendor.faults.add(Dropped())
    result = run(workspace(tmp_path, vendor))
    assert not result.success
    assert "yahoo: expected bars of 6 symbols, was none" in reason(result)


def test_members_are_asked_for_once_there_are_holdings(vendor: Vendor, tmp_path: Path) -> None:
    result = run(workspace(tmp_path, vendor, universe="members"))
    assert not result.success
    assert "expected members in raw.holding" in reason(result)
    assert vendor.log.requests() == []


def test_without_a_universe_nobody_is_asked(vendor: Vendor, tmp_path: Path) -> None:
    result = run(workspace(tmp_path, vendor, universe="none"))
    assert result.success
    assert vendor.log.requests() == []
    assert told(result)["dagster/row_count"] == 0


def reason(result: dg.ExecuteInProcessResult) -> str:
    (event,) = result.filter_events(lambda event: event.is_step_failure)
    return event.step_failure_data.user_failure_data.description
