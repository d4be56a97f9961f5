"""The dashboard as it is imported: each chart's numbers against the file itself, and a new warehouse under it."""

from __future__ import annotations

import datetime as dt
import json
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.report.superset_export import write_export
from pipelines.settings import SYNTHETIC_NOTE
from tests.clients.superset_client import Superset

LAST = "DATE '2024-12-31'"
"""The sample's last session."""

EXPECTED = {
    "Which build is shown": """
        SELECT source, is_synthetic, last_session, generation, built_at, code_version
        FROM serve.warehouse_build WHERE table_name = 'core.bar'""",
    "Where the indices stand": f"""
        SELECT instrument_id, session, close, mtd_return_pct, ytd_return_pct, drawdown_pct, record_close_session,
            statement, medium_since, major_since, is_synthetic
        FROM serve.index_overview WHERE session = {LAST} ORDER BY instrument_id""",
    "Price with its averages": """
        SELECT session, series_id, close, sma_50, sma_200
        FROM serve.trend_state WHERE series_kind = 'instrument' ORDER BY session, series_id""",
    "Levels near the close and those published": f"""
        SELECT instrument_id, role, side, evaluated_low, evaluated_high, state, state_since, distance_pct, test_count,
            kinds, author, is_synthetic
        FROM serve.level_state WHERE session = {LAST} AND (distance_pct BETWEEN -10 AND 10 OR author <> 'detected')
        ORDER BY instrument_id, evaluated_high, evaluated_low""",
    "Members above their averages (per cent)": """
        SELECT session, index_id, measure, value
        FROM serve.breadth WHERE sector = 'ALL' AND measure LIKE 'pct_above_%' ORDER BY session, index_id, measure""",
    "Sector weights (per cent)": """
        SELECT sector, index_id, weight_share * 100 FROM serve.sector_weight AS held
        WHERE as_of = (SELECT max(as_of) FROM serve.sector_weight WHERE index_id = held.index_id)
        ORDER BY sector, index_id""",
    "Revenue from the United States (per cent)": """
        SELECT sector, index_id, basis, domestic_share * 100 FROM serve.revenue_exposure AS held
        WHERE aggregation = 'cap_weighted'
            AND as_of = (SELECT max(as_of) FROM serve.revenue_exposure WHERE index_id = held.index_id)
        ORDER BY sector, index_id, basis""",
    "Revenue shares and what they cover": """
        SELECT index_id, as_of, sector, basis, domestic_share * 100, international_share * 100,
            domestic_share_low * 100, domestic_share_high * 100, coverage_weight_share * 100, companies_covered,
            companies_total, null_reason, is_synthetic
        FROM serve.revenue_exposure AS held
        WHERE aggregation = 'cap_weighted'
            AND as_of = (SELECT max(as_of) FROM serve.revenue_exposure WHERE index_id = held.index_id)
        ORDER BY index_id, sector, basis""",
    "What the figures rest on": """
        SELECT asset_class, instrument_id, source, is_synthetic, first_session, last_session, bars, missing_sessions,
            rejected_rows, rejected_by_rule, warned_bars, warned_by_rule
        FROM serve.data_health ORDER BY asset_class, instrument_id""",
}
"""What each chart has to show, asked of the file in another way than the dashboard asks."""


@pytest.fixture(scope="module")
def charts(superset: Superset) -> dict[str, int]:
    found = superset.get("chart/", q="(page_size:100)")["result"]
    return {chart["slice_name"]: chart["id"] for chart in found}


def as_json(value: Any) -> Any:
    """Return a value as Superset sends it: moments as milliseconds since 1970."""
    if isinstance(value, dt.datetime):
        return (value.replace(tzinfo=dt.UTC) - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) / dt.timedelta(milliseconds=1)
    if isinstance(value, dt.date):
        return (value - dt.date(1970, 1, 1)).days * 86_400_000
    return value


def test_the_charts_are_those_with_an_expectation(charts: dict[str, int]) -> None:
    assert set(charts) == set(EXPECTED)


def rounded(value: Any) -> Any:
    """Return a number to the digits that survive its way through JSON and milliseconds."""
    return float(f"{value:.12g}") if isinstance(value, float) else value


