"""What breadth refuses, why values are null, and what holds for any bars and spells."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipelines.contracts import core
from pipelines.contracts.vocabulary import ALL_SECTORS, BREADTH_MEASURES, MEMBERSHIP_QUALITIES
from pipelines.parameters import Parameters
from pipelines.transforms.breadth import breadth, measures_of
from pipelines.transforms.breadth_tally import rows_looked_back, tallies_of
from tests.frames import days
from tests.market import calendar, random_bars, stock_bar_frame

DAY = days(280)
SMALL = Parameters(breadth_min_coverage_share=0.5, breadth_extreme_sessions=4, breadth_smoothing_sessions=3)
SYMBOLS = ["A", "B", "C", "D", "E"]
SPELL: dict[str, Any] = {
    "index_id": "X",
    "symbol": "A",
    "effective_from": DAY[0],
    "effective_to": None,
    "sector": "Energy",
    "weight_share": 0.5,
    "membership_quality": "pit_official",
}


def spells(*rows: dict[str, Any]) -> pl.DataFrame:
    """Return ``core.MemberSpell`` rows that differ from ``SPELL`` as told."""
    return core.MemberSpell.validate(
        pl.DataFrame([SPELL | row for row in rows], schema=core.MemberSpell.create_empty().schema)
    )


def walks(symbols: Sequence[str], count: int, **options: Any) -> pl.DataFrame:
    """Return ``core.StockBar`` of random walks."""
    return stock_bar_frame(random_bars(7, DAY[:count], symbols, **options))


def rows_of(bars: pl.DataFrame, members: pl.DataFrame, parameters: Parameters = SMALL) -> pl.DataFrame:
    return core.Breadth.validate(breadth(bars, members, calendar(DAY), parameters))


def reasons(rows: pl.DataFrame, measure: str, sector: str = ALL_SECTORS) -> list[str | None]:
    return rows.filter(pl.col("measure") == measure, pl.col("sector") == sector)["null_reason"].to_list()


def all_of(symbols: Sequence[str], **facts: Any) -> pl.DataFrame:
    return spells(*({"symbol": symbol} | facts for symbol in symbols))


# What is refused


def test_two_spells_of_a_symbol_in_one_index_must_not_overlap() -> None:
    first, second = {"effective_to": DAY[5]}, {"effective_from": DAY[4], "sector": "Utilities"}
    with pytest.raises(ValueError, match=r"member_spell X A 2020-01-05: expected a spell that begins when the one"):
        rows_of(walks("A", 9), spells(first, second))
    open_end = spells({}, {"effective_from": DAY[4]})
    with pytest.raises(ValueError, match="was one within it"):
        rows_of(walks("A", 9), open_end)
    touching = spells(first, {"effective_from": DAY[5]}, {"index_id": "Y"})
    assert rows_of(walks("A", 9), touching).filter(pl.col("sector") == ALL_SECTORS)["members"].unique().item() == 1


def test_a_bar_off_the_calendar_is_refused() -> None:
    with pytest.raises(ValueError, match=r"core.breadth A 2020-01-09: expected a session of core.session, was none"):
        breadth(walks("A", 9), spells({}), calendar(DAY[:8]), SMALL)


def test_no_bars_or_no_spells_give_no_rows() -> None:
    assert rows_of(core.StockBar.create_empty(), spells({})).is_empty()
    assert rows_of(walks("A", 5), core.MemberSpell.create_empty()).is_empty()


# Which rows there are


def test_rows_reach_from_the_first_bar_of_any_stock_to_the_last() -> None:
    bars = walks("AB", 9).filter((pl.col("instrument_id") == "B") | pl.col("session").is_between(DAY[3], DAY[5]))
    rows = rows_of(bars, spells({}))
    whole = rows.filter(pl.col("sector") == ALL_SECTORS)
    assert whole.group_by("measure").len()["len"].to_list() == [9] * len(BREADTH_MEASURES)
    assert set(rows["measure"]) == set(BREADTH_MEASURES)
    assert reasons(rows, "advances") == [*["coverage"] * 3, "warm_up", None, None, *["coverage"] * 3]


def test_members_without_any_bar_count_against_the_coverage() -> None:
    rows = rows_of(walks("A", 9), all_of("ABC"))
    assert set(reasons(rows, "unchanged")) == {"coverage"}
    assert rows.filter(pl.col("measure") == "unchanged")["members"].unique().to_list() == [3]


def test_a_member_that_changes_its_sector_takes_its_history_along() -> None:
    before = {"effective_to": DAY[30]}
    after = {"effective_from": DAY[30], "sector": "Utilities"}
    rows = rows_of(walks("A", 80), spells(before, after))
    assert reasons(rows, "pct_above_50", "Energy") == ["warm_up"] * 30
    assert reasons(rows, "pct_above_50", "Utilities") == [*["warm_up"] * 19, *[None] * 31]
    utilities = rows.filter(pl.col("sector") == "Utilities", pl.col("measure") == "pct_above_50")
    whole = rows.filter(pl.col("sector") == ALL_SECTORS, pl.col("measure") == "pct_above_50")
    assert utilities["value"].equals(whole["value"][30:])


# Why values are null


def test_one_member_without_a_weight_leaves_the_weighted_return_null() -> None:
    members = spells({}, {"symbol": "B", "sector": "Utilities"}, {"symbol": "C", "weight_share": None})
    rows = rows_of(walks("AB", 6), members)  # C has no bar either, and still belongs to the index
    assert reasons(rows, "return_cap_pct") == ["warm_up", *["no_weights"] * 5]
    assert reasons(rows, "return_cap_pct", "Utilities") == ["warm_up", *[None] * 5]
    assert reasons(rows, "return_equal_pct") == ["warm_up", *[None] * 5]
    assert reasons(rows_of(walks("A", 3), spells({"weight_share": 0.0})), "return_cap_pct")[1:] == ["no_weights"] * 2


def test_young_histories_are_warm_up_and_absent_bars_are_coverage() -> None:
    """Of four members three must be eligible: B and C are listed late, then A and B miss a session."""
    bars = walks("ABCD", 8).filter(
        (pl.col("session") >= DAY[2]) | pl.col("instrument_id").is_in(["A", "D"]),
        (pl.col("session") != DAY[6]) | ~pl.col("instrument_id").is_in(["A", "B"]),
    )
    parameters = SMALL.model_copy(update={"breadth_min_coverage_share": 0.75})
    rows = rows_of(bars, all_of("ABCD"), parameters)
    assert reasons(rows, "advances") == ["coverage", "coverage", "warm_up", *[None] * 3, "coverage", None]
    of = {
        measure: rows.filter(pl.col("measure") == measure, pl.col("sector") == ALL_SECTORS)["value"].to_list()
        for measure in ("advances", "declines", "advance_decline_line")
    }
    net = [up - down for up, down in zip(of["advances"][3:6], of["declines"][3:6], strict=True)]
    assert of["advance_decline_line"][3:6] == [sum(net[: at + 1]) for at in range(3)]
    assert of["advance_decline_line"][7] == sum(net) + of["advances"][7] - of["declines"][7]


def test_members_of_whom_none_is_eligible_are_null_whatever_the_threshold() -> None:
    parameters = SMALL.model_copy(update={"breadth_min_coverage_share": 0.0})
    assert reasons(rows_of(walks("A", 3), spells({}), parameters), "return_equal_pct") == ["warm_up", None, None]


def test_the_weight_of_a_member_without_a_return_does_not_count() -> None:
    """B's first bar is on session 2: the return of that session is A's."""
    bars = walks("AB", 5).filter((pl.col("instrument_id") == "A") | (pl.col("session") >= DAY[2]))
    rows = rows_of(bars, all_of("AB")).filter(pl.col("session") == DAY[2], pl.col("sector") == ALL_SECTORS)
    closes = bars.filter(pl.col("instrument_id") == "A")["close"]
    expected = pytest.approx((closes[2] / closes[1] - 1) * 100)
    values = dict(rows.select("measure", "value").rows())
    assert (values["return_cap_pct"], values["return_equal_pct"]) == (expected, expected)


def test_a_line_or_index_begins_anew_in_a_sector_that_had_no_members() -> None:
    """The sector's line goes on after the gap; its window of highs and lows has to fill up again."""
    spans = [{"effective_to": DAY[20]}, {"effective_from": DAY[30]}]
    rows = rows_of(walks("AB", 60), spells(*spans, {"symbol": "B", "sector": "Utilities"}))
    energy = rows.filter(pl.col("sector") == "Energy")
    line = energy.filter(pl.col("measure") == "advance_decline_line")
    assert line["session"].to_list() == DAY[:20] + DAY[30:60]
    ends = dict(line.select("session", "value").rows())
    assert abs(ends[DAY[30]] - ends[DAY[19]]) == 1
    smooth = reasons(rows, "high_low_index", "Energy")
    assert smooth[20:22] == ["warm_up", "warm_up"]
    assert "warm_up" not in smooth[22:]


