"""Partitions against a plain search over all combinations, and what happens where there are too many parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.parameters import Parameters
from pipelines.transforms.revenue_partition import FREE_PARTS, Part, Split, estimate

PARAMETERS = Parameters()
TOTAL = 1000.0


def _part(member: str, kind: str, value: float, gdp_share: float | None = None) -> Part:
    return Part(member, kind, value, gdp_share)  # type: ignore[arg-type]


PARTS = st.lists(
    st.tuples(
        st.sampled_from(["foreign", "foreign", "residual", "non_us", "unknown", "inclusive"]),
        st.integers(-50, 1100),
        st.sampled_from([0.75, 0.874, 0.927]),
    ),
    max_size=7,
).map(
    lambda made: [
        _part(f"M{place}", kind, float(value), share if kind == "inclusive" else None)
        for place, (kind, value, share) in enumerate(made)
    ]
)


def _subsets(parts: Sequence[Part]) -> Iterator[tuple[Part, ...]]:
    present = [part for part in parts if part.value > 0]
    for size in range(len(present) + 1):
        yield from combinations(present, size)


def _sum(parts: Sequence[Part], *kinds: str) -> float:
    return sum(part.value for part in parts if not kinds or part.kind in kinds)


@given(PARTS, PARTS, st.integers(0, 1000))
@settings(max_examples=300, deadline=None)
def test_the_standing_of_the_united_states_is_that_of_a_search_over_all_combinations(
    plain: list[Part], crossed: list[Part], domestic: int
):
    found = estimate(Split([*plain, _part("US", "us", domestic)], {"X=1": crossed}), TOTAL, PARAMETERS)
    assert found is not None
    assert (found.share, found.domestic_revenue) == (domestic / TOTAL, domestic)
    if any(abs(domestic + _sum(parts) - TOTAL) <= 5 for parts in _subsets(plain)):
        assert found.flags == ("reconciled",)
    elif any(
        abs(_sum(parts) - TOTAL) <= 5 and any(part.kind == "inclusive" and part.value >= domestic for part in parts)
        for group in (plain, crossed)
        for parts in _subsets(group)
    ):
        assert found.flags == ("nested",)
    else:
        assert found.flags == ("unreconciled",)


@given(PARTS)
@settings(max_examples=300, deadline=None)
def test_a_bucket_is_a_combination_that_makes_up_the_total(parts: list[Part]):
    fitting = [
        subset
        for subset in _subsets(parts)
        if abs(_sum(subset) - TOTAL) <= 10 and any(part.kind == "inclusive" for part in subset)
    ]
    found = estimate(Split(parts, {}), TOTAL, PARAMETERS)
    if found is None or found.method != "bucket":
        assert not fitting or (found is not None and found.method == "explicit_foreign")
        return
    ends = {round(min(1.0, _sum(subset, "inclusive", "unknown") / TOTAL), 9) for subset in fitting}
    assert (found.low, round(found.high, 9) in ends) == (0, True)
    closest = min(round(abs(_sum(subset) - TOTAL) / TOTAL, 3) for subset in fitting)
    finest = min(
        _sum(subset, "inclusive") for subset in fitting if round(abs(_sum(subset) - TOTAL) / TOTAL, 3) == closest
    )
    assert found.high >= min(1.0, finest / TOTAL) - 1e-9
    assert found.share <= 0.927 * finest / TOTAL + 1e-9
    assert found.share >= min(found.high, 0.75 * finest / TOTAL) - 1e-9


@given(PARTS, st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_the_order_of_parts_is_of_no_matter(parts: list[Part], random):
    shuffled = random.sample(parts, len(parts))
    assert estimate(Split(shuffled, {}), TOTAL, PARAMETERS) == estimate(Split(parts, {}), TOTAL, PARAMETERS)


def _countries(count: int, value: float) -> list[Part]:
    return [_part(f"Country{place}", "foreign", value) for place in range(count)]


def test_small_parts_beyond_the_bound_are_in_or_out_together():
    """Sixteen parts and a region are free; the three of 1 go as one of 3, so that 1 of them alone does not count."""
    big = [_part(f"Big{place}", "foreign", 10.0 + 20 * place) for place in range(FREE_PARTS - 1)]
    region = _part("Region", "inclusive", 100.0, 0.5)
    sum_of_all = _sum([*big, region])
    small = _countries(3, 1.0)
    exact = Parameters(revenue_partition_miss_share=0.0)
    found = estimate(Split([*small, *big, region], {}), sum_of_all + 3, exact)
    assert found is not None
    assert (found.share, found.flags) == (pytest.approx(50 / (sum_of_all + 3)), ("bounded_search",))
    assert estimate(Split([*small, *big, region], {}), sum_of_all + 1, exact) is None
    within = estimate(Split([*small[:1], *big[1:], region], {}), sum_of_all - 9, exact)
    assert within is not None, "sixteen parts are searched whole"
    assert within.flags == ()


def test_hundreds_of_members_are_searched_in_a_moment():
    members = _countries(600, 1.0)
    found = estimate(Split([_part("US", "us", 400.0), *members], {}), TOTAL, PARAMETERS)
    assert found is not None
    assert found.flags == ("reconciled",)
    odd = [_part(f"C{place}", "foreign", 1.0 + place / 7) for place in range(300)]
    found = estimate(Split([_part("US", "us", 700.0), *odd], {}), TOTAL, PARAMETERS)
    assert found is not None
    assert (found.share, found.flags[0]) == (0.7, "reconciled"), "expected large parts to be free"
    found = estimate(Split([_part("US", "us", 900.0), *_countries(300, 2.0)], {}), TOTAL, PARAMETERS)
    assert found is not None
    assert found.flags == ("unreconciled", "bounded_search")
