"""The main job on the whole folder of real data: what the published tables say of members, weights and breadth."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import polars as pl
import pytest

from pipelines.contracts import core, raw
from pipelines.definitions import definitions
from pipelines.defs.jobs import JOB
from pipelines.defs.workspace import Workspace
from pipelines.projections.dagster import asset_key
from pipelines.settings import Settings
from pipelines.sources.financial_statements import read_financial_statements
from tests.real.test_real_claim import VERDICTS

IVV, IWM, SPY = dt.date(2024, 12, 6), dt.date(2024, 9, 27), dt.date(2024, 3, 19)
FIRST_BAR, LAST_BAR = dt.date(2023, 1, 3), dt.date(2024, 6, 28)
NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
Built = tuple[duckdb.DuckDBPyConnection, Workspace, dg.ExecuteInProcessResult]


@pytest.fixture(scope="module")
def built(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    folder = tmp_path_factory.mktemp("constituents")
    place = Workspace(Settings(source="files", files_dir=real_data, warehouse_dir=folder, now=NOW))
    job = definitions().get_repository_def().get_job(JOB)
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, resources={"workspace": place}, run_config=quiet)
    with duckdb.connect(str(place.settings.database_path), read_only=True) as connection:
        yield connection, place, result


def ask(built: Built, sql: str, *values: object) -> list[tuple]:
    return built[0].execute(sql, list(values)).fetchall()


def told(built: Built, table: type) -> dict[str, Any]:
    """Return the metadata of a table in the UI."""
    (event,) = (event for event in built[2].get_asset_materialization_events() if event.asset_key == asset_key(table))
    return {label: value.value for label, value in event.materialization.metadata.items()}


def test_the_run_succeeds_and_only_the_warning_of_rejected_rows_is_raised(built: Built) -> None:
    evaluations = built[2].get_asset_check_evaluations()
    assert {found.check_name for found in evaluations if not found.passed} == {"no_row_was_rejected"}
    names = {path.stem for path in (Path(__file__).parents[2] / "sql" / "checks").glob("*.sql")}
    assert names <= {found.check_name for found in evaluations}


# Documents


def test_every_document_of_the_folder_is_read_once_or_named(built: Built) -> None:
    read = {table: told(built, table)["documents read"] for table in (
        raw.Holding, raw.Listing, raw.Filing, raw.MembershipSpell, raw.CompanyAttribute, raw.StockBar
    )}  # fmt: skip
    assert list(read.values()) == [3, 1, 1, 3, 1, 1]
    holdings = told(built, raw.Holding)
    aside = {"class_ticker_map.csv", "sector_name_map.csv"}
    assert {name for name in holdings if name.endswith(".csv")} == aside
    assert {holdings[name] for name in aside} == {"of no fund"}


def test_a_quarter_of_filings_is_read_whole_and_its_annual_revenues_are_kept(built: Built, real_data: Path) -> None:
    counts = read_financial_statements(real_data / "sec" / "fsds_2010q2.zip").counts
    assert (counts.sub_rows, counts.num_rows) == (522, 136_044)
    assert (built[1].lake.read(raw.Filing).height, built[1].lake.read(raw.FilingFact).height) == (40, 152)


def test_holdings_were_known_half_an_hour_after_the_close_that_followed_them(built: Built) -> None:
    rows = (
        built[1].lake.read(raw.Holding).select("fund_id", "as_of", "as_of_basis", "known_from").unique().sort("as_of")
    )
    assert rows.rows() == [
        ("SPY", SPY, "file", dt.datetime(2024, 3, 20, 20, 30, tzinfo=dt.UTC)),
        ("IWM", IWM, "file_name", dt.datetime(2024, 9, 30, 20, 30, tzinfo=dt.UTC)),
        ("IVV", IVV, "file", dt.datetime(2024, 12, 9, 21, 30, tzinfo=dt.UTC)),
    ]


# Members and sectors


@pytest.mark.parametrize(
    ("index_id", "as_of", "fund_id", "members", "sectors"),
    [
        (
            "SPX", IVV, "IVV", 503,
            {"Information Technology": 32.06, "Financials": 13.54, "Communication Services": 9.15},
        ),
        (
            "RUT", IWM, "IWM", 1971,
            {"Financials": 17.84, "Health Care": 17.44, "Industrials": 17.02, "Information Technology": 12.89},
        ),
        ("SPX", SPY, "SPY", 503, {}),
    ],
)  # fmt: skip
def test_members_and_recomputed_weights(
    built: Built, index_id: str, as_of: dt.date, fund_id: str, members: int, sectors: dict[str, float]
) -> None:
    of_date = "WHERE index_id = ? AND as_of = ?"
    sql = "SELECT count(*), sum(weight_share), any_value(fund_id), any_value(membership_quality) FROM serve.membership"
    ((count, total, fund, quality),) = ask(built, f"{sql} {of_date}", index_id, as_of)
    assert (count, fund, quality) == (members, fund_id, "pit_official")
    assert total == pytest.approx(1.0, abs=1e-12)
    sql = f"SELECT sector, round(100 * weight_share, 2) FROM serve.sector_weight {of_date} ORDER BY rank"
    found = dict(ask(built, sql, index_id, as_of))
    assert {sector: found[sector] for sector in sectors} == sectors
    assert next(iter(found), None) == next(iter(sectors), None)
    assert ask(built, f"SELECT count(*) FROM members_as_of('{index_id}', '{as_of}')") == [(members,)]


def test_sector_weights_sum_to_one_and_name_all_eleven(built: Built) -> None:
    rows = ask(
        built, "SELECT index_id, as_of, count(*), sum(weight_share) FROM serve.sector_weight GROUP BY ALL ORDER BY ALL"
    )
    assert [row[:3] for row in rows] == [("RUT", IWM, 11), ("SPX", IVV, 11)]
    assert [row[3] for row in rows] == pytest.approx([1.0, 1.0], abs=1e-12)


def test_eleven_equity_lines_of_the_russell_are_no_members(built: Built, real_data: Path) -> None:
    sql = (
        "SELECT exclusion_reason, count(*) FROM serve.excluded_holding WHERE fund_id = 'IWM' GROUP BY ALL ORDER BY ALL"
    )
    assert ask(built, f"{sql}") == [("no_ticker", 5), ("not_common_stock", 1), ("not_equity", 5), ("unlisted", 5)]
    with (real_data / "holdings" / "IWM_holdings_2024-09-27_no_preamble.csv").open(encoding="utf-8-sig") as file:
        printed = [record for record in csv.reader(file) if len(record) > 3 and record[3] == "Equity"]
    assert len(printed) - 5 - 1 - 5 == 1971


def test_the_overview_names_the_largest_sector_from_the_close_on_which_the_holdings_were_known(built: Built) -> None:
    sql = (
        "SELECT session, holdings_as_of, largest_sector, round(100 * largest_sector_share, 2), domestic_share, "
        "domestic_share_reason FROM serve.index_overview WHERE instrument_id = 'RUT' AND session IN (?, ?) ORDER BY ALL"
    )
    monday = dt.date(2024, 9, 30)
    assert ask(built, sql, IWM, monday) == [
        (IWM, None, None, None, None, "no_holdings"),
        (monday, IWM, "Financials", 17.84, None, "coverage"),
    ]


def test_members_of_the_lists_on_the_day_of_the_article(built: Built, real_data: Path) -> None:
    day = dt.date(2024, 11, 29)
    sql = (
        "SELECT index_id, count(*), any_value(membership_quality) FROM core.member_spell "
        "WHERE effective_from <= ? AND (effective_to IS NULL OR effective_to > ?) GROUP BY ALL ORDER BY ALL"
    )
    assert ask(built, sql, day, day) == [
        ("DJI", 30, "pit_reconstructed"),
        ("NDX", 101, "pit_reconstructed"),
        ("RUT", 1971, "pit_official"),
        ("SPX", 503, "pit_reconstructed"),
    ]
    with (real_data / "membership" / "sp500_history.csv").open(encoding="utf-8") as file:
        spells = [row for row in csv.DictReader(file) if row["opt-in"] <= "2024-11-29"]
    assert len([row for row in spells if row["opt-out"] == "" or row["opt-out"] > "2024-11-29"]) == 503


def test_without_filings_of_the_years_no_exposure_is_given(built: Built) -> None:
    """The folder's filings are of 2010: of the few members that filed then it says so, and of the others."""
    sql = "SELECT DISTINCT null_reason, domestic_share, companies_covered FROM serve.revenue_exposure"
    assert ask(built, f"{sql} WHERE sector = 'ALL'") == [("coverage", None, 0)]
    found = ask(built, "SELECT null_reason, count(*) FROM serve.company_revenue WHERE as_of = ? GROUP BY ALL", IVV)
    assert set(found) == {("no_filing", 495), ("stale", 5)}
    assert ask(built, "SELECT count(*) FROM core.company_revenue_geography WHERE domestic_share IS NOT NULL") == [(0,)]


