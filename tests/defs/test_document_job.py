"""The main job on documents: from files in a folder to served tables of members, weights, revenue and breadth.

Every company is made up, and so is every number. Expected figures are worked out from the files by hand.
"""

from __future__ import annotations

import datetime as dt

import pytest

from pipelines.contracts import raw
from pipelines.contracts.table import qualified_name
from pipelines.sources.calendar import sessions_between
from tests.defs.document_files import (
    FEBRUARY,
    INJECTION,
    KNOWN_FEBRUARY,
    KNOWN_MARCH,
    MARCH,
    SCRIPT,
    THURSDAY,
    metadata,
)
from tests.defs.test_main_job import FIRST, LAST, ask

# What arrives


def test_the_first_run_succeeds_and_every_check_that_can_stop_it_passes(first_run) -> None:
    _, result = first_run
    assert result.success
    failed = {found.check_name for found in result.get_asset_check_evaluations() if not found.passed}
    assert failed == {"no_row_was_rejected"}


def test_documents_of_every_kind_arrive_in_raw(first_run) -> None:
    place, result = first_run
    sessions = sessions_between(FIRST, THURSDAY.date()).height
    expected = {
        raw.Holding: 5 + 5 + 3,
        raw.Listing: 5,
        raw.Filing: 3,
        raw.FilingFact: 9,
        raw.MembershipSpell: 5,
        raw.CompanyAttribute: 1,
        raw.StockBar: 6 * sessions - 1,
    }
    assert {table: place.lake.read(table).height for table in expected} == expected
    counted = {table: metadata(result, qualified_name(table))["dagster/row_count"] for table in expected}
    assert counted == expected
    assert metadata(result, "raw.holding")["documents read"] == 3
    holdings = place.lake.read(raw.Holding)
    assert set(holdings.select("fund_id", "as_of", "as_of_basis", "known_from", "known_basis").rows()) == {
        ("IVV", FEBRUARY, "file", KNOWN_FEBRUARY, "assumed"),
        ("IWM", FEBRUARY, "file_name", KNOWN_FEBRUARY, "assumed"),
        ("IVV", MARCH, "file", KNOWN_MARCH, "assumed"),
    }
    assert "holdings/IVV_holdings_2024-02-29.csv:5" in holdings["locator"].to_list()
    assert place.lake.read(raw.Filing).select("adsh", "known_from").row(0) == (
        "0009900001-24-020101",
        dt.datetime(2024, 2, 1, 21, 5, tzinfo=dt.UTC),
    )


def test_members_and_their_weights_are_served(first_run) -> None:
    found = ask(
        first_run[0],
        "SELECT index_id, as_of, symbol, round(weight_share, 9), cik_match, cik FROM serve.membership ORDER BY ALL",
    )
    assert found == [
        ("RUT", FEBRUARY, "--/--/ZQE", 0.5, "unresolved", None),
        ("RUT", FEBRUARY, "ZQX", 0.5, "unresolved", None),
        ("SPX", FEBRUARY, "ZQA", 0.6, "exact", 9900001),
        ("SPX", FEBRUARY, "ZQB", 0.2, "exact", 9900002),
        ("SPX", FEBRUARY, "ZQC-A", 0.1, "class", 9900003),
        ("SPX", FEBRUARY, "ZQC-B", 0.1, "class", 9900003),
        ("SPX", MARCH, "ZQA", 0.4, "exact", 9900001),
        ("SPX", MARCH, "ZQC-A", 0.1, "class", 9900003),
        ("SPX", MARCH, "ZQC-B", 0.1, "class", 9900003),
        ("SPX", MARCH, "ZQD", 0.4, "exact", 9900004),
    ]
    assert ask(first_run[0], "SELECT DISTINCT ticker, exclusion_reason FROM serve.excluded_holding") == [
        ("USD", "not_equity")
    ]


