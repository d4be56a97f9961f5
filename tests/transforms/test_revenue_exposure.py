"""Exposures of any members and reports against a plain loop; single rules stand in tests/golden."""

from __future__ import annotations

import datetime as dt
import re
import statistics
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipelines.contracts import core
from pipelines.contracts.vocabulary import SECTORS
from pipelines.parameters import Parameters
from pipelines.transforms.company_revenue import company_revenues
from pipelines.transforms.revenue_exposure import revenue_exposures
from tests.frames import days
from tests.transforms.membership_frames import geographies, members

DAY = days(3, dt.date(2024, 6, 26))
CIKS = (1, 2, 3, 4, 5)
KEY = ["index_id", "as_of", "sector", "aggregation", "basis"]
FIGURES = ["domestic_share", "international_share", "domestic_share_low", "domestic_share_high"]
_UNIT = st.floats(0, 1, allow_nan=False)
# No sum of the weights below comes to this share, so that the last digit of a sum never decides.
GATE = 0.4999
PARAMETERS = Parameters(exposure_min_weight_share=GATE)


@st.composite
def _members(draw: st.DrawFn) -> pl.DataFrame:
    made = []
    for index_id in ("X", "Y"):
        for as_of in draw(st.sets(st.sampled_from(DAY), min_size=1)):
            ciks = draw(st.lists(st.sampled_from([*CIKS, None]), min_size=1, max_size=6))
            sizes = draw(st.lists(st.integers(1, 1000), min_size=len(ciks), max_size=len(ciks)))
            rows = [
                {
                    "symbol": f"S{place}",
                    "cik": cik,
                    "weight_share": size / sum(sizes),
                    "sector": SECTORS[cik % 2] if cik else "Unclassified",
                }
                for place, (cik, size) in enumerate(zip(ciks, sizes, strict=True))
            ]
            made.append(members(*rows, index_id=index_id, as_of=as_of))
    return pl.concat(made)


@st.composite
def _report(draw: st.DrawFn) -> dict[str, Any]:
    report: dict[str, Any] = {
        "cik": draw(st.sampled_from(CIKS)),
        "known_from": dt.datetime(2024, 6, draw(st.integers(20, 30)), 12, tzinfo=dt.UTC),
        "period_end": draw(st.sampled_from([dt.date(2023, 12, 31), dt.date(2023, 6, 30), dt.date(2022, 9, 30)])),
        "unit_of_measure": draw(st.sampled_from(["USD", "USD", "EUR"])),
        "total_revenue": draw(st.floats(1, 1e12)),
    }
    if draw(st.booleans()) or draw(st.booleans()):
        low, share, high = sorted(draw(st.tuples(_UNIT, _UNIT, _UNIT)))
        report |= {"domestic_share": share, "domestic_share_low": low, "domestic_share_high": high}
        return report | {"imputed_share": share, "method": draw(st.sampled_from(["explicit_us", "bucket_segments"]))}
    report |= {"method": "not_reported", "null_reason": draw(st.sampled_from(["no_geo", "no_revenue"]))}
    if report["null_reason"] == "no_revenue":
        return report | {"total_revenue": draw(st.sampled_from([None, 0.0]))}
    return report | {"imputed_share": draw(st.sampled_from([None, 1.0]))}


_REPORTS = st.lists(_report(), max_size=8, unique_by=lambda report: (report["cik"], report["known_from"])).map(
    lambda reports: geographies(*reports)
)


def _exposures(of: pl.DataFrame, reports: pl.DataFrame) -> pl.DataFrame:
    companies = core.CompanyRevenue.validate(company_revenues(of, reports, PARAMETERS))
    return core.RevenueExposure.validate(revenue_exposures(of, companies, PARAMETERS))


def _known(reports: pl.DataFrame, cik: int | None, as_of: dt.date) -> dict[str, Any]:
    """Return what is known of a company at the end of a day of June 2024; nothing where the report is stale."""
    end = dt.datetime(as_of.year, as_of.month, as_of.day, 4, tzinfo=dt.UTC) + dt.timedelta(days=1)
    found = [row for row in reports.rows(named=True) if row["cik"] == cik and row["known_from"] < end]
    newest = max(found, key=lambda row: row["known_from"], default={})
    return newest if newest and newest["period_end"] >= dt.date(2022, 12, as_of.day) else {}


def _plain_loop(of: pl.DataFrame, reports: pl.DataFrame) -> dict[tuple, dict[str, Any] | None]:
    """Return the figures by key where the gate is open or shut by little; None where there is no company."""
    found: dict[tuple, dict[str, Any] | None] = {}
    for (index_id, as_of), date in of.group_by("index_id", "as_of"):
        companies: dict[str, list[dict[str, Any]]] = {}
        for row in date.rows(named=True):
            companies.setdefault(row["company_id"], []).append(row)
        for sector in (*SECTORS, "Unclassified", "ALL"):
            own = [
                (sum(line["weight_share"] for line in lines), _known(reports, lines[0]["cik"], as_of))
                for lines in companies.values()
                if sector in ("ALL", lines[0]["sector"])
            ]
            for aggregation in ("cap_weighted", "revenue_sum", "median"):
                for basis in ("reported", "imputed"):
                    key = (index_id, as_of, sector, aggregation, basis)
                    found[key] = _figures(own, aggregation, basis) if own else None
    return found


