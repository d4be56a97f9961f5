"""Members, exclusions, sector weights and spells worked by hand: every rule on a few made-up lines."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

from pipelines.contracts import core, raw
from pipelines.transforms.membership import excluded_holdings, memberships
from pipelines.transforms.sector_weight import sector_weights
from tests.transforms.membership_frames import class_tickers, funds, holdings, listings, members

D = dt.date
MARCH = dt.datetime(2024, 3, 1, 12, tzinfo=dt.UTC)
LISTED = listings({"AAA": 1, "BBB": 2, "CC-B": 3, "TPC": 4, "T-PC": 5})
CLASSES = class_tickers({"XYB": "XY-B", "TPCA": "T-PC"})


def _members(
    lines: pl.DataFrame, of: pl.DataFrame | None = None, listed: pl.DataFrame = LISTED, table: pl.DataFrame = CLASSES
) -> pl.DataFrame:
    return core.Membership.validate(memberships(lines, listed, funds() if of is None else of, table))


def _excluded(lines: pl.DataFrame, of: pl.DataFrame | None = None) -> dict[int, str]:
    out = core.ExcludedHolding.validate(excluded_holdings(lines, LISTED, funds() if of is None else of, CLASSES))
    return dict(out.select("line", "exclusion_reason").rows())


# Which lines are members


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ({"printed_asset_class": "Futures", "market_value": 0.0}, "not_equity"),
        ({"printed_asset_class": "Cash", "market_value": -5.0, "ticker": "-"}, "not_equity"),
        ({"printed_asset_class": "Cash Collateral and Margins"}, "not_equity"),
        ({"ticker": "-"}, "no_ticker"),
        ({"ticker": "-", "printed_asset_class": None}, "no_ticker"),
        ({"exchange": "NO MARKET (E.G. UNLISTED)"}, "unlisted"),
        ({"exchange": "Non-Nms Quotation Service (Nnqs)"}, "unlisted"),
        ({"holding_name": "FICTION INC CVR"}, "not_common_stock"),
        ({"holding_name": "FICTION INC - CVR"}, "not_common_stock"),
        ({"holding_name": "FICTION WARRANTS SERIES A"}, "not_common_stock"),
        ({"holding_name": "FICTION WARRANT"}, "not_common_stock"),
        ({"holding_name": "Fiction Inc Escrow"}, "not_common_stock"),
        ({"holding_name": "FICTION $12.50 VESTING Prvt"}, "not_common_stock"),
        ({"holding_name": "FICTION RIGHTS"}, "not_common_stock"),
        ({"holding_name": "FICTION (CONTRA) SHARES"}, "not_common_stock"),
        ({"market_value": None}, "no_weight"),
        ({"market_value": 0.0}, "no_weight"),
        ({"market_value": -1.0}, "no_weight"),
    ],
)
def test_what_is_no_member_is_excluded_with_its_reason(line: dict[str, Any], reason: str):
    lines = holdings({"ticker": "AAA"}, {"ticker": "BBB", **line})
    assert _excluded(lines) == {12: reason}
    assert _members(lines)["symbol"].to_list() == ["AAA"]


@pytest.mark.parametrize(
    "name",
    [
        "CVR ENERGY INC",
        "CVRX INC",
        "BRIGHT HORIZONS INC",
        "ALBRIGHTS INC",
        "ESCROWED INC",
        "CONTRA COSTA INC",
        "RIGHTS INC",
        "UPRIGHTS",
        None,
    ],
)
def test_a_company_whose_name_only_looks_like_one_of_the_words_stays(name: str | None):
    lines = holdings({"ticker": "AAA", "holding_name": name})
    assert _excluded(lines) == {}
    assert len(_members(lines)) == 1


@pytest.mark.parametrize("printed", ["Equity", "EQUITY", None])
def test_equity_and_no_asset_class_at_all_stay(printed: str | None):
    assert len(_members(holdings({"ticker": "AAA", "printed_asset_class": printed}))) == 1


def test_the_first_reason_that_holds_is_given():
    lines = holdings(
        {"ticker": "-", "printed_asset_class": "Cash", "exchange": "NO MARKET (E.G. UNLISTED)", "market_value": 0.0},
        {"ticker": "-", "exchange": "NO MARKET (E.G. UNLISTED)", "market_value": 0.0},
        {"ticker": "AAA", "holding_name": "FICTION CVR", "exchange": "NO MARKET (E.G. UNLISTED)"},
        {"ticker": "AAA", "holding_name": "FICTION CVR", "market_value": 0.0},
    )
    assert _excluded(lines) == {11: "not_equity", 12: "no_ticker", 13: "unlisted", 14: "not_common_stock"}
    assert _members(lines).is_empty()


def test_of_lines_of_one_symbol_the_heaviest_is_the_member():
    lines = holdings(
        {"ticker": "CCB", "market_value": 40.0, "holding_name": "SMALLER"},
        {"ticker": "CC.B", "market_value": 60.0, "holding_name": "LARGER"},
        {"ticker": "AAA", "market_value": 60.0, "holding_name": "FIRST OF EQUALS"},
        {"ticker": "AAA", "market_value": 60.0, "holding_name": "SECOND OF EQUALS"},
        {"ticker": "AAA", "market_value": 900.0, "holding_name": "FICTION CVR"},
    )
    assert _excluded(lines) == {11: "duplicate", 14: "duplicate", 15: "not_common_stock"}
    out = _members(lines)
    assert out.select("symbol", "ticker", "weight_share").rows() == [("AAA", "AAA", 0.5), ("CC-B", "CC.B", 0.5)]


# Which version and which fund


def test_the_newest_version_of_a_file_counts_whole():
    old = holdings({"ticker": "AAA"}, {"ticker": "BBB"})
    new = holdings({"ticker": "BBB"}).with_columns(pl.col("known_from") + dt.timedelta(days=1))
    other_date = holdings({"ticker": "AAA"}, as_of=D(2024, 6, 27))
    out = _members(pl.concat([new, old, other_date]))
    assert out.select("as_of", "symbol").rows() == [(D(2024, 6, 27), "AAA"), (D(2024, 6, 28), "BBB")]
    assert out["known_from"].to_list() == [old["known_from"][0], new["known_from"][0]]


def test_of_two_funds_on_a_date_the_one_of_the_lower_number_speaks():
    of = funds(("F", "X", "market_value", 2), ("G", "X", "market_value", 1), ("H", "Y", "market_value", 3))
    both = [
        holdings({"ticker": "AAA"}, {"ticker": "-"}, fund_id="F"),
        holdings({"ticker": "BBB"}, fund_id="G"),
        holdings({"ticker": "AAA"}, fund_id="H"),
        holdings({"ticker": "AAA"}, fund_id="F", as_of=D(2024, 6, 27)),
        holdings({"ticker": "AAA"}, fund_id="F", as_of=D(2024, 6, 26)),
        holdings({"ticker": "-"}, fund_id="G", as_of=D(2024, 6, 26)),
    ]
    out = _members(pl.concat(both), of).sort("as_of", "index_id")
    assert out.select("index_id", "as_of", "fund_id").rows() == [
        ("X", D(2024, 6, 26), "F"),  # G has no member on that day
        ("X", D(2024, 6, 27), "F"),
        ("X", D(2024, 6, 28), "G"),
        ("Y", D(2024, 6, 28), "H"),
    ]
    # What was excluded is told of every file.
    assert len(excluded_holdings(pl.concat(both), LISTED, of, CLASSES)) == 2


def test_a_fund_that_is_not_known_is_an_error():
    with pytest.raises(ValueError, match=r"raw.holding: expected funds of core.fund, was \['Z'\]"):
        _members(holdings({"ticker": "AAA"}, fund_id="Z"))


# Symbol and company


@pytest.mark.parametrize(
    ("ticker", "symbol", "cik", "match"),
    [
        ("AAA", "AAA", 1, "exact"),
        ("CC-B", "CC-B", 3, "exact"),
        ("CCB", "CC-B", 3, "class"),
        ("CC.B", "CC-B", 3, "class"),
        ("TPC", "TPC", 4, "exact"),
        ("TPCA", "T-PC", 5, "table"),
        ("XYB", "XY-B", None, "unresolved"),  # in the table, but not listed
        ("XY.B", "XY-B", None, "unresolved"),
        ("T.PC", "T-PC", 5, "class"),  # two listed symbols have these letters, one of them this spelling
        ("TP.C", "TP-C", None, "unresolved"),
        ("NEW.A", "NEW-A", None, "unresolved"),
        ("TRUE", "TRUE", None, "unresolved"),
    ],
)
def test_a_ticker_leads_to_symbol_and_company(ticker: str, symbol: str, cik: int | None, match: str):
    (row,) = _members(holdings({"ticker": ticker})).rows(named=True)
    assert (row["ticker"], row["symbol"], row["cik"], row["cik_match"]) == (ticker, symbol, cik, match)
    assert row["company_id"] == (f"symbol:{symbol}" if cik is None else f"000000000{cik}")
    assert row["company_name"] == ("FICTION INC" if cik is None else f"Fiction {cik} (made up)")


def test_without_a_list_every_member_is_there_and_unresolved():
    out = _members(holdings({"ticker": "AAA"}, {"ticker": "XYB"}), listed=raw.Listing.create_empty())
    assert out.select("symbol", "company_id", "cik_match").rows() == [
        ("AAA", "symbol:AAA", "unresolved"),
        ("XY-B", "symbol:XY-B", "unresolved"),
    ]


def test_a_symbol_that_changed_hands_leads_to_the_company_of_the_date():
    moved = listings({"AAA": 9}, MARCH + dt.timedelta(days=60), name="Successor (made up)")
    listed = pl.concat([listings({"AAA": 1}, MARCH), moved])
    dates = (D(2023, 1, 3), D(2024, 3, 1), D(2024, 4, 29), D(2024, 4, 30), D(2024, 6, 28))
    out = _members(pl.concat([holdings({"ticker": "AAA"}, as_of=day) for day in dates]), listed=listed)
    assert out["cik"].to_list() == [1, 1, 1, 9, 9]
    assert out["company_name"].to_list() == ["Fiction 1 (made up)"] * 3 + ["Successor (made up)"] * 2


def test_a_symbol_that_one_list_gives_to_two_companies_is_unresolved():
    listed = pl.concat([listings({"AAA": 1}), listings({"AAA": 2})])
    out = _members(holdings({"ticker": "AAA"}), listed=listed)
    assert out.select("symbol", "company_id").rows() == [("AAA", "symbol:AAA")]


# Sector and weight


@pytest.mark.parametrize(
    ("printed", "sector"),
    [
        ("Communication", "Communication Services"),
        ("Communication Services", "Communication Services"),
        ("Information Technology", "Information Technology"),
        (" Health Care ", "Health Care"),
        ("Technology", "Unclassified"),  # Yahoo's word: another scheme
        ("Other", "Unclassified"),
        (None, "Unclassified"),
    ],
)
def test_sectors_have_their_own_names(printed: str | None, sector: str):
    assert _members(holdings({"ticker": "AAA", "printed_sector": printed}))["sector"].to_list() == [sector]


def test_weights_are_market_values_over_those_kept():
    lines = holdings(
        {"ticker": "AAA", "market_value": 300.0, "printed_weight_pct": 50.0},
        {"ticker": "BBB", "market_value": 100.0, "printed_weight_pct": 17.0},
        {"ticker": "USD", "market_value": -151.0, "printed_asset_class": "Cash"},
        {"ticker": "ESZ4", "market_value": 0.0, "printed_asset_class": "Futures"},
    )
    out = _members(lines)
    assert out.select("symbol", "market_value", "weight_share", "weight_source").rows() == [
        ("AAA", 300.0, 0.75, "market_value"),
        ("BBB", 100.0, 0.25, "market_value"),
    ]
    assert out["membership_quality"].unique().to_list() == ["pit_official"]


@pytest.mark.parametrize(
    ("weighting", "absent", "source", "weights"),
    [
        ("market_value", [], "market_value", [0.75, 0.25]),
        ("market_value", ["market_value"], "printed_weight", [0.6, 0.4]),
        ("price", [], "price", [0.2, 0.8]),
        ("price", ["holding_price"], "market_value", [0.75, 0.25]),
        ("price", ["holding_price", "market_value"], "printed_weight", [0.6, 0.4]),
    ],
)
def test_what_members_are_weighed_by(weighting: str, absent: list[str], source: str, weights: list[float]):
    lines = holdings(
        {"ticker": "AAA", "market_value": 300.0, "printed_weight_pct": 30.0, "holding_price": 50.0},
        {"ticker": "BBB", "market_value": 100.0, "printed_weight_pct": 20.0, "holding_price": 200.0},
        {"ticker": "-", "market_value": 50.0, "printed_weight_pct": 50.0, "holding_price": 1.0},
    ).with_columns(pl.lit(None, pl.Float64).alias(column) for column in absent)
    out = _members(lines, funds(("F", "X", weighting, 1)))
    assert out["weight_share"].to_list() == pytest.approx(weights, abs=1e-15)
    assert out["weight_source"].unique().to_list() == [source]


def test_only_lines_that_could_be_members_say_what_members_are_weighed_by():
    cash = {"ticker": "USD", "market_value": 50.0, "printed_asset_class": "Cash"}
    lines = holdings({"ticker": "AAA", "market_value": None}, {"ticker": "BBB", "market_value": None}, cash)
    out = _members(lines)
    assert out.select("symbol", "weight_source", "weight_share").rows() == [
        ("AAA", "printed_weight", 0.5),
        ("BBB", "printed_weight", 0.5),
    ]


def test_a_file_that_weighs_nothing_has_no_members():
    lines = holdings(*[{"ticker": "AAA", "market_value": None, "printed_weight_pct": 0.0}])
    assert _members(lines).is_empty()
    assert _excluded(lines) == {11: "no_weight"}


def test_no_holdings_give_no_members():
    lines = raw.Holding.create_empty()
    assert _members(lines).is_empty()
    assert _excluded(lines) == {}
    assert sector_weights(_members(lines)).is_empty()


# Sector weights


def test_sectors_are_ranked_and_compared_with_the_date_before():
    tech, energy = {"sector": "Information Technology"}, {"sector": "Energy"}
    dates = [
        members(
            {"symbol": "A", "weight_share": 0.5, **tech},
            {"symbol": "B", "weight_share": 0.25, **energy},
            {"symbol": "C", "weight_share": 0.25, "sector": "Unclassified"},
            as_of=D(2024, 6, 26),
        ),
        # A file without sectors is no date before another.
        members({"symbol": "A", "weight_share": 1.0, "sector": "Unclassified"}, as_of=D(2024, 6, 27)),
        members(
            {"symbol": "A", "weight_share": 0.375, **tech},
            {"symbol": "B", "weight_share": 0.25, **energy},
            {"symbol": "D", "weight_share": 0.125, **energy},
            {"symbol": "E", "weight_share": 0.25, "sector": "Utilities"},
            as_of=D(2024, 6, 28),
        ),
        members({"symbol": "A", "weight_share": 1.0, **tech}, index_id="Y", as_of=D(2024, 6, 28)),
    ]
    out = core.SectorWeight.validate(sector_weights(pl.concat(dates)))
    columns = ("index_id", "as_of", "rank", "sector", "weight_share", "members", "weight_change_pct_points")
    assert out.sort("index_id", "as_of", "rank").select(columns).rows() == [
        ("X", D(2024, 6, 26), 1, "Information Technology", 0.5, 1, None),
        ("X", D(2024, 6, 26), 2, "Energy", 0.25, 1, None),
        ("X", D(2024, 6, 26), 3, "Unclassified", 0.25, 1, None),
        ("X", D(2024, 6, 28), 1, "Energy", 0.375, 2, 12.5),
        ("X", D(2024, 6, 28), 2, "Information Technology", 0.375, 1, -12.5),
        ("X", D(2024, 6, 28), 3, "Utilities", 0.25, 1, 25.0),
        ("Y", D(2024, 6, 28), 1, "Information Technology", 1.0, 1, None),
    ]
    previous = out.filter(index_id="X", as_of=D(2024, 6, 28))["previous_as_of"].unique().to_list()
    assert previous == [D(2024, 6, 26)]
