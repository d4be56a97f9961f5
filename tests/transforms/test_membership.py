"""What holds for the members of any holdings; single rules stand in tests/golden."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipelines.contracts import core
from pipelines.contracts.vocabulary import SECTORS
from pipelines.transforms.membership import excluded_holdings, memberships
from tests.frames import days
from tests.transforms.membership_frames import class_tickers, funds, holdings, listings

DAY = days(4)
FUNDS = funds(
    ("F", "X", "market_value", 1), ("G", "X", "market_value", 2), ("P", "Y", "price", 1), ("Q", "Z", "market_value", 1)
)
LISTED = listings({"AAA": 1, "BBB": 2, "CC-A": 3, "CC-B": 3})
CLASSES = class_tickers({"DDB": "DD-B"})
SECTOR_OF_PRINTED = {sector: sector for sector in SECTORS} | {"Communication": "Communication Services"}

_AMOUNT = st.none() | st.floats(-10, 0) | st.floats(1e-6, 1e12)
_LINE = st.fixed_dictionaries(
    {
        "ticker": st.sampled_from(["AAA", "BBB", "CCA", "CC.B", "CC-B", "DDB", "NEW", "-", "USD"]),
        "printed_asset_class": st.sampled_from(["Equity", "Equity", "Equity", None, "Cash", "Futures"]),
        "holding_name": st.sampled_from(["FICTION INC", "FICTION INC", "FICTION CVR", "CVR FICTION", None]),
        "exchange": st.sampled_from(["NASDAQ", "NASDAQ", "NO MARKET (E.G. UNLISTED)", None]),
        "printed_sector": st.sampled_from([*SECTORS, "Communication", "Other", None]),
        "market_value": _AMOUNT,
        "holding_price": _AMOUNT,
        "printed_weight_pct": _AMOUNT,
    }
)


@st.composite
def _holdings(draw: st.DrawFn) -> pl.DataFrame:
    files = st.lists(
        st.tuples(st.sampled_from(FUNDS["fund_id"].to_list()), st.sampled_from(DAY)),
        min_size=1,
        max_size=6,
        unique=True,
    )
    made = []
    for fund_id, as_of in draw(files):
        for version in range(draw(st.integers(1, 2))):
            later = pl.col("known_from") + dt.timedelta(days=version)
            lines = draw(st.lists(_LINE, min_size=1, max_size=8))
            made.append(holdings(*lines, fund_id=fund_id, as_of=as_of).with_columns(later))
    return pl.concat(made)


def _members(lines: pl.DataFrame) -> pl.DataFrame:
    return core.Membership.validate(memberships(lines, LISTED, FUNDS, CLASSES))


def _excluded(lines: pl.DataFrame) -> pl.DataFrame:
    return core.ExcludedHolding.validate(excluded_holdings(lines, LISTED, FUNDS, CLASSES))


@settings(max_examples=60, deadline=None)
@given(lines=_holdings())
def test_weights_sum_to_one_and_members_and_exclusions_are_all_lines(lines: pl.DataFrame):
    out, excluded = _members(lines), _excluded(lines)
    totals = out.group_by("index_id", "as_of").agg(pl.col("weight_share").sum())["weight_share"]
    assert totals.to_list() == pytest.approx([1.0] * len(totals), abs=1e-12)
    newest = lines.filter(pl.col("known_from") == pl.col("known_from").max().over("fund_id", "as_of"))
    index_of = dict(FUNDS.select("fund_id", "index_id").rows())
    speaks: dict[tuple, str] = {}
    for (fund_id, as_of), file in newest.group_by("fund_id", "as_of"):
        members = out.filter(fund_id=fund_id, as_of=as_of)
        left_out = excluded.filter(fund_id=fund_id, as_of=as_of)
        others = out.filter(index_id=index_of[fund_id], as_of=as_of)["fund_id"].unique().to_list()
        if len(members) or len(left_out) == len(file):
            assert len(members) + len(left_out) == len(file)
        else:
            assert (fund_id, others) == ("G", ["F"]), "expected silence only where the first fund speaks"
        if len(members):
            assert speaks.setdefault((index_of[fund_id], as_of), fund_id) == fund_id
    assert excluded.join(newest, on=["fund_id", "as_of", "line"], how="anti").is_empty()


@settings(max_examples=60, deadline=None)
@given(lines=_holdings())
def test_each_member_is_a_line_with_its_sector_and_a_positive_value(lines: pl.DataFrame):
    out = _members(lines)
    # A member is the line of its fund, date, version and ticker that is not excluded.
    facts = lines.join(_excluded(lines), on=["fund_id", "as_of", "line"], how="anti")
    found = out.join(facts, on=["fund_id", "as_of", "known_from", "ticker"], suffix="_printed")
    assert len(found) == len(out)
    value_of = {
        "market_value": "market_value_printed",
        "price": "holding_price",
        "printed_weight": "printed_weight_pct",
    }
    for row in found.rows(named=True):
        assert row["sector"] == SECTOR_OF_PRINTED.get(row["printed_sector"], "Unclassified")
        assert row[value_of[row["weight_source"]]] > 0
        assert (row["cik"] is None) == (row["cik_match"] == "unresolved") == row["company_id"].startswith("symbol:")
        assert row["printed_asset_class"] in ("Equity", None)
        assert row["ticker"] != "-"


@settings(max_examples=30, deadline=None)
@given(lines=_holdings(), doublings=st.integers(-8, 8), seed=st.integers(0, 9))
def test_scale_and_order_of_the_lines_change_no_member(lines: pl.DataFrame, doublings: int, seed: int):
    out = _members(lines)
    # Powers of two, so that nothing is rounded.
    amounts = pl.col("market_value", "holding_price", "printed_weight_pct") * 2.0**doublings
    scaled = _members(lines.with_columns(amounts).sample(fraction=1, shuffle=True, seed=seed))
    assert_frame_equal(scaled.drop("market_value"), out.drop("market_value"), check_exact=True)
    assert_frame_equal(_excluded(lines.sample(fraction=1, shuffle=True, seed=seed)), _excluded(lines), check_exact=True)


@settings(max_examples=30, deadline=None)
@given(lines=_holdings(), last=st.sampled_from(DAY))
def test_later_holdings_change_no_earlier_member(lines: pl.DataFrame, last: dt.date):
    until = pl.col("as_of") <= last
    part = lines.filter(until)
    assert_frame_equal(_members(part), _members(lines).filter(until), check_exact=True)
    assert_frame_equal(_excluded(part), _excluded(lines).filter(until), check_exact=True)