# Breadth and bars


def test_breadth_of_the_s_and_p_500_is_null_for_want_of_coverage_on_every_session(built: Built) -> None:
    """The panel holds 217 or so of its members."""
    sql = "SELECT DISTINCT value, null_reason FROM serve.breadth WHERE index_id = 'SPX' AND sector = 'ALL'"
    assert ask(built, sql) == [(None, "coverage")]
    sql = "SELECT min(session), max(session), count(DISTINCT session), max(eligible) FROM serve.breadth"
    ((first, last, sessions, eligible),) = ask(built, f"{sql} WHERE index_id = 'SPX'")
    assert (first, last, sessions) == (FIRST_BAR, LAST_BAR, 374)
    assert 200 < eligible < 230


def test_breadth_of_the_panel_agrees_with_sql_worked_from_the_bars(built: Built) -> None:
    """A second opinion in DuckDB's window functions, where 95 per cent of the members have a bar and enough of them."""
    sql = """
        WITH bar AS (
            SELECT instrument_id, session, close,
                avg(close) OVER (PARTITION BY instrument_id ORDER BY session ROWS 49 PRECEDING) AS sma_50,
                lag(close) OVER (PARTITION BY instrument_id ORDER BY session) AS before,
                row_number() OVER (PARTITION BY instrument_id ORDER BY session) AS number
            FROM core.stock_bar
        ),
        span AS (SELECT instrument_id, min(session) AS first, max(session) AS last FROM core.stock_bar GROUP BY ALL),
        universe AS (
            SELECT session.session, count(*) AS members
            FROM (SELECT DISTINCT session FROM core.stock_bar) AS session
            JOIN span ON session.session BETWEEN span.first AND span.last
            GROUP BY ALL
        ),
        expected AS (
            SELECT session, members,
                count(*) FILTER (number >= 50) AS eligible,
                100 * count(*) FILTER (number >= 50 AND close > sma_50) / count(*) FILTER (number >= 50) AS above,
                count(*) FILTER (close > before) AS advances
            FROM bar JOIN universe USING (session)
            GROUP BY ALL
        )
        SELECT
            count(*), count(above.value), count(advances.value),
            max(abs(above.value - expected.above)), max(abs(advances.value - expected.advances)),
            max(abs(above.members - expected.members) + abs(above.eligible - expected.eligible)),
            bool_and((above.value IS NULL) = (expected.eligible < 0.95 * expected.members))
        FROM expected
        JOIN serve.breadth AS above ON above.session = expected.session
            AND (above.index_id, above.sector, above.measure) = ('panel', 'ALL', 'pct_above_50')
        JOIN serve.breadth AS advances ON advances.session = expected.session
            AND (advances.index_id, advances.sector, advances.measure) = ('panel', 'ALL', 'advances')
    """
    ((sessions, above, advances, miss, miss_of_counts, miss_of_members, gate_holds),) = ask(built, sql)
    assert (sessions, above, advances) == (374, 321, 372)
    assert miss < 1e-9
    assert (miss_of_counts, miss_of_members, gate_holds) == (0.0, 0, True)