def test_sector_weights_and_their_changes_are_served(first_run) -> None:
    found = ask(
        first_run[0],
        "SELECT as_of, sector, rank, round(weight_share, 9), round(weight_change_pct_points, 6) "
        "FROM serve.sector_weight WHERE index_id = 'SPX' ORDER BY as_of, rank",
    )
    assert [row for row in found if row[3]] == [
        (FEBRUARY, "Information Technology", 1, 0.6, None),
        (FEBRUARY, "Communication Services", 2, 0.2, None),
        (FEBRUARY, "Financials", 3, 0.2, None),
        (MARCH, "Energy", 1, 0.4, 40.0),
        (MARCH, "Information Technology", 2, 0.4, -20.0),
        (MARCH, "Communication Services", 3, 0.2, 0.0),
    ]


def test_exposures_say_what_was_filed_by_each_date(first_run) -> None:
    """Gamma, a fifth of the index with two share classes, files between the two dates; Delta never does."""
    found = ask(
        first_run[0],
        "SELECT as_of, aggregation, round(domestic_share, 9), round(coverage_weight_share, 9), companies_covered, "
        "companies_total, null_reason FROM serve.revenue_exposure "
        "WHERE index_id = 'SPX' AND sector = 'ALL' AND basis = 'reported' ORDER BY ALL",
    )
    assert found == [
        (FEBRUARY, "cap_weighted", round((0.6 * 0.6 + 0.2 * 0.2) / 0.8, 9), 0.8, 2, 3, None),
        (FEBRUARY, "median", round((0.6 + 0.2) / 2, 9), 0.8, 2, 3, None),
        (FEBRUARY, "revenue_sum", round(700 / 1500, 9), 0.8, 2, 3, None),
        (MARCH, "cap_weighted", round((0.4 * 0.6 + 0.2 * 0.25) / 0.6, 9), 0.6, 2, 3, None),
        (MARCH, "median", round((0.6 + 0.25) / 2, 9), 0.6, 2, 3, None),
        (MARCH, "revenue_sum", round(1100 / 3000, 9), 0.6, 2, 3, None),
    ]
    assert ask(first_run[0], "SELECT symbol, method, null_reason FROM serve.company_revenue WHERE cik = 9900004") == [
        ("ZQD", "not_reported", "no_filing")
    ]


def test_breadth_counts_the_members_of_each_session(first_run) -> None:
    found = ask(
        first_run[0],
        "SELECT index_id, session, value, eligible, members, null_reason FROM serve.breadth WHERE sector = 'ALL' "
        "AND measure = 'pct_above_50' AND session IN (DATE '2024-03-01', DATE '2024-03-07') ORDER BY ALL",
    )
    friday, thursday = dt.date(2024, 3, 1), dt.date(2024, 3, 7)
    assert found == [
        ("RUT", friday, None, 1, 2, "coverage"),
        ("RUT", thursday, None, 1, 2, "coverage"),
        ("SPX", friday, 75.0, 4, 4, None),
        ("SPX", thursday, 75.0, 4, 4, None),
        ("panel", friday, 50.0, 6, 6, None),
        ("panel", thursday, 50.0, 6, 6, None),
    ]


def test_the_overview_shows_holdings_from_the_close_on_which_they_were_known(first_run) -> None:
    found = ask(
        first_run[0],
        "SELECT session, holdings_as_of, largest_sector, largest_sector_reason, round(domestic_share, 6), "
        "domestic_share_reason, members_above_50_pct FROM serve.index_overview "
        "WHERE instrument_id = 'SPX' AND session >= DATE '2024-02-29' ORDER BY session",
    )
    technology, days = "Information Technology", [dt.date(2024, 3, day) for day in (1, 4, 5, 6)]
    assert found == [
        (FEBRUARY, None, None, "no_holdings", None, "no_holdings", 75.0),
        *((day, FEBRUARY, technology, None, 0.5, None, 75.0) for day in days),
        (dt.date(2024, 3, 7), MARCH, "Energy", None, 0.483333, None, 75.0),
    ]


