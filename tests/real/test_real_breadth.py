"""Breadth of the real panel against a plain pandas computation, and of an index that the panel covers in part."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pytest

from pipelines.contracts import core
from pipelines.contracts.vocabulary import ALL_SECTORS, BREADTH_MEASURES, SECTORS
from pipelines.parameters import Parameters
from pipelines.sources.calendar import sessions_between
from pipelines.sources.panel import read_panel
from pipelines.transforms.breadth import breadth
from pipelines.transforms.session import number_sessions
from pipelines.transforms.stock_bar import screen_stock_bars, stock_bar_warnings
from tests.market import stock_bar_frame

PARAMETERS = Parameters()
NOW = dt.datetime(2024, 12, 3, tzinfo=dt.UTC)
SPANS = {"pct_above_50": 50, "pct_above_200": 200}


class Panel(NamedTuple):
    received: pl.DataFrame
    bars: pl.DataFrame
    rejected: pl.DataFrame
    sessions: pl.DataFrame
    frame: pd.DataFrame
    """The file as pandas reads it, without the rows that have no volume."""


@pytest.fixture(scope="module")
def panel(real_data: Path) -> Panel:
    path = real_data / "panel" / "bars_2023_2024h1.parquet"
    received = read_panel(path)
    calendar = sessions_between(dt.date(2023, 1, 1), dt.date(2024, 12, 31))
    accepted, rejected = screen_stock_bars(received, calendar, NOW, PARAMETERS)
    bars = stock_bar_frame(accepted)
    frame = pd.read_parquet(path)
    frame = frame[frame["volume"] > 0].assign(symbol=frame["symbol"].replace("BRK.B", "BRK-B"))
    frame["date"] = pd.to_datetime(frame["date"])
    return Panel(received, bars, rejected, number_sessions(calendar, bars, PARAMETERS), frame)


# What is in the file


def test_every_row_is_read_and_none_needs_a_payload(panel: Panel) -> None:
    assert panel.received.height == 202_997
    assert panel.received["payload"].unique().to_list() == [None]
    assert panel.received["instrument_id"].n_unique() == 549
    assert "BRK-B" in panel.received["instrument_id"]


def test_fillers_are_rejected_and_nothing_else_is(panel: Panel) -> None:
    assert panel.rejected["rule"].value_counts().rows() == [("filler_bar", 4_063)]
    assert panel.bars.height == 202_997 - 4_063 == len(panel.frame)
    assert panel.rejected["instrument_id"].n_unique() == 104
    assert panel.rejected["row_id"].is_unique().all()


def test_the_price_of_a_filler_is_often_not_the_last_traded_one(real_data: Path) -> None:
    """So a rule that asks for the close before, or a filled price, would let false prices in."""
    frame = pd.read_parquet(real_data / "panel" / "bars_2023_2024h1.parquet").sort_values(["symbol", "date"])
    is_filler = frame["volume"] == 0
    prices = frame.loc[is_filler, ["open", "high", "low", "close"]]
    assert (prices.nunique(axis=1) == 1).all()
    before = frame.groupby("symbol")["close"].shift()
    assert (is_filler & before.notna() & (frame["close"] != before)).sum() == 498
    traded = frame["close"].where(~is_filler).groupby(frame["symbol"]).ffill()
    assert (is_filler & traded.notna() & (frame["close"] != traded)).sum() == 1_017


def test_jumps_and_stale_closes_are_warned_of(panel: Panel) -> None:
    warnings = core.StockBarWarning.validate(stock_bar_warnings(panel.bars, PARAMETERS))
    frame = panel.frame.sort_values(["symbol", "date"])
    change = frame.groupby("symbol")["close"].pct_change(fill_method=None)
    jumps = frame[change.abs() > 0.5]
    found = warnings.filter(pl.col("warning") == "jump")
    expected = list(zip(jumps["symbol"], jumps["date"].dt.date, strict=True))
    assert found.select("instrument_id", "session").rows() == expected
    assert len(expected) == 29
    assert found["warning_value"].to_list() == pytest.approx(change[jumps.index].to_list())
    same = frame.groupby("symbol")["close"].diff() == 0
    stale = same & same.groupby(frame["symbol"]).shift(fill_value=False)
    step = np.log1p(change)
    deviation = step.groupby(frame["symbol"]).transform(lambda steps: steps.rolling(252).std().shift())
    unusual = (step / deviation).abs() > 8
    assert dict(warnings["warning"].value_counts().rows()) == {
        "stale_close": stale.sum(),
        "jump": 29,
        "unusual_move": unusual.sum(),
    }
    assert (stale.sum(), unusual.sum()) == (41, 55)


# Breadth of all symbols


def sector_of(symbol: str) -> str:
    """Return a made-up sector; the panel names none."""
    return SECTORS[ord(symbol[0]) % 3]


def weight_of(symbol: str) -> float:
    """Return a made-up weight."""
    return len(symbol) / 2000


@pytest.fixture(scope="module")
def spells(panel: Panel) -> pl.DataFrame:
    """Every symbol from its first bar to its last, as the universe ``panel``; sectors and weights are made up."""
    frame = panel.bars.group_by(symbol="instrument_id").agg(
        effective_from=pl.col("session").min(), effective_to=pl.col("session").max() + dt.timedelta(days=1)
    )
    made = [(sector_of(symbol), weight_of(symbol)) for symbol in frame["symbol"]]
    return core.MemberSpell.validate(
        frame.with_columns(
            index_id=pl.lit("panel"),
            sector=pl.Series([sector for sector, _ in made]),
            weight_share=pl.Series([weight for _, weight in made]),
            membership_quality=pl.lit("current_backfilled"),
        ).select(core.MemberSpell.column_names())
    )


def by_stock(stock: pd.DataFrame) -> pd.DataFrame:
    """Return what one stock adds to each measure on the sessions of its bars; NaN where it is not eligible."""
    stock = stock.sort_values("date")
    high, low, close = stock["high"], stock["low"], stock["close"]
    before = close.shift(1)
    facts = {"date": stock["date"], "change": close / before - 1}
    for measure, span in SPANS.items():
        average = close.rolling(span).mean()
        facts[measure] = (close > average * (1 + 1e-9)).where(average.notna())
    facts["advances"] = (close > before).where(before.notna())
    facts["declines"] = (close < before).where(before.notna())
    facts["unchanged"] = (close == before).where(before.notna())
    for measure, price, side in (
        ("new_highs_252", high, "max"),
        ("new_lows_252", low, "min"),
        ("new_high_closes_252", close, "max"),
        ("new_low_closes_252", close, "min"),
    ):
        extreme = getattr(price.shift(1).rolling(251), side)()
        is_new = price > extreme if side == "max" else price < extreme
        facts[measure] = is_new.where(extreme.notna())
    table = pd.DataFrame(facts)
    symbol = stock["symbol"].iloc[0]
    table["weight"] = table["change"].notna() * weight_of(symbol)
    table["weighted"] = table["change"] * weight_of(symbol)
    return table.astype(dict.fromkeys(table.columns.drop("date"), float)).assign(sector=sector_of(symbol))


NEEDS = {
    **dict.fromkeys(("advance_decline_line", "return_equal_pct", "return_cap_pct"), "change"),
    **dict.fromkeys(("record_high_pct", "high_low_index"), "new_highs_252"),
}
"""The fact whose members are the eligible ones of a measure, where it is not the measure itself."""


def plain_breadth(frame: pd.DataFrame) -> dict[tuple[str, str], pd.DataFrame]:
    """Return (sector, measure) -> value (NaN where none is published), eligible and members by session."""
    stocks = pd.concat([by_stock(stock) for _, stock in frame.groupby("symbol")])
    spans = frame.groupby("symbol")["date"].agg(["min", "max"])
    result = {}
    for sector in (ALL_SECTORS, *sorted(stocks["sector"].unique())):
        own = stocks if sector == ALL_SECTORS else stocks[stocks["sector"] == sector]
        among = spans if sector == ALL_SECTORS else spans[spans.index.map(sector_of) == sector]
        total = own.drop(columns="sector").groupby("date").sum()
        eligible = own.drop(columns="sector").groupby("date").count()
        members = pd.Series({day: ((among["min"] <= day) & (day <= among["max"])).sum() for day in total.index})
        is_published = eligible.div(members, axis=0) >= 0.95
        values = total.copy()
        for measure in SPANS:
            values[measure] = total[measure] / eligible[measure] * 100
        net = total["advances"] - total["declines"]
        values["advance_decline_line"] = net.where(is_published["change"]).cumsum()
        values["return_equal_pct"] = total["change"] / eligible["change"] * 100
        values["return_cap_pct"] = total["weighted"] / total["weight"] * 100
        extremes = total["new_highs_252"] + total["new_lows_252"]
        percentage = (total["new_highs_252"] / extremes * 100).where(is_published["new_highs_252"] & (extremes > 0))
        is_whole = is_published["new_highs_252"].rolling(10).sum() == 10
        values["record_high_pct"] = percentage
        values["high_low_index"] = percentage.rolling(10, min_periods=1).mean().where(is_whole)
        for measure in BREADTH_MEASURES:
            needed = NEEDS.get(measure, measure)
            result[sector, measure] = pd.DataFrame(
                {
                    "value": values[measure].where(is_published[needed]),
                    "eligible": eligible[needed],
                    "members": members,
                }
            )
    return result


@pytest.fixture(scope="module")
def ours(panel: Panel, spells: pl.DataFrame) -> pl.DataFrame:
    return core.Breadth.validate(breadth(panel.bars, spells, panel.sessions, PARAMETERS))


@pytest.fixture(scope="module")
def plain(panel: Panel) -> dict[tuple[str, str], pd.DataFrame]:
    return plain_breadth(panel.frame)


@pytest.mark.parametrize("measure", BREADTH_MEASURES)
def test_every_session_agrees_with_pandas(
    ours: pl.DataFrame, plain: dict[tuple[str, str], pd.DataFrame], measure: str
) -> None:
    sectors = ours["sector"].unique().to_list()
    assert len(sectors) == 4
    for sector in sectors:
        rows = ours.filter(pl.col("measure") == measure, pl.col("sector") == sector)
        expected = plain[sector, measure]
        assert rows["session"].to_list() == [day.date() for day in expected.index]
        assert rows.height == 374
        for count in ("eligible", "members"):
            assert rows[count].to_list() == expected[count].to_list()
        values = rows["value"].cast(pl.Float64).fill_null(np.nan).to_numpy()
        np.testing.assert_allclose(values, expected["value"].to_numpy(), rtol=1e-9, atol=1e-9, err_msg=sector)


def test_published_sessions_of_all_symbols(ours: pl.DataFrame) -> None:
    """The day after Thanksgiving of 2023 had 31 fillers; 252 own bars came late where fillers had thinned them."""
    whole = ours.filter(pl.col("sector") == ALL_SECTORS)
    counts = dict(whole.group_by("measure").agg(pl.col("value").count()).rows())
    assert counts == {
        "pct_above_50": 321, "pct_above_200": 134, "advances": 372, "declines": 372, "unchanged": 372,
        "advance_decline_line": 372, "new_highs_252": 55, "new_lows_252": 55, "new_high_closes_252": 55,
        "new_low_closes_252": 55, "record_high_pct": 55, "high_low_index": 25, "return_equal_pct": 372,
        "return_cap_pct": 372,
    }  # fmt: skip
    short = whole.filter(pl.col("measure") == "advances", pl.col("value").is_null())
    assert short.select("session", "null_reason").rows() == [
        (dt.date(2023, 1, 3), "warm_up"),
        (dt.date(2023, 11, 24), "coverage"),
    ]


# Breadth of the S&P 500, of which the panel has 217 members


def test_an_index_with_too_few_bars_is_null_for_want_of_coverage(panel: Panel, real_data: Path) -> None:
    history = pd.read_csv(real_data / "membership" / "sp500_history.csv", parse_dates=["opt-in", "opt-out"])
    history = history[~(history["opt-out"] < pd.Timestamp("2023-01-01"))]
    spells = pl.DataFrame(
        {
            "index_id": ["SPX"] * len(history),
            "symbol": history["symbol"].str.replace(".", "-").to_list(),
            "effective_from": history["opt-in"].dt.date.to_list(),
            "effective_to": [None if pd.isna(day) else day.date() for day in history["opt-out"]],
            "sector": ["Unclassified"] * len(history),
            "weight_share": None,
            "membership_quality": ["pit_reconstructed"] * len(history),
        },
        schema=core.MemberSpell.create_empty().schema,
    )
    rows = core.Breadth.validate(
        breadth(panel.bars, core.MemberSpell.validate(spells), panel.sessions, PARAMETERS)
    ).filter(pl.col("sector") == ALL_SECTORS)
    assert rows.height == 374 * len(BREADTH_MEASURES)
    assert rows["null_reason"].unique().to_list() == ["coverage"]
    assert rows["value"].null_count() == rows.height
    last = rows.filter(pl.col("session") == dt.date(2024, 6, 28), pl.col("measure") == "advances").row(0, named=True)
    assert (last["members"], last["membership_quality"]) == (502, "pit_reconstructed")
    is_member = (history["opt-in"] <= "2024-06-28") & ~(history["opt-out"] <= "2024-06-28")
    symbols = set(history.loc[is_member, "symbol"].str.replace(".", "-"))
    traded = panel.frame[panel.frame["date"] == "2024-06-28"]["symbol"]
    assert last["eligible"] == len(symbols & set(traded))
    assert last["coverage_share"] == pytest.approx(last["eligible"] / 502)