def test_bars_that_fill_gaps_are_rejected_and_jumps_are_warned_of_in_sight_of_everybody(
    built: Built, real_data: Path
) -> None:
    panel = pl.read_parquet(real_data / "panel" / "bars_2023_2024h1.parquet")
    assert told(built, raw.StockBar)["rejected: filler_bar"] == 4063
    assert built[1].lake.read(core.StockBar).height == panel.height - 4063
    counted = [
        f"sum(nullif(regexp_extract({column}, '{what}: ([0-9]+)', 1), '')::INT)"
        for column, what in (("rejected_by_rule", "filler_bar"), ("warned_by_rule", "jump"))
    ]
    sql = f"SELECT count(*), sum(bars), sum(rejected_rows), {', '.join(counted)} FROM serve.data_health"
    ((stocks, bars, rejected, fillers, jumps),) = ask(built, f"{sql} WHERE asset_class = 'stock'")
    assert (stocks, bars, rejected, fillers, jumps) == (549, panel.height - 4063, 4063, 4063, 29)
    assert ask(
        built, "SELECT DISTINCT raw_table, count(*) FROM serve.rejected_row WHERE rule = 'filler_bar' GROUP BY ALL"
    ) == [("stock_bar", 4063)]


def test_prices_of_the_indices_are_what_they_are_without_documents(built: Built) -> None:
    sql = (
        "SELECT instrument_id, bars, missing_sessions, rejected_rows FROM serve.data_health WHERE asset_class = 'index'"
    )
    assert ask(built, f"{sql} ORDER BY ALL") == [
        ("DJI", 8291, 0, 0), ("NDX", 9872, 0, 0), ("RUT", 9381, 0, 0), ("SPX", 24347, 0, 0)
    ]  # fmt: skip
    assert ask(built, "SELECT count(*) FROM serve.index_overview") == [(8291 + 9872 + 9381 + 24347,)]


