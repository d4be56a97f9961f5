"""Which version of a bar stands, as a vendor's faults are told day by day: every close is given by the true walk."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipelines.contracts import core, raw
from pipelines.parameters import Parameters
from pipelines.transforms.bar import latest_bars
from pipelines.transforms.quarantine import accepted_bars, accepted_stock_bars
from tests.transforms.vendor_story import Story, at, walk

N = 30
TRUE = walk(60)
HALF = [close / 2 for close in TRUE]


def approx(closes: list[float]) -> object:
    return pytest.approx(closes, rel=1e-9)


def loaded(closes: list[float] = TRUE, size: int = N) -> Story:
    """Return a story whose first fetch, on the day of the last session, brings that many sessions."""
    story = Story()
    story.fetch(size - 1, closes[:size])
    return story


# Nothing to hold back


def test_a_calm_history_stands_and_a_small_revision_is_accepted() -> None:
    story = loaded()
    revised = [*TRUE[:3], *(close * 1.004 for close in TRUE[3:N])]
    story.fetch(N, revised)
    closes, held = story.told(N)
    assert closes == approx(revised)
    assert held == {}
    assert story.told(N - 1)[0] == approx(TRUE[:N])


def test_a_handful_of_restated_closes_is_a_revision() -> None:
    story = loaded()
    revised = list(TRUE[:N])
    for session, factor in ((4, 1.2), (5, 1.2), (6, 1.2), (7, 1.2), (20, 0.85)):
        revised[session] *= factor
    story.fetch(N, revised)
    assert story.told(N) == (approx(revised), {})


def test_a_few_closes_restated_by_much_are_a_revision_only_where_they_meet_a_neighbour() -> None:
    """In the midst a spike appears; at the end of the history the price may well have fallen so far."""
    for session, is_held in ((N - 8, True), (N - 1, False)):
        story = loaded()
        wrong = [close * (0.47 if at == session else 1) for at, close in enumerate(TRUE[:N])]
        story.fetch(N, wrong)
        held = {session: "partial_split"} if is_held else {}
        assert story.told(N) == (approx(TRUE[:N] if is_held else wrong), held)
        story.fetch(N + 1, TRUE[: N + 2])
        assert story.told(N + 1) == (approx(TRUE[: N + 2]), {})


def test_five_neighbours_restated_each_by_its_own_share_are_a_revision() -> None:
    story = loaded()
    revised = [close * (1 + 0.02 * (session % 3 + 1)) for session, close in enumerate(TRUE[:N])]
    story.fetch(N, revised)
    assert story.told(N) == (approx(revised), {})


def test_the_first_bars_of_a_young_stock_may_be_restated_by_one_ratio() -> None:
    story = loaded(size=4)
    story.fetch(4, HALF[:4])
    assert story.told(4) == (approx(HALF[:4]), {})


# Splits that no action tells of


def test_a_history_restated_by_one_ratio_is_held_back_until_the_action_arrives() -> None:
    story = loaded()
    story.fetch(N, HALF[: N + 1])
    closes, held = story.told(N)
    assert closes == approx(TRUE[:N])
    assert held == dict.fromkeys(range(N + 1), "unseen_split")
    # The daily window brings one more session on the new basis, and nothing of the old ones.
    story.fetch(N + 1, HALF[N - 8 : N + 2], first=N - 8)
    assert story.told(N + 1) == (approx(TRUE[:N]), dict.fromkeys(range(N + 2), "unseen_split"))
    # The action arrives, and the whole history is asked for again.
    story.fetch(N + 2, HALF[: N + 3], splits=[(N, 2.0)])
    assert story.told(N + 2) == (approx(HALF[: N + 3]), {})
    assert story.told(N + 1) == (approx(TRUE[:N]), dict.fromkeys(range(N + 2), "unseen_split"))


def test_the_action_alone_lets_new_sessions_in_and_adjusts_what_stood() -> None:
    story = loaded()
    story.fetch(N, HALF[: N + 1])
    story.fetch(N + 1, HALF[N : N + 2], first=N, splits=[(N, 2.0)])
    closes, held = story.told(N + 1)
    assert closes == approx(HALF[: N + 2])
    assert held == dict.fromkeys(range(N), "unseen_split")


def test_a_vendor_that_goes_back_leaves_nothing_held_back() -> None:
    story = loaded()
    story.fetch(N, HALF[: N + 1])
    story.fetch(N + 1, TRUE[: N + 2])
    assert story.told(N + 1) == (approx(TRUE[: N + 2]), {})


def test_the_daily_window_alone_shows_a_split_in_part() -> None:
    story = loaded()
    story.fetch(N, HALF[N - 10 : N + 1], first=N - 10)
    closes, held = story.told(N)
    assert closes == approx(TRUE[:N])
    assert held == dict.fromkeys(range(N - 10, N + 1), "partial_split")


def test_the_basis_of_new_sessions_is_followed_as_the_price_moves_on() -> None:
    """Held back for long, the price doubles: what was the new basis looks like the old one, and is not."""
    risen = [*HALF[: N + 1], *(HALF[N] * 1.06**step for step in range(1, 20))]
    story = loaded()
    story.fetch(N, risen[: N + 1])
    for step in range(1, 20):
        story.fetch(N + step, risen[N + step : N + step + 1], first=N + step)
    closes, held = story.told(N + 20)
    assert closes == approx(TRUE[:N])
    assert set(held) == set(range(N + 20))


# Splits announced early, invented, stated late or applied in part


@pytest.mark.parametrize("first_new", [TRUE, HALF], ids=["new session as traded", "new session adjusted too"])
def test_a_split_applied_before_its_session_is_held_back_until_then(first_new: list[float]) -> None:
    story = loaded()
    story.fetch(N, [*HALF[:N], first_new[N]], splits=[(N + 1, 2.0)])
    closes, held = story.told(N)
    assert closes == approx(TRUE[: N + (first_new is TRUE)])
    assert set(held.values()) == {"unseen_split"}
    assert set(held) >= set(range(N))
    # The very values are explained once the split is effective.
    story.fetch(N + 1, HALF[: N + 2], splits=[(N + 1, 2.0)])
    assert story.told(N + 1) == (approx(HALF[: N + 2]), {})


def test_a_first_load_amid_an_early_split_is_mended_when_the_vendor_goes_back() -> None:
    story = loaded(HALF)
    story.fetch(N, TRUE[: N + 1], splits=[(N + 3, 2.0)])
    assert story.told(N) == (approx(TRUE[: N + 1]), {})


def test_a_first_load_amid_an_early_split_is_mended_on_its_session() -> None:
    story = loaded(HALF)
    story.fetch(N, HALF[: N + 1], splits=[(N, 2.0)])
    assert story.told(N) == (approx(HALF[: N + 1]), {})


def test_an_announced_split_adjusts_nothing() -> None:
    story = loaded()
    story.fetch(N, TRUE[: N + 1], splits=[(N + 5, 4.0)])
    assert story.told(N) == (approx(TRUE[: N + 1]), {})


def test_a_split_that_came_to_nothing_is_withdrawn() -> None:
    story = loaded()
    story.fetch(N, HALF[: N + 1], splits=[(N + 1, 2.0)])
    story.fetch(N + 1, TRUE[: N + 2])
    story.withdraw(N + 1)
    assert story.told(N + 1) == (approx(TRUE[: N + 2]), {})


def test_an_invented_split_that_prices_do_not_follow_changes_nothing() -> None:
    story = loaded()
    story.fetch(N, TRUE[: N + 1], splits=[(12, 3.0)])
    closes, _ = story.told(N)
    assert closes == approx(TRUE[: N + 1])


def test_an_invented_split_that_prices_follow_is_left_out() -> None:
    story = loaded()
    spoilt = [close / 3 if session < 12 else close for session, close in enumerate(TRUE[: N + 1])]
    story.fetch(N, spoilt, splits=[(12, 3.0)])
    assert story.told(N) == (approx(TRUE[: N + 1]), {})


def test_a_true_split_applied_to_a_part_of_the_history_holds_the_rest() -> None:
    """As of 4063.T in the reference data: the vendor states the split, and some bars are not adjusted for it."""
    story = loaded()
    fifth = [close / 5 for close in TRUE]
    part = [close if 8 <= session < 18 else close / 5 for session, close in enumerate(TRUE[: N + 1])]
    story.fetch(N, part, splits=[(N, 5.0)])
    assert story.told(N) == (approx(fifth[: N + 1]), dict.fromkeys(range(8, 18), "partial_split"))
    story.fetch(N + 1, fifth[: N + 2], splits=[(N, 5.0)])
    assert story.told(N + 1) == (approx(fifth[: N + 2]), {})


def test_a_half_applied_split_of_the_first_load_is_mended_by_the_next() -> None:
    mixed = [close / 5 if session < 18 else close for session, close in enumerate(TRUE[:N])]
    story = loaded(mixed)
    story.fetch(N, TRUE[: N + 1])
    assert story.told(N) == (approx(TRUE[: N + 1]), {})


def test_two_splits_that_no_action_tells_of_are_held_back_both() -> None:
    story = loaded()
    restated = [close / (6 if session < 12 else 2) for session, close in enumerate(TRUE[:N])]
    story.fetch(N, restated)
    closes, held = story.told(N)
    assert closes == approx(TRUE[:N])
    assert set(held) == set(range(N))


# A hundred times too much


@pytest.mark.parametrize("factor", [100.0, 0.01, 1e-4])
@pytest.mark.parametrize("session", [N, N - 4], ids=["new", "known"])
def test_a_close_a_hundredfold_away_is_held_back_and_the_last_good_one_stands(factor: float, session: int) -> None:
    story = loaded()
    wrong = list(TRUE[: N + 1])
    wrong[session] *= factor
    story.fetch(N, wrong)
    expected = TRUE[: N + 1] if session < N else TRUE[:N]
    assert story.told(N) == (approx(expected), {session: "hundredfold"})
    story.fetch(N + 1, TRUE[: N + 2])
    assert story.told(N + 1) == (approx(TRUE[: N + 2]), {})


def test_a_hundredfold_stretch_in_the_first_load_is_a_gap_until_it_is_mended() -> None:
    wrong = [close * (100 if 4 <= session < 9 else 1) for session, close in enumerate(TRUE[:N])]
    story = loaded(wrong)
    assert story.told(N - 1) == (approx([*TRUE[:4], *TRUE[9:N]]), dict.fromkeys(range(4, 9), "hundredfold"))
    story.fetch(N, TRUE[: N + 1])
    assert story.told(N) == (approx(TRUE[: N + 1]), {})


def test_a_first_load_that_begins_wrongly_is_mended_too() -> None:
    wrong = [close / (100 if session < 3 else 1) for session, close in enumerate(TRUE[:N])]
    story = loaded(wrong)
    assert set(story.told(N - 1)[1]) == set(range(3, N))
    story.fetch(N, TRUE[: N + 1])
    assert story.told(N) == (approx(TRUE[: N + 1]), {})


def test_a_reverse_split_of_a_hundred_is_no_error() -> None:
    hundred = [close * 100 for close in TRUE]
    story = loaded()
    story.fetch(N, hundred[: N + 1], splits=[(N, 0.01)])
    assert story.told(N) == (approx(hundred[: N + 1]), {})


def test_a_bar_whose_low_is_a_hundredth_of_its_high_gives_way_to_the_version_before() -> None:
    story = loaded()
    story.fetch(N, TRUE[: N + 1])
    torn = story.versions.tail(2).with_columns(
        low=pl.col("low") / 100, fetched_at=pl.lit(at(N + 1)), known_from=pl.lit(at(N + 1))
    )
    story.versions = raw.StockBar.cast(pl.concat([story.versions, torn.cast(story.versions.schema)]))
    bars, held = accepted_stock_bars(story.versions, story.actions, at(N + 1), Parameters())
    assert bars["low"].to_list() == approx(TRUE[: N + 1])
    assert set(held["rule"]) == {"hundredfold"}
    assert len(held) == 2


def test_a_crash_of_ninety_per_cent_is_no_error() -> None:
    crashed = [close * (0.1 if session >= 20 else 1) for session, close in enumerate(TRUE[:N])]
    assert loaded(crashed).told(N - 1) == (approx(crashed), {})


# Contracts, evidence, independence


def test_rows_keep_their_contracts_and_say_what_was_seen() -> None:
    story = loaded()
    story.fetch(N, HALF[: N + 1])
    bars, held = accepted_stock_bars(story.versions, story.actions, at(N), Parameters())
    core.StockBar.validate(bars)
    core.QuarantinedBar.validate(held)
    assert set(bars["versions"]) == {2}
    first = held.row(0, named=True)
    assert first["evidence"] == f"close {HALF[0]} is 0.5 times that of 2020-01-01, {TRUE[0]}"
    assert held["reference_close"].to_list()[:N] == approx(TRUE[:N])
    assert held["reference_close"][N] is None
    assert held["evidence"][N] == f"close {HALF[N]} follows closes that are held back"


def test_thresholds_are_parameters() -> None:
    story = loaded()
    story.fetch(N, [*TRUE[: N - 6], *HALF[N - 6 : N]])
    assert len(story.told(N)[1]) == 6
    assert story.told(N, split_least_sessions=7)[1] == {}
    assert story.told(N, split_least_change=1.5)[1] == {}


def test_an_index_is_held_back_by_the_same_rules() -> None:
    story = loaded()
    wrong = [*TRUE[:N], TRUE[N] * 100]
    story.fetch(N, wrong)
    versions = story.versions.select(raw.Bar.column_names())
    bars, held = accepted_bars(versions, at(N), Parameters())
    core.Bar.validate(bars)
    assert bars["close"].to_list() == approx(TRUE[:N])
    assert held.select("asset_class", "rule").rows() == [("index", "hundredfold")]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), factors=st.lists(st.floats(0.996, 1.005), min_size=1, max_size=5))
def test_without_a_suspect_the_newest_known_version_stands(seed: int, factors: list[float]) -> None:
    closes = walk(20, seed)
    story = Story()
    for day, factor in enumerate(factors):
        story.fetch(20 + day, [close * factor for close in closes])
    versions = story.versions.select(raw.Bar.column_names()).sample(fraction=1.0, shuffle=True, seed=seed)
    for day in range(20, 20 + len(factors)):
        bars, held = accepted_bars(versions, at(day), Parameters())
        assert held.is_empty()
        assert_frame_equal(bars, latest_bars(versions, at(day)).sort("instrument_id", "session"))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), ratio=st.sampled_from([0.1, 0.5, 2.0, 3.0, 7.0]), ex=st.integers(6, N - 1))
def test_a_split_put_into_prices_and_actions_leaves_the_adjusted_series_unchanged(
    seed: int, ratio: float, ex: int
) -> None:
    closes = walk(N, seed)
    plain, split = Story(), Story()
    plain.fetch(N, closes)
    traded = [close * ratio if session < ex else close for session, close in enumerate(closes)]
    # Bars come in two fetches: before the split as traded, after it adjusted by the vendor.
    split.fetch(ex - 1, traded[:ex])
    split.fetch(N, closes, splits=[(ex, ratio)])
    assert split.told(N) == (approx(plain.told(N)[0]), {})
    assert split.told(N)[0] == approx(closes)


def test_instruments_are_judged_apart_and_any_set_of_them_gives_the_same() -> None:
    stories = [loaded(), Story("B"), Story("C")]
    stories[0].fetch(N, HALF[: N + 1])
    for story in stories[1:]:
        story.fetch(N, walk(N, len(story.symbol)))
    versions = pl.concat([story.versions for story in stories])
    actions = raw.StockAction.create_empty()
    together = accepted_stock_bars(versions, actions, at(N), Parameters())
    apart = [accepted_stock_bars(story.versions, actions, at(N), Parameters()) for story in stories]
    for whole, parts in zip(together, zip(*apart, strict=True), strict=True):
        assert_frame_equal(whole, pl.concat(list(parts)))


def test_a_stock_of_which_no_version_is_whole_has_no_bar() -> None:
    torn = loaded(size=2).versions.with_columns(high=pl.col("high") * 60)
    bars, held = accepted_stock_bars(torn, raw.StockAction.create_empty(), at(N), Parameters())
    assert bars.is_empty()
    assert held.select("rule", "reference_close").rows() == [("hundredfold", None)] * 2
    assert held["evidence"][0] == f"high {TRUE[0] * 60} is far above low {TRUE[0]}"


def test_no_versions_no_bars() -> None:
    nothing = accepted_stock_bars(raw.StockBar.create_empty(), raw.StockAction.create_empty(), at(0), Parameters())
    assert [len(frame) for frame in nothing] == [0, 0]
    assert [len(frame) for frame in accepted_bars(raw.Bar.create_empty(), at(0), Parameters())] == [0, 0]
    late = accepted_stock_bars(
        loaded().versions, raw.StockAction.create_empty(), at(0) - dt.timedelta(days=9), Parameters()
    )
    assert [len(frame) for frame in late] == [0, 0]
