"""Properties of claim checks: what the data say of themselves holds, moved it does not, and no later row counts."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.contracts import core
from pipelines.contracts.claim_type import CLAIM_TYPES
from pipelines.parameters import Parameters
from pipelines.seeds.claim_rules import read_claims
from pipelines.transforms.claim.answer import Answer, judged
from pipelines.transforms.claim.check import claim_checks, claims
from pipelines.transforms.claim.view import STANDS_FROM, Claim
from tests.seeds.claim_files import NAMES, file_text, of_type
from tests.transforms.claim_frames import KNOWN, claim, tables
from tests.transforms.claim_market import SESSIONS, derived, month_return, plain, record, row

PERIOD_YEARS = 1
SHORT = Parameters(record_history_years=0)
"""The market of these tests has two years, of which records are counted from the first bar on."""
Changes = dict[str, str]


def known(path: Path, *entries: dict[str, str]) -> pl.DataFrame:
    """Return ``core.Claim`` of these claims, numbered."""
    path.write_text(file_text(*({**entry, "claim_id": f"c{number:02d}"} for number, entry in enumerate(entries))))
    return claims(read_claims(NAMES, path, []), KNOWN)


def verdicts(found: pl.DataFrame) -> list[str]:
    return core.ClaimCheck.validate(found).sort("claim_id")["verdict"].to_list()


def about_prices(seed: int, at: dt.date, away: float) -> list[dict[str, str]]:
    """Return what the bars say by themselves, each number moved by ``away`` times twice its tolerance."""
    of = plain(seed, at)
    period = {"as_of": str(at), "period": f"{at:%Y-%m}"}
    rut, ndx = month_return(of["RUT"], at), month_return(of["NDX"], at)
    best, since, events = record(of["RUT"], 1)
    highest, _, _ = record(of["RUT"], 0)
    count = len([day for day in events if day >= dt.date(2023, 6, 1)])
    moved = since + dt.timedelta(days=int(away))
    entries = [
        of_type("period_return", **period, stated=f"{rut + away * 0.1:.6f}"),
        of_type("period_rank", **period, stated=str(1 + (rut < ndx) if not away else 2 - (rut < ndx))),
        of_type("record_value", as_of=str(at), stated=f"{best + away:.6f}", tolerance="0.5"),
        of_type("record_value", as_of=str(at), stated=f"{highest + away:.6f}", tolerance="0.5", basis="cash_intraday"),
        of_type("record_date", as_of=str(at), stated=str(moved)),
    ]
    better, worse = ("RUT", "NDX") if rut > ndx else ("NDX", "RUT")
    first, second = (better, worse) if not away else (worse, better)
    if rut != ndx:
        entries.append(of_type("return_above", **period, instrument=first, other=second))
    if rut > 0.05 and ndx > 0.05:
        multiple = rut / ndx + (away if away > 0 else -away)
        bounds = {"at_least": f"{multiple * 0.999:.6f}", "at_most": f"{multiple * 1.001:.6f}"}
        entries.append(of_type("return_multiple", **period, other="NDX", **bounds))
    if count:
        # A count is a least one: below it a claim holds still.
        stated = str(count + (1 if away else 0))
        entries.append(of_type("record_count", as_of=str(at), stated=stated, **{"from": "2023-06-01"}))
    return entries


def about_states(seed: int, at: dt.date, is_true: bool) -> list[dict[str, str]]:
    """Return what the states of a session say, or something else that they might have said."""
    data, day = derived(seed), {"session": at}
    trend = row(data, core.TrendState, series_id="RUT", **day)
    ratio = row(data, core.TrendState, series_id="RUT/NDX", **day)
    regime = row(data, core.RelativeRegime, pair_id="RUT/NDX", **day)
    standing = row(data, core.RecordState, series_id="RUT", basis="intraday", **day)
    state = data[core.LevelState].filter(pl.col("level_id") == "key", pl.col("valid_from") <= at)
    level = row(data, core.Level, level_id="key")
    phases = {"up": "down", "down": "up"}
    pick = {**phases, "rising": "flat", "flat": "falling", "falling": "rising"} | {
        "approach": "retest", "retest": "exceed", "exceed": "approach", "intact": "testing", True: "not_supported"
    }  # fmt: skip

    def said(value: Any) -> str:
        return str(value) if is_true else pick.get(value, "intact")

    as_of = {"as_of": str(at)}
    entries = []
    if trend["medium_phase"] and trend["medium_label"]:
        entries += [
            of_type("phase", **as_of, horizon="medium", stated=said(trend["medium_phase"])),
            of_type("average_direction", **as_of, span="50", stated=said(trend["medium_label"])),
        ]
    if ratio["medium_phase"]:
        entries.append(of_type("ratio_turning", **as_of, stated=said(ratio["medium_phase"])))
    if regime["verdict"] != "none":
        quarter = regime["since_quarter"] if is_true else "1999-Q1"
        entries.append(of_type("relative_since", **as_of, stated=regime["verdict"], quarter=quarter))
    if standing["proximity"]:
        near = of_type("record_proximity", **as_of, basis="cash_intraday", stated=said(standing["proximity"]))
        entries.append(near)
    if not state.is_empty():
        place = {"low": f"{level['low']!r}", "high": f"{level['high']!r}"}
        entries.append(of_type("level_state", **as_of, **place, stated=said(state["state"][-1])))
    return entries


def later_sessions() -> st.SearchStrategy[dt.date]:
    return st.sampled_from(SESSIONS[230:])


BUSY = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}


@settings(max_examples=40, **BUSY)
@given(seed=st.integers(0, 3), at=later_sessions())
def test_what_the_data_say_of_themselves_is_reproduced(tmp_path: Path, seed: int, at: dt.date) -> None:
    entries = about_prices(seed, at, 0.0) + about_states(seed, at, is_true=True)
    found = claim_checks(known(tmp_path / "a.yaml", *entries), derived(seed), SHORT)
    assert verdicts(found) == ["reproduced"] * len(entries)
    assert set(found["session"]) == {at}


@settings(max_examples=40, **BUSY)
@given(seed=st.integers(0, 3), at=later_sessions(), away=st.sampled_from([-3.0, -1.0, 1.0, 5.0]))
def test_what_is_moved_by_more_than_the_tolerance_is_contradicted(
    tmp_path: Path, seed: int, at: dt.date, away: float
) -> None:
    entries = about_prices(seed, at, away) + about_states(seed, at, is_true=False)
    found = claim_checks(known(tmp_path / "a.yaml", *entries), derived(seed), SHORT)
    assert verdicts(found) == ["contradicted"] * len(entries)


def test_what_tops_a_short_history_need_be_no_record(tmp_path: Path) -> None:
    """A record of before the first bar would make the count too high and the stated value, or date, right."""
    at = SESSIONS[400]
    best, since, events = record(plain(0, at)["RUT"], 1)
    before = SESSIONS[0] - dt.timedelta(days=400)
    entries = [
        of_type("record_count", as_of=str(at), stated="1", **{"from": "2023-06-01"}),
        of_type("record_value", as_of=str(at), stated=f"{best * 2:.6f}", tolerance="0.5"),
        of_type("record_date", as_of=str(at), stated=str(before)),
        of_type("record_value", as_of=str(at), stated=f"{best:.6f}", tolerance="0.5"),
        of_type("record_date", as_of=str(at), stated=str(since)),
        of_type("record_proximity", as_of=str(at), basis="cash_intraday"),
        of_type("level_at_record", as_of=str(at)),
        of_type("record_value", as_of=str(at), stated=f"{best / 2:.6f}", tolerance="0.5"),
        of_type("record_date", as_of=str(at), stated=str(since - dt.timedelta(days=1))),
    ]
    assert len([day for day in events if day >= dt.date(2023, 6, 1)]) > 1
    found = claim_checks(known(tmp_path / "a.yaml", *entries), derived(0), Parameters())
    assert verdicts(found) == [*["not_computable"] * 7, "contradicted", "contradicted"]
    is_told = [f"was from {SESSIONS[0]}" in (reason or "") for reason in found.sort("claim_id")["reason"]]
    assert is_told == [True] * 7 + [False] * 2


def one_of_each_type(at: dt.date) -> list[dict[str, str]]:
    month = {"period": f"{at:%Y-%m}"}
    changes: dict[str, Changes] = {
        **dict.fromkeys(("period_return", "period_rank", "return_above", "return_multiple"), month),
        "only_without_record": {"years": "1"},
        "record_count": {"from": "2023-06-01", "basis": "unstated"},
        "record_value": {"basis": "unstated"},
        "average_support": {"basis": "unstated"},
        "revenue_share": {"stated": "70"},
        "largest_sector": {"stated": "Financials"},
    }
    entries = [of_type(kind, **{"as_of": str(at), **changes.get(kind, {})}) for kind in CLAIM_TYPES]
    year = of_type("period_return", as_of=str(at), period=f"{at.year}")
    return [*entries, year, of_type("return_above", as_of=str(at), period=f"{at:%G-W%V}", other="NDX")]


@settings(max_examples=25, **BUSY)
@given(seed=st.integers(0, 1), at=later_sessions(), sees=st.integers(1, 60))
def test_no_statement_looks_at_rows_after_its_session(tmp_path: Path, seed: int, at: dt.date, sees: int) -> None:
    """What is known later changes nothing: neither a verdict nor a number nor a word of the evidence."""
    entries = known(tmp_path / "a.yaml", *one_of_each_type(at))
    later = SESSIONS[min(SESSIONS.index(at) + sees, len(SESSIONS) - 1)]
    then, soon, at_last = (claim_checks(entries, derived(seed, last), SHORT) for last in (at, later, SESSIONS[-1]))
    assert then.equals(soon)
    assert then.equals(at_last)
    assert then.filter(pl.col("verdict") != "not_computable").height > len(CLAIM_TYPES) // 2


def test_a_row_known_later_moves_a_claim_of_later_only(tmp_path: Path) -> None:
    """A correction of the last bar changes what is said of its session, and nothing that was said before."""
    at, after = SESSIONS[300], SESSIONS[301]
    data = derived(0)
    is_after = (pl.col("series_id") == "RUT") & (pl.col("basis") == "close") & (pl.col("session") >= after)
    corrected = data[core.RecordState].with_columns(record=pl.when(is_after).then(9999.0).otherwise("record"))
    entries = known(
        tmp_path / "a.yaml", *(of_type("record_value", as_of=str(day), stated="9999") for day in (at, after))
    )
    before = claim_checks(entries, data, SHORT)
    found = claim_checks(entries, {**data, core.RecordState: corrected}, SHORT)
    assert found.row(0) == before.row(0)
    assert found["verdict"].to_list() == ["contradicted", "reproduced"]


def test_claims_published_after_the_clock_are_left_out() -> None:
    entries = claim("phase")
    published: dt.datetime = entries["published_at"][0]
    for known_at, height in ((published - dt.timedelta(microseconds=1), 0), (published, 1)):
        found = claims(entries.drop("known_from"), known_at)
        assert found.height == height
        assert found["known_from"].to_list() == [published] * height


def test_without_claims_nothing_is_checked() -> None:
    empty = core.Claim.create_empty()
    assert claim_checks(empty, tables(), Parameters()).equals(core.ClaimCheck.create_empty())


def test_claims_of_a_made_up_source_say_so() -> None:
    data = tables()
    data[core.Instrument] = data[core.Instrument].with_columns(is_synthetic=pl.lit(value=True))
    (reason,) = claim_checks(claim("phase"), data, Parameters())["reason"]
    assert reason.startswith("synthetic sample, no market data; ")


def test_claims_are_checked_whatever_the_order_of_rows(tmp_path: Path) -> None:
    entries = known(tmp_path / "a.yaml", *one_of_each_type(SESSIONS[400]))
    data = derived(0)
    shuffled = {table: frame.sample(fraction=1.0, shuffle=True, seed=1) for table, frame in data.items()}
    found = claim_checks(entries.reverse(), shuffled, Parameters())
    assert found.equals(claim_checks(entries, data, Parameters()))


@pytest.mark.parametrize(
    ("holds", "verdict"),
    [
        ([True], "reproduced"),
        ([False], "contradicted"),
        ([None], "not_computable"),
        ([True, True], "reproduced"),
        ([False, False], "contradicted"),
        ([True, False], "basis_dependent"),
        ([False, True, None], "basis_dependent"),
        ([None, True], "reproduced"),
        ([None, False], "contradicted"),
        ([None, None], "not_computable"),
    ],
)
def test_the_verdict_follows_from_what_each_basis_says(holds: list[bool | None], verdict: str) -> None:
    answers = [
        Answer(
            f"b{number}",
            each,
            "" if each is None else f"{each}",
            evidence=() if each is None else ("row",),
            limits=("l",),
        )
        for number, each in enumerate(holds)
    ]
    found = judged(Claim.of(claim("phase").row(0, named=True)), answers)
    assert found["verdict"] == verdict
    assert (found["computed"] is None) == (verdict == "not_computable")
    assert found["reason"] == "l"
    assert (found["depends_on"] is None) == (len(holds) == 1 or verdict == "not_computable")


def test_every_table_that_claims_are_checked_on_has_the_date_it_stands_from() -> None:
    for table, column in STANDS_FROM.items():
        assert column is None or table.columns()[column].dtype == pl.Date