# Claims


def test_claims_of_sectors_and_revenue_are_never_a_bare_yes(built: Built) -> None:
    """The first holdings with sectors come four days after the note; no filings of its time are in the folder."""
    sql = (
        "SELECT split_part(claim_id, '/', 2), verdict, computed, reason FROM serve.claim_check "
        "WHERE claim_type IN ('largest_sector', 'revenue_share') ORDER BY claim_number"
    )
    iwm = "holdings of IWM of 2024-09-27 (pit_official), 66 days before 2024-12-02"
    spy = "holdings of SPY of 2024-03-19 (pit_official), 258 days before 2024-12-02"
    ivv = "holdings of IVV of 2024-12-06 (pit_official), 0 days before 2024-12-06, asked 4 days after the publication"
    none = "covers 0.0 % of the weight, 0 of"
    assert ask(built, sql) == [
        ("russell-domestic", "not_computable", None, f"no share is given (coverage); {iwm}; {none} 1964 companies"),
        (
            "largest-sector",
            "not_computable",
            None,
            "expected core.sector_weight of SPX by 2024-12-02, was holdings of 2024-03-19 that name no sectors",
        ),
        (
            "technology-international",
            "not_computable",
            None,
            f"no share is given (no_company); {spy}; {none} 0 companies",
        ),
        (
            "largest-sector-later",
            "reproduced",
            "Information Technology, 32.06 %",
            f"{ivv}; weights by market_value, 0.00 % of them without a sector",
        ),
        (
            "technology-international-later",
            "not_computable",
            None,
            f"no share is given (coverage); {ivv}; {none} 69 companies",
        ),
    ]


def test_verdicts_on_prices_are_those_without_documents(built: Built) -> None:
    sql = "SELECT split_part(claim_id, '/', 2), verdict FROM serve.claim_check WHERE claim_type NOT IN (?, ?)"
    found = dict(ask(built, sql, "largest_sector", "revenue_share"))
    assert found == {name: verdict for name, verdict in VERDICTS.items() if name in found}
    assert len(found) == len(VERDICTS) - 5