def _figures(companies: list[tuple[float, dict[str, Any]]], aggregation: str, basis: str) -> dict[str, Any]:
    def revenue(known: dict[str, Any]) -> float:
        return known.get("total_revenue") or 0.0 if known.get("unit_of_measure") == "USD" else 0.0

    shares = []
    for weight, known in companies:
        if known.get("domestic_share") is not None:
            bounds = (known["domestic_share"], known["domestic_share_low"], known["domestic_share_high"])
        elif basis == "imputed" and known.get("imputed_share") is not None:
            bounds = (1.0, 0.0, 1.0)
        else:
            continue
        shares.append((weight, revenue(known), bounds))
    dollars = sum(revenue(known) for _, known in companies)
    in_dollars = sum(own for _, own, _ in shares)
    if aggregation == "revenue_sum":
        shares = [share for share in shares if share[1] > 0]
    total = sum(weight for weight, _ in companies)
    sizes = [share[1] if aggregation == "revenue_sum" else share[0] for share in shares]
    columns = list(zip(*(bounds for *_, bounds in shares), strict=True))
    if not shares:
        figures = None
    elif aggregation == "median":
        figures = [statistics.median(column) for column in columns]
    else:
        figures = [sum(size * it for size, it in zip(sizes, column, strict=True)) / sum(sizes) for column in columns]
    return {
        "gate": sum(weight for weight, *_ in shares) / total,
        "figures": figures,
        "coverage_weight_share": sum(weight for weight, *_ in shares) / total,
        "coverage_revenue_share": in_dollars / dollars if dollars else None,
        "companies": (len(shares), len(companies)),
    }


@settings(max_examples=50, deadline=None)
@given(of=_members(), reports=_REPORTS)
def test_exposures_are_those_of_a_plain_loop(of: pl.DataFrame, reports: pl.DataFrame):
    out = _exposures(of, reports)
    expected = _plain_loop(of, reports)
    assert set(out.select(KEY).rows()) == set(expected)
    for row in out.rows(named=True):
        own = expected[tuple(row[name] for name in KEY)]
        if own is None:
            assert (row["null_reason"], row["companies_total"]) == ("no_company", 0)
            continue
        assert (row["companies_covered"], row["companies_total"]) == own["companies"]
        for name in ("coverage_weight_share", "coverage_revenue_share"):
            assert row[name] == (None if own[name] is None else pytest.approx(own[name], abs=1e-12))
        assert (row["null_reason"] is None) == (own["gate"] > GATE)
        assert row["null_reason"] in (None, "coverage", "no_exchange_rate")
        if row["null_reason"] is None:
            figures = [row["domestic_share"], row["domestic_share_low"], row["domestic_share_high"]]
            assert figures == pytest.approx(own["figures"], abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(of=_members(), reports=_REPORTS)
def test_shares_lie_between_their_bounds_and_methods_sum_to_a_hundred(of: pl.DataFrame, reports: pl.DataFrame):
    out = _exposures(of, reports)
    share, low, high = (out.drop_nulls("domestic_share")[name] for name in (FIGURES[0], *FIGURES[2:]))
    assert ((low >= 0) & (low <= share) & (share <= high) & (high <= 1)).all()
    assert out["international_share"].equals(1.0 - out["domestic_share"])
    for row in out.filter(pl.col("companies_total") > 0).rows(named=True):
        tenths = [int(number.replace(".", "")) for number in re.findall(r" (\d+\.\d)(?:,|$)", row["weight_by_method"])]
        assert sum(tenths) == 1000
    imputed, reported = (out.filter(basis=basis).sort(KEY) for basis in ("imputed", "reported"))
    for name in ("coverage_weight_share", "companies_covered"):
        assert (imputed[name] >= reported[name]).all()
    opened = reported["null_reason"].is_null()
    assert imputed.filter(opened)["null_reason"].null_count() == opened.sum(), "expected no gate that closes by more"


@settings(max_examples=30, deadline=None)
@given(of=_members(), reports=_REPORTS, part=st.floats(0.01, 0.99), seed=st.integers(0, 9))
def test_splitting_companies_into_two_classes_changes_no_exposure(
    of: pl.DataFrame, reports: pl.DataFrame, part: float, seed: int
):
    halves = [
        of.with_columns(pl.format("{}-{}", "symbol", pl.lit(letter)).alias("symbol"), pl.col("weight_share") * share)
        for letter, share in (("A", part), ("B", 1 - part))
    ]
    # A member that the list does not know is a company of its own: its classes would be two.
    split = pl.concat([of.filter(pl.col("cik").is_null()), *(half.drop_nulls("cik") for half in halves)])
    out = _exposures(split.sample(fraction=1, shuffle=True, seed=seed), reports)
    whole = _exposures(of, reports)
    # In the text of methods the last digit of a sum may move a tenth from one to another.
    assert_frame_equal(out.drop("weight_by_method"), whole.drop("weight_by_method"), rel_tol=1e-9)


@settings(max_examples=30, deadline=None)
@given(of=_members(), reports=_REPORTS, last=st.sampled_from(DAY), seed=st.integers(0, 9))
def test_later_members_and_reports_change_nothing_earlier_and_order_does_not_matter(
    of: pl.DataFrame, reports: pl.DataFrame, last: dt.date, seed: int
):
    until = pl.col("as_of") <= last
    whole = _exposures(of, reports)
    end = dt.datetime(last.year, last.month, last.day, 4, tzinfo=dt.UTC) + dt.timedelta(days=1)
    part = _exposures(of.filter(until), reports.filter(pl.col("known_from") < end))
    assert_frame_equal(part, whole.filter(until), check_exact=True)
    shuffled = (table.sample(fraction=1, shuffle=True, seed=seed) for table in (of, reports))
    assert_frame_equal(_exposures(*shuffled), whole, check_exact=True)