@pytest.mark.parametrize("name", EXPECTED)
def test_a_chart_shows_what_the_file_says(
    superset: Superset, charts: dict[str, int], published: duckdb.DuckDBPyConnection, name: str
) -> None:
    stored = superset.get(f"chart/{charts[name]}")["result"]
    answer = superset.post("chart/data", json.loads(stored["query_context"]))["result"][0]
    assert answer["error"] is None
    shown = [tuple(row.values()) for row in answer["data"]]
    expected = [tuple(map(as_json, row)) for row in published.execute(EXPECTED[name]).fetchall()]
    assert len(expected) > 0
    assert [tuple(map(rounded, row)) for row in shown] == [tuple(map(rounded, row)) for row in expected]


def test_the_dashboard_says_that_the_sample_is_synthetic(superset: Superset) -> None:
    boards = superset.get("dashboard/")["result"]
    assert [board["dashboard_title"] for board in boards] == ["Market state: SYNTHETIC SAMPLE, not market data"]
    layout = json.loads(superset.get(f"dashboard/{boards[0]['id']}")["result"]["position_json"])
    assert layout["MARKDOWN-note"]["meta"]["code"] == f"# {SYNTHETIC_NOTE}"
    placed = [
        part["meta"]["sliceName"] for part in layout.values() if isinstance(part, dict) and part["type"] == "CHART"
    ]
    assert placed == list(EXPECTED)
    datasets = superset.get("dataset/", q="(page_size:100,filters:!((col:table_name,opr:ct,value:market)))")["result"]
    assert len(datasets) == 8
    assert all(dataset["description"].startswith(SYNTHETIC_NOTE) for dataset in datasets)


def test_columns_of_the_datasets_carry_their_meaning(superset: Superset) -> None:
    for found in superset.get("dataset/", q="(page_size:100,filters:!((col:table_name,opr:ct,value:market)))")[
        "result"
    ]:
        columns = superset.get(f"dataset/{found['id']}")["result"]["columns"]
        assert [column["column_name"] for column in columns if not column["description"]] == [], found["table_name"]


def test_importing_it_again_changes_nothing(superset: Superset, built: Path, tmp_path: Path) -> None:
    def counts() -> list[int]:
        return [superset.get(f"{kind}/")["count"] for kind in ("database", "dataset", "chart", "dashboard")]

    before = counts()
    superset.import_dashboard(write_export(built / "market.duckdb", tmp_path / "again.zip"))
    assert counts() == before


def test_the_connection_is_read_only(superset: Superset) -> None:
    database = superset.database_id("Market state (sample)")
    extra = json.loads(superset.get(f"database/{database}/connection")["result"]["extra"])
    assert extra["engine_params"]["connect_args"] == {"read_only": True, "config": {"enable_external_access": "false"}}


def test_the_same_file_gives_the_same_bytes(built: Path, tmp_path: Path) -> None:
    first, second = (write_export(built / "market.duckdb", tmp_path / name) for name in ("a.zip", "b.zip"))
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        assert sum(name.startswith("market_state/charts/") for name in archive.namelist()) == len(EXPECTED)


def test_a_new_warehouse_under_superset(superset: Superset, swapped: Path, republish: Callable[[Path], int]) -> None:
    """Queries that run all the while meet no error, see the old or the new one, and the new one in the end."""
    database = superset.connect("swapped", swapped)
    ask = "SELECT max(generation) AS generation FROM serve.warehouse_build"
    seen = [superset.sql(database, ask)[0]["generation"]]
    done = threading.Event()
    failures: list[AssertionError] = []

    def keep_asking() -> None:
        while not done.is_set():
            try:
                seen.append(superset.sql(database, ask)[0]["generation"])
            except AssertionError as failure:
                failures.append(failure)
                return

    asking = threading.Thread(target=keep_asking)
    asking.start()
    try:
        new = republish(swapped)
    finally:
        done.set()
        asking.join(120)
    assert failures == []
    assert new == seen[0] + 1
    assert seen == sorted(seen)
    assert set(seen) <= {new - 1, new}
    assert superset.sql(database, ask) == [{"generation": new}]