@pytest.mark.parametrize(
    ("asked", "as_of", "members"),
    [
        ("2024-02-28", None, 0),
        ("2024-02-29", FEBRUARY, 4),
        ("2024-03-05", FEBRUARY, 4),
        ("2024-03-06", MARCH, 4),
        ("2030-01-01", MARCH, 4),
    ],
)
def test_macros_answer_with_the_newest_holdings_on_or_before_a_date(
    first_run, asked: str, as_of: dt.date | None, members: int
) -> None:
    found = ask(first_run[0], f"SELECT as_of, symbol FROM members_as_of('SPX', '{asked}')")
    assert (len(found), {row[0] for row in found}) == (members, {as_of} if as_of else set())
    exposures = ask(first_run[0], f"SELECT as_of, sector FROM exposure_as_of('SPX', '{asked}')")
    assert {row[0] for row in exposures} == ({as_of} if as_of else set())
    assert [row[1] for row in exposures[:6]] == ["ALL"] * min(6, len(exposures))
    assert ask(first_run[0], f"FROM members_as_of('XXX', '{asked}')") == []


# What does not arrive


def test_what_was_refused_stands_in_the_warehouse_and_is_counted_on_its_asset(first_run) -> None:
    place, result = first_run
    found = ask(place, "SELECT raw_table, rule, locator FROM serve.rejected_row ORDER BY ALL")
    last = f"panel/bars.csv:{6 * sessions_between(FIRST, LAST).height + 2}"
    assert [row for row in found if row[1] not in ("session_not_closed", "filler_bar")] == [
        ("company_attribute", "duplicate", "yahoo/companies_2024-03-01.csv:3"),
        ("filing", "wrong_width", "sec/fsds_2024q1.zip/sub.txt:5"),
        ("holding", "unparsable", "holdings/IVV_holdings_2024-02-29.csv:9"),
        ("listing", "unparsable", "sec/company_tickers.json:6"),
        ("membership_spell", "unparsable", "membership/sp500_history.csv:5"),
        ("stock_bar", "not_a_session", last),
    ]
    counted = {
        "raw.company_attribute": "duplicate",
        "raw.filing": "wrong_width",
        "raw.holding": "unparsable",
        "raw.listing": "unparsable",
        "raw.membership_spell": "unparsable",
        "raw.stock_bar": "not_a_session",
    }
    assert {name: metadata(result, name)[f"rejected: {rule}"] for name, rule in counted.items()} == dict.fromkeys(
        counted, 1
    )
    assert metadata(result, "raw.rejected_row")["rejected: holding, unparsable"] == 1
    (payload,) = ask(place, "SELECT payload FROM serve.rejected_row WHERE raw_table = 'holding'")[0]
    assert "12O,000.00" in payload


def test_odd_bars_of_a_stock_are_visible(first_run) -> None:
    sql = "SELECT rejected_by_rule, warned_bars, warned_by_rule, missing_sessions FROM serve.data_health"
    assert ask(first_run[0], f"{sql} WHERE instrument_id = 'ZQX'") == [
        ("filler_bar: 1, session_not_closed: 1", 1, "jump: 1, unusual_move: 1", 1)
    ]


def test_files_that_are_none_of_a_fund_are_named(first_run) -> None:
    assert metadata(first_run[1], "raw.holding")["class_ticker_map.csv"] == "of no fund"


def test_text_of_vendors_is_harmless(first_run) -> None:
    place, result = first_run
    names = {name for (name,) in ask(place, "SELECT DISTINCT company_name FROM serve.membership")}
    assert {INJECTION, SCRIPT} <= names
    assert ask(place, "SELECT count(*) FROM serve.membership WHERE symbol = '--/--/ZQE' AND ticker = '../../ZQE'") == [
        (1,)
    ]
    told = [event.materialization.metadata for event in result.get_asset_materialization_events()]
    previews = [metadata["preview"].value for metadata in told if "preview" in metadata]
    assert any("alert(1)" in text for text in previews)
    for text in previews:
        lines = text.splitlines()
        assert {line.count("|") for line in lines} == {lines[0].count("|")}
        assert [sign for sign in ("<", "`", "[x]") if sign in text] == []
    inside = {path.relative_to(place.settings.source_dir).parts[0] for path in place.settings.source_dir.rglob("*")}
    assert inside - {"published"} == {"lake", "market.duckdb"}  # files of before, where another test ran it again
    assert {path.name for path in place.settings.warehouse_dir.parent.iterdir()} == {"files", "out"}
