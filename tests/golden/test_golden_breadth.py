"""Breadth of four stocks over six sessions, every measure worked by hand, and averages whose answer is plain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl
import pytest

from pipelines.contracts import core
from pipelines.contracts.vocabulary import ALL_SECTORS, BREADTH_MEASURES
from pipelines.parameters import Parameters
from pipelines.transforms.breadth import breadth
from tests.frames import days
from tests.market import calendar, stock_bar_frame

DAY = days(300)
PARAMETERS = Parameters(breadth_min_coverage_share=0.75, breadth_extreme_sessions=3, breadth_smoothing_sessions=2)

# High, low and close; C did not trade on session 2, D is a member on sessions 1 to 4.
BARS = {
    "A": [(10, 9, 10), (11, 10, 11), (13, 11, 12), (12, 10, 11), (13, 11, 13), (14, 12, 13)],
    "B": [(21, 19, 20), (20, 19, 20), (20, 18, 19), (19, 18, 18), (19, 17, 18), (18, 16, 17)],
    "C": [(5, 5, 5), (6, 5, 6), None, (7, 6, 6), (7, 6, 7), (7, 6, 6)],
    "D": [(8, 8, 8), (8, 7, 8), (9, 8, 8), (8, 4, 4), (5, 4, 4), (5, 4, 4)],
}
MEMBERS = [
    ("A", 0, None, "Energy", 0.4, "pit_official"),
    ("B", 0, None, "Energy", 0.3, "pit_official"),
    ("C", 0, None, "Utilities", 0.2, "pit_official"),
    ("D", 1, 5, "Utilities", 0.1, "pit_reconstructed"),
]


def stock_bars(bars: Mapping[str, Sequence[tuple | None]]) -> pl.DataFrame:
    """Return ``core.StockBar`` of (high, low, close), one a session; open is the close."""
    rows = [
        (symbol, DAY[at], *map(float, (bar[2], *bar)), 100.0)
        for symbol, of in bars.items()
        for at, bar in enumerate(of)
        if bar is not None
    ]
    names = ["instrument_id", "session", "open", "high", "low", "close", "volume"]
    return stock_bar_frame(pl.DataFrame(rows, schema=names, orient="row"))


def spells(*members: tuple, index_id: str = "X") -> pl.DataFrame:
    """Return ``core.MemberSpell`` of (symbol, first session, session after the last, sector, weight, quality)."""
    rows = [
        (index_id, symbol, DAY[first], None if end is None else DAY[end], sector, weight, quality)
        for symbol, first, end, sector, weight, quality in members
    ]
    return core.MemberSpell.validate(pl.DataFrame(rows, schema=core.MemberSpell.create_empty().schema, orient="row"))


def of(
    bars: Mapping[str, Sequence[tuple | None]],
    members: Sequence[tuple],
    parameters: Parameters = PARAMETERS,
) -> pl.DataFrame:
    return core.Breadth.validate(breadth(stock_bars(bars), spells(*members), calendar(DAY), parameters))


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    return of(BARS, MEMBERS)


def of_measure(table: pl.DataFrame, measure: str, sector: str = ALL_SECTORS) -> list[float | str]:
    """Return the value of a measure at each session, or why there is none."""
    rows = table.filter(pl.col("measure") == measure, pl.col("sector") == sector)
    assert rows["session"].to_list() == DAY[: rows.height]
    return [value if value is not None else reason for value, reason in rows.select("value", "null_reason").rows()]


WARM, COVERAGE, NONE = "warm_up", "coverage", "no_new_highs_or_lows"
PLAIN = {
    # Session 1 is the first with a bar before it; D's stands before D was a member.
    "advances": [WARM, 2, 1, 0, 2, 0],
    "declines": [WARM, 0, 1, 3, 0, 2],
    "unchanged": [WARM, 2, 1, 1, 2, 1],
    "advance_decline_line": [WARM, 2, 2, -1, 1, -1],
    # Three own bars: A, B and D have them on session 2, C, which missed one, on session 3.
    # 2: A and D above, B below. 3: C above (its bars before are of sessions 0 and 1), D below. 4: B below.
    # 5: A above, B below; D has left. Equal highs and lows count as neither.
    "new_highs_252": [WARM, WARM, 2, 1, 0, 1],
    "new_lows_252": [WARM, WARM, 1, 1, 1, 1],
    # 2: A up, B down. 3: B and D down. 4: A and C up. 5: B down.
    "new_high_closes_252": [WARM, WARM, 1, 0, 2, 0],
    "new_low_closes_252": [WARM, WARM, 1, 2, 0, 1],
    "record_high_pct": [WARM, WARM, 200 / 3, 50, 0, 50],
    "high_low_index": [WARM, WARM, WARM, (200 / 3 + 50) / 2, 25, 25],
    "return_equal_pct": [
        WARM,
        (10 + 0 + 20 + 0) / 4,
        (100 / 11 - 5 + 0) / 3,
        (-100 / 12 - 100 / 19 + 0 - 50) / 4,
        (200 / 11 + 0 + 100 / 6 + 0) / 4,
        (0 - 100 / 18 - 100 / 7) / 3,
    ],
    "return_cap_pct": [
        WARM,
        0.4 * 10 + 0.2 * 20,
        (0.4 * 100 / 11 - 0.3 * 5) / 0.8,
        -0.4 * 100 / 12 - 0.3 * 100 / 19 - 0.1 * 50,
        0.4 * 200 / 11 + 0.2 * 100 / 6,
        (-0.3 * 100 / 18 - 0.2 * 100 / 7) / 0.9,
    ],
    "pct_above_50": [WARM] * 6,
    "pct_above_200": [WARM] * 6,
}


@pytest.mark.parametrize("measure", BREADTH_MEASURES)
def test_the_whole_index(table: pl.DataFrame, measure: str) -> None:
    assert of_measure(table, measure) == [want if want == WARM else pytest.approx(want) for want in PLAIN[measure]]


def test_eligible_members_and_coverage(table: pl.DataFrame) -> None:
    whole = table.filter(pl.col("sector") == ALL_SECTORS)
    counts = {
        measure: whole.filter(pl.col("measure") == measure).select("eligible", "members", "coverage_share").rows()
        for measure in ("pct_above_50", "advances", "new_lows_252")
    }
    assert counts == {
        "pct_above_50": [(0, 3, 0), (0, 4, 0), (0, 4, 0), (0, 4, 0), (0, 4, 0), (0, 3, 0)],
        "advances": [(0, 3, 0), (4, 4, 1), (3, 4, 0.75), (4, 4, 1), (4, 4, 1), (3, 3, 1)],
        "new_lows_252": [(0, 3, 0), (0, 4, 0), (3, 4, 0.75), (4, 4, 1), (4, 4, 1), (3, 3, 1)],
    }


def test_the_quality_is_that_of_the_weakest_member(table: pl.DataFrame) -> None:
    line = table.filter(pl.col("measure") == "advances")
    of_sector = {sector: rows["membership_quality"].to_list() for (sector,), rows in line.group_by("sector")}
    official, reconstructed = "pit_official", "pit_reconstructed"
    assert of_sector == {
        ALL_SECTORS: [official, *[reconstructed] * 4, official],
        "Energy": [official] * 6,
        "Utilities": [official, *[reconstructed] * 4, official],
    }


def test_a_session_without_new_highs_or_lows_is_left_out_of_the_index_of_both(table: pl.DataFrame) -> None:
    assert of_measure(table, "record_high_pct", "Energy") == [WARM, WARM, 50, NONE, 0, 50]
    assert of_measure(table, "high_low_index", "Energy") == [WARM, WARM, WARM, 50, 0, 25]


def test_a_sector_short_of_bars_is_null_and_its_line_goes_on_from_where_it_was(table: pl.DataFrame) -> None:
    assert of_measure(table, "advances", "Utilities") == [WARM, 1, COVERAGE, 0, 1, 0]
    assert of_measure(table, "advance_decline_line", "Utilities") == [WARM, 1, COVERAGE, 0, 1, 0]
    assert of_measure(table, "return_equal_pct", "Utilities") == [
        WARM, pytest.approx(10), COVERAGE, -25, pytest.approx(100 / 12), pytest.approx(-100 / 7),
    ]  # fmt: skip


def test_the_index_of_highs_and_lows_needs_every_session_of_its_window(table: pl.DataFrame) -> None:
    """On session 3 the one before it, without the bar of C, is in the window; on session 5 neither says anything."""
    assert of_measure(table, "record_high_pct", "Utilities") == [WARM, WARM, COVERAGE, 50, NONE, NONE]
    assert of_measure(table, "high_low_index", "Utilities") == [WARM, WARM, COVERAGE, COVERAGE, 50, NONE]


# Averages


def flat(close: float, count: int) -> list[tuple]:
    return [(close, close, close)] * count


AT_HOME = [(symbol, 0, None, "Energy", 0.25, "pit_official") for symbol in "ABCD"]


@pytest.mark.parametrize("span", [50, 200])
def test_above_the_average_is_strict_and_asks_for_a_whole_window(span: int) -> None:
    """A has stood at its average throughout, B closes a cent above, C a cent below, D has a bar too few."""
    bars = {
        "A": flat(7.77, span),
        "B": [*flat(7.77, span - 1), (7.78,) * 3],
        "C": [*flat(7.77, span - 1), (7.76,) * 3],
        "D": [None, *flat(20.0, span - 1)],
    }
    values = of_measure(of(bars, AT_HOME), f"pct_above_{span}")
    assert values[:-1] == [WARM] * (span - 1)
    assert values[-1] == pytest.approx(100 / 3)


def test_a_stock_that_stands_still_is_not_above_its_average_by_a_last_digit() -> None:
    """Summed and divided by 50, a running sum of 7.77 is less by the last digit once other closes have left it."""
    still = [*flat(50_000.01, 1), *flat(49_999.37, 5), *flat(7.77, 70)]
    assert of_measure(of({"A": still}, AT_HOME[:1]), "pct_above_50")[55:] == [0] * 21


def test_an_average_is_of_own_sessions_across_those_without_a_bar() -> None:
    """A stands above its average once it has 50 bars, and misses ten sessions on the way."""
    rising = [(close, close, close) for close in range(100, 150)]
    with_gap = [*rising[:20], *[None] * 10, *rising[20:]]
    table = of({"A": with_gap, "B": flat(5.0, 60)}, AT_HOME[:2], Parameters(breadth_min_coverage_share=0.5))
    assert of_measure(table, "pct_above_50")[48:] == [WARM, *[0] * 10, 50]
    eligible = table.filter(pl.col("measure") == "pct_above_50", pl.col("sector") == ALL_SECTORS)["eligible"]
    assert eligible.to_list() == [0] * 49 + [1] * 10 + [2]


def test_the_published_parameters_ask_for_252_bars_and_19_of_20_members() -> None:
    """The close falls for 251 sessions and then closes higher than ever, in 19 stocks; another lacks its first bar."""
    path = [(close, close, close) for close in range(1000, 749, -1)] + [(1001,) * 3, (1,) * 3]
    bars = {f"S{at:02}": path for at in range(19)} | {"T": [None, *path[1:]]}
    members = [(symbol, 0, None, "Energy", 0.05, "pit_official") for symbol in bars]
    table = of(bars, members, Parameters())
    assert of_measure(table, "new_highs_252")[249:] == [WARM, WARM, 19, 0]
    assert of_measure(table, "new_low_closes_252")[249:] == [WARM, WARM, 0, 20]
    assert of_measure(of(bars, members[1:], Parameters()), "new_highs_252")[250:] == [WARM, WARM, 0]


def test_a_spell_holds_from_its_first_day_up_to_its_end() -> None:
    """Members on sessions 1 and 2; the second spell lies between two sessions of the calendar."""
    bars = stock_bars({"A": [*flat(1.0, 3), None, None, (1.0,) * 3]})
    own = spells(("A", 1, 3, "Energy", 1.0, "pit_official"), ("A", 3, 5, "Energy", 1.0, "pit_official"))
    sessions = [DAY[at] for at in (0, 1, 2, 5)]
    rows = breadth(bars, own, calendar(sessions), PARAMETERS).filter(pl.col("measure") == "unchanged")
    columns = ["session", "value", "members", "coverage_share", "membership_quality", "null_reason"]
    assert rows.filter(pl.col("sector") == ALL_SECTORS).select(columns).rows() == [
        (DAY[0], None, 0, None, None, "no_members"),
        (DAY[1], 1, 1, 1, "pit_official", None),
        (DAY[2], 1, 1, 1, "pit_official", None),
        (DAY[5], None, 0, None, None, "no_members"),
    ]
    assert rows.filter(pl.col("sector") == "Energy")["session"].to_list() == DAY[1:3]
