"""The jobs beside the main one: prices of indices alone, with what is known of everything else left as it was."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from pipelines.contracts import core, raw, serve
from pipelines.contracts.table import qualified_name
from pipelines.definitions import definitions
from pipelines.defs.workspace import Workspace
from tests.defs.document_files import BETA, MARCH, holdings_text, write_documents
from tests.defs.test_main_job import EVENING, FIRST, LAST, QUIET, ask, failure, hashes, run_only, workspace, write_bars

NOT_ASKED_FOR = (
    *(raw.StockBar, raw.StockAction, raw.FetchOutcome, raw.Holding, raw.Listing, raw.Filing, raw.FilingFact),
    *(raw.MembershipSpell, raw.CompanyAttribute),
)
OF_INDICES = ("core.trend_state", "core.level_state", "core.record_state", "core.period_return", "serve.index_overview")


def run_indices_only(place: Workspace) -> dg.ExecuteInProcessResult:
    job = definitions().get_repository_def().get_job("indices_only")
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(
            instance=instance, resources={"workspace": place}, run_config=QUIET, raise_on_error=False
        )
    assert result.success
    return result


def rows(place: Workspace) -> dict[str, int]:
    """Return how many rows each served table answers with."""
    return {table.__name__: ask(place, f"SELECT count(*) FROM {qualified_name(table)}")[0][0] for table in serve.TABLES}


def test_indices_only_takes_new_prices_and_leaves_stocks_and_documents_as_they_were(copied: Path) -> None:
    place = workspace(copied, now=EVENING)
    known, before, counts = {table: place.lake.files(table) for table in NOT_ASKED_FOR}, hashes(place), rows(place)
    (copied / "files" / "holdings" / "IVV_holdings_2024-03-07.csv").write_text(holdings_text(MARCH, (BETA, 100)))
    result = run_indices_only(place)
    written = {".".join(event.asset_key.path) for event in result.get_asset_materialization_events()}
    every = {qualified_name(table) for table in (*raw.TABLES, *core.TABLES, *serve.TABLES)} | {"report.brief"}
    assert every - written == {qualified_name(table) for table in NOT_ASKED_FOR} | {"report.brief"}
    assert {table: place.lake.files(table) for table in NOT_ASKED_FOR} == known
    assert ask(place, "SELECT max(session) FROM serve.index_overview") == [(LAST,)]
    after = hashes(place)
    assert {name for name in OF_INDICES if after[name] == before[name]} == set()
    of_the_rest = ("core.membership", "core.company_revenue", "core.stock_bar", "core.sector_weight")
    assert {name: after[name] for name in of_the_rest} == {name: before[name] for name in of_the_rest}
    assert {name for name, count in rows(place).items() if counts[name] and not count} == set()
    assert min(counts[name] for name in ("Membership", "StockTrend", "Breadth", "CompanyRevenue")) > 0


def test_indices_only_publishes_every_table_of_a_fresh_warehouse(tmp_path: Path) -> None:
    write_bars(tmp_path / "files")
    write_documents(tmp_path / "files")
    place = workspace(tmp_path)
    result = run_indices_only(place)
    assert [found.check_name for found in result.get_asset_check_evaluations() if not found.passed] == []
    assert not any(place.lake.is_stored(table) for table in NOT_ASKED_FOR)
    counts = rows(place)
    assert (counts["Membership"], counts["StockTrend"]) == (0, 0)
    assert ask(place, "SELECT min(session), max(session), count(DISTINCT instrument_id) FROM serve.index_overview") == [
        (FIRST, LAST, 4)
    ]


@pytest.mark.parametrize(
    ("step", "config", "message"),
    [
        ("raw.bar", {"start": "2024-03-09"}, "start: expected a date up to today, 2024-03-08, was 2024-03-09"),
        ("raw.stock_bar", {"symbols": ["AAPL"]}, "symbols: expected none, as MARKET_UNIVERSE names no stocks, was"),
        ("report.brief", {"session": "2 March"}, "SESSION: expected a date such as 2024-12-02, was '2 March'"),
        ("report.brief", {"index": "XXX"}, "INDEX: expected one of DJI, NDX, RUT, SPX, was 'XXX'"),
    ],
)
def test_a_value_of_the_launchpad_that_cannot_be_is_refused(first_run, step: str, config: dict, message: str) -> None:
    name = step.replace(".", "__" if step.startswith("report") else "_")
    beside = ("raw.stock_action", "raw.fetch_outcome") if step == "raw.stock_bar" else ()
    place = workspace(first_run[0].settings.warehouse_dir.parent)
    result = run_only(place, step, *beside, config={"ops": {name: {"config": config}}})
    assert message in failure(result)