# What holds for any bars and spells


@st.composite
def markets(draw: st.DrawFn) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Draw bars of up to five stocks with few prices, so that ties and records abound, and spells of theirs."""
    count = draw(st.integers(2, 14))
    price = st.integers(8, 12)
    rows = []
    for symbol in SYMBOLS:
        for day in DAY[:count]:
            if draw(st.integers(0, 7)):
                low, close, high = sorted((draw(price), draw(price), draw(price)))
                rows.append((symbol, day, close, high, low, close, 1))
    numbers = dict.fromkeys(("open", "high", "low", "close", "volume"), pl.Float64)
    schema = {"instrument_id": pl.String, "session": pl.Date} | numbers
    prices = pl.DataFrame(rows, schema=schema, orient="row", strict=False)
    members = []
    for index_id in ("X", "Y"):
        for symbol in SYMBOLS:
            edges = sorted(set(draw(st.lists(st.integers(-2, count + 2), max_size=4))))
            for first, end in zip(edges[::2], [*edges[1::2], None], strict=False):
                members.append(
                    SPELL
                    | {"index_id": index_id, "symbol": symbol, "effective_from": DAY[0] + dt.timedelta(days=first)}
                    | {"effective_to": None if end is None else DAY[0] + dt.timedelta(days=end)}
                    | {"sector": draw(st.sampled_from(["Energy", "Utilities"]))}
                    | {"weight_share": draw(st.sampled_from([0.1, 0.3, 0.7, None] if symbol == "E" else [0.1, 0.3]))}
                    | {"membership_quality": draw(st.sampled_from(MEMBERSHIP_QUALITIES))}
                )
    return stock_bar_frame(prices), spells(*members)


@settings(max_examples=60, deadline=None)
@given(market=markets())
def test_values_keep_their_bounds_and_add_up(market: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    rows = rows_of(*market)
    assert rows.filter(pl.col("eligible") > pl.col("members")).is_empty()
    given_ = rows.drop_nulls("value")
    assert given_.filter(pl.col("eligible") / pl.col("members") < SMALL.breadth_min_coverage_share).is_empty()
    per_cent = given_.filter(pl.col("measure").is_in(["pct_above_50", "record_high_pct", "high_low_index"]))
    assert per_cent["value"].is_between(0, 100).all()
    counts = given_.filter(pl.col("measure").str.contains("^(advances|declines|unchanged|new_.*)$"))
    assert (counts["value"].is_between(0, counts["eligible"]) & (counts["value"] % 1 == 0)).all()
    returns = given_.filter(pl.col("measure").str.starts_with("return_"))
    assert returns["value"].is_between((8 / 12 - 1) * 100 - 1e-9, (12 / 8 - 1) * 100 + 1e-9).all()
    key = ["index_id", "sector", "session"]
    parts = given_.filter(pl.col("measure").is_in(["advances", "declines", "unchanged"]))
    assert (
        (parts.group_by(key).agg(pl.col("value").sum(), pl.col("eligible").first()))
        .filter(pl.col("value") != pl.col("eligible"))
        .is_empty()
    )
    sectors = rows.filter(pl.col("sector") != ALL_SECTORS).group_by("index_id", "session", "measure")
    whole = rows.filter(pl.col("sector") == ALL_SECTORS).join(
        sectors.agg(pl.col("members", "eligible").sum()), on=["index_id", "session", "measure"], suffix="_of_sectors"
    )
    assert whole.filter(pl.col("members") != pl.col("members_of_sectors")).is_empty()
    assert whole.filter(pl.col("eligible") != pl.col("eligible_of_sectors")).is_empty()


@settings(max_examples=40, deadline=None)
@given(market=markets(), keep=st.integers(1, 13))
def test_later_bars_change_no_earlier_row(market: tuple[pl.DataFrame, pl.DataFrame], keep: int) -> None:
    bars, members = market
    earlier = bars.filter(pl.col("session") <= DAY[keep])
    cut = rows_of(earlier, members)
    last = earlier["session"].max()
    assert cut.equals(rows_of(bars, members).filter(pl.col("session") <= last) if last else cut.clear())


@pytest.mark.parametrize("count", [1, 49, 50, 51, 79])
def test_later_bars_change_no_average_before(count: int) -> None:
    bars, members = walks("ABC", 80, missing_share=0.1), all_of("ABC")
    cut = rows_of(bars.filter(pl.col("session") <= DAY[count]), members)
    assert cut.equals(rows_of(bars, members).filter(pl.col("session") <= DAY[count]))


@settings(max_examples=25, deadline=None)
@given(market=markets(), seed=st.integers(0, 1000))
def test_the_order_of_rows_means_nothing(market: tuple[pl.DataFrame, pl.DataFrame], seed: int) -> None:
    shuffled = [frame.sample(fraction=1.0, shuffle=True, seed=seed) for frame in market]
    assert rows_of(*shuffled).equals(rows_of(*market))


@pytest.mark.parametrize("parts", [1, 7, 40])
def test_how_many_parts_stocks_are_tallied_in_changes_no_digit_but_the_last(parts: int) -> None:
    symbols = [f"S{at:02}" for at in range(40)]
    bars = walks(symbols, 80, missing_share=0.1)
    members = all_of(symbols, weight_share=1 / 40)
    reference = rows_of(bars, members)
    tallies = []
    for part in range(parts):
        own = symbols[part::parts]
        some, theirs = bars.filter(pl.col("instrument_id").is_in(own)), members.filter(pl.col("symbol").is_in(own))
        tallies.append(tallies_of(some, theirs, pl.Series(DAY[:80]), SMALL))
    rows = measures_of(pl.concat(tallies), members["index_id"], pl.Series(DAY[:80]), SMALL)
    assert rows.drop("value").equals(reference.drop("value"))
    assert (rows["value"] - reference["value"]).abs().max() < 1e-12
    shuffled = bars.sample(fraction=1.0, shuffle=True, seed=1)
    assert rows_of(shuffled, members.reverse()).equals(reference)


def gone_on(bars: pl.DataFrame, members: pl.DataFrame, begin: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows from a session on, and the same made of the bars and lines that stand in front of it."""
    last = bars["session"].max()
    whole = rows_of(bars, members).filter(pl.col("session") <= last)
    first = max(begin - SMALL.breadth_smoothing_sessions + 1, 0)
    in_front = bars.filter(pl.col("session") < DAY[first]).sort("session").group_by("instrument_id")
    needed = pl.concat([in_front.tail(rows_looked_back(SMALL)), bars.filter(pl.col("session") >= DAY[first])])
    days = pl.Series(DAY).filter(pl.Series(DAY).is_between(DAY[first], last))
    lines = (
        whole.filter(pl.col("measure") == "advance_decline_line", pl.col("session") < DAY[first])
        .drop_nulls("value")
        .group_by("index_id", "sector", maintain_order=True)
        .agg(line_before=pl.col("value").last())
    )
    rows = measures_of(tallies_of(needed, members, days, SMALL), members["index_id"], days, SMALL, lines)
    return whole.filter(pl.col("session") >= DAY[begin]), rows.filter(pl.col("session") >= DAY[begin])


@settings(max_examples=60, deadline=None)
@given(market=markets(), begin=st.integers(0, 13))
def test_a_day_that_goes_on_has_the_digits_of_the_whole(market: tuple[pl.DataFrame, pl.DataFrame], begin: int) -> None:
    bars, members = market
    assume(not bars.is_empty() and not members.is_empty())
    assume(bars["session"].min() == DAY[0] and bars["session"].max() >= DAY[begin])
    whole, rows = gone_on(bars, members, begin)
    assert rows.equals(whole)


@pytest.mark.parametrize("begin", [60, 199, 200, 260])
def test_averages_that_go_on_have_the_digits_of_the_whole(begin: int) -> None:
    symbols = [f"S{at:02}" for at in range(12)]
    bars = walks(symbols, 280, missing_share=0.1)
    members = all_of(symbols, weight_share=1 / 12)
    whole, rows = gone_on(bars, members, begin)
    assert whole.filter(pl.col("measure") == "pct_above_50")["value"].null_count() < 21
    assert rows.equals(whole)
