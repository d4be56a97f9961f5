"""Claims of prices by hand: every verdict that a type of statement can come to, its number, and its evidence."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from pipelines.contracts import core
from pipelines.contracts.claim_type import CLAIM_TYPES
from pipelines.transforms.claim.check import CHECKS
from tests.transforms.claim_frames import FRIDAY, MONDAY, Facts, checked, claim, tables

NOVEMBER = dt.date(2024, 11, 1)
OLD = dt.date(2021, 11, 8)
HISTORY = dt.date(1987, 9, 10)


def returned(instrument: str, pct: float | None, **facts: Any) -> Facts:
    reason = "missing_base_close" if pct is None else None
    row = {"universe_id": "two", "instrument_id": instrument, "period": "month", "period_start": NOVEMBER}
    return {**row, "period_end": FRIDAY, "return_pct": pct, "return_reason": reason, "is_partial": False, **facts}


def record(series: str, basis: str, value: float | None, session: dt.date | None, **facts: Any) -> Facts:
    row = {"series_id": series, "basis": basis, "session": FRIDAY, "record": value, "record_session": session}
    reason = "no_intraday_range" if value is None else None
    return {**row, "history_from": HISTORY, "is_all_time": False, "record_reason": reason, **facts}


def new_record(basis: str, session: dt.date) -> Facts:
    return {"series_id": "RUT", "basis": basis, "session": session, "event": "new_record", "value": 2450.0}


RUT_NDX = [returned("RUT", 10.84), returned("NDX", 5.0)]
BOTH_RECORDS = [record("RUT", "close", 2442.74, OLD), record("RUT", "intraday", 2458.86, OLD)]
PAIR = {"pair_id": "RUT/NDX", "session": FRIDAY, "regime_statement": "words"}
TREND = {"series_id": "RUT", "session": FRIDAY}

CASES: list[tuple[str, dict[str, str], Any, list[Facts], str, str | None, float | None]] = [
    # Returns: bounds belong to the tolerance, also where floats miss them.
    ("period_return", {}, core.PeriodReturn, [returned("RUT", 10.85)], "reproduced", "10.850 %", 0.05),
    ("period_return", {}, core.PeriodReturn, [returned("RUT", 10.75)], "reproduced", "10.750 %", -0.05),
    ("period_return", {}, core.PeriodReturn, [returned("RUT", 10.8501)], "contradicted", "10.850 %", 0.0501),
    ("period_return", {}, core.PeriodReturn, [returned("RUT", None)], "not_computable", None, None),
    ("period_return", {}, core.PeriodReturn, [returned("NDX", 10.8)], "not_computable", None, None),
    ("period_rank", {}, core.PeriodReturn, [returned("RUT", 1.0, rank=1)], "reproduced", "1", 0.0),
    ("period_rank", {}, core.PeriodReturn, [returned("RUT", 1.0, rank=2)], "contradicted", "2", 1.0),
    ("period_rank", {}, core.PeriodReturn, [returned("RUT", 1.0, rank=None)], "not_computable", None, None),
    ("return_multiple", {"other": "NDX"}, core.PeriodReturn, RUT_NDX, "contradicted", "2.17 times", 0.168),
    (
        "return_multiple",
        {"other": "NDX", "at_most": "2.168"},
        core.PeriodReturn,
        RUT_NDX,
        "reproduced",
        "2.17 times",
        0.0,
    ),
    (
        "return_multiple",
        {"other": "NDX", "at_least": "2.2", "at_most": "3"},
        core.PeriodReturn,
        RUT_NDX,
        "contradicted",
        "2.17 times",
        -0.032,
    ),
    (
        "return_multiple",
        {"other": "NDX"},
        core.PeriodReturn,
        [returned("RUT", 4.0), returned("NDX", 0.0)],
        "not_computable",
        None,
        None,
    ),
    ("return_above", {"other": "NDX"}, core.PeriodReturn, RUT_NDX, "reproduced", "10.840 % against 5.000 %", 0.0),
    (
        "return_above",
        {"other": "NDX"},
        core.PeriodReturn,
        [returned("RUT", 5.0), returned("NDX", 5.0)],
        "contradicted",
        "5.000 % against 5.000 %",
        0.0,
    ),
    (
        "return_above",
        {"other": "NDX"},
        core.PeriodReturn,
        [returned("RUT", 4.0), returned("NDX", 5.0)],
        "contradicted",
        "4.000 % against 5.000 %",
        -1.0,
    ),
    ("return_above", {"other": "NDX"}, core.PeriodReturn, RUT_NDX[:1], "not_computable", None, None),
    # Records
    (
        "record_value",
        {"basis": "cash_intraday"},
        core.RecordState,
        BOTH_RECORDS,
        "reproduced",
        "2,458.86 of 2021-11-08",
        0.0,
    ),
    ("record_value", {}, core.RecordState, BOTH_RECORDS, "contradicted", "2,442.74 of 2021-11-08", -16.12),
    (
        "record_value",
        {"basis": "unstated"},
        core.RecordState,
        BOTH_RECORDS,
        "basis_dependent",
        "close: 2,442.74 of 2021-11-08; intraday: 2,458.86 of 2021-11-08",
        -16.12,
    ),
    (
        "record_value",
        {"basis": "cash_intraday"},
        core.RecordState,
        [record("RUT", "intraday", None, None)],
        "not_computable",
        None,
        None,
    ),
    ("record_date", {}, core.RecordState, BOTH_RECORDS, "reproduced", "2021-11-08 (2,442.74)", 0.0),
    (
        "record_date",
        {"stated": "2021-11-05"},
        core.RecordState,
        BOTH_RECORDS,
        "contradicted",
        "2021-11-08 (2,442.74)",
        3.0,
    ),
    (
        "record_date",
        {"basis": "unstated"},
        core.RecordState,
        [BOTH_RECORDS[0], record("RUT", "intraday", 2466.49, FRIDAY)],
        "basis_dependent",
        "close: 2021-11-08 (2,442.74); intraday: 2024-11-29 (2,466.49)",
        0.0,
    ),
    ("record_date", {}, core.RecordState, [], "not_computable", None, None),
    ("record_count", {"stated": "2"}, core.RecordState, BOTH_RECORDS, "contradicted", "0 records", -2.0),
    # Relative performance
    (
        "relative_since",
        {},
        core.RelativeRegime,
        [
            {
                **PAIR,
                "verdict": "outperforming",
                "since_quarter": "2024-Q3",
                "since": dt.date(2024, 7, 9),
                "confidence": 3,
            }
        ],
        "reproduced",
        "words",
        None,
    ),
    (
        "relative_since",
        {},
        core.RelativeRegime,
        [{**PAIR, "verdict": "outperforming", "since_quarter": "2024-Q2", "confidence": 2}],
        "contradicted",
        "words",
        None,
    ),
    (
        "relative_since",
        {"stated": "underperforming"},
        core.RelativeRegime,
        [{**PAIR, "verdict": "none"}],
        "contradicted",
        "words",
        None,
    ),
    ("relative_since", {}, core.RelativeRegime, [], "not_computable", None, None),
    *(
        case
        for phase, verdict in (("up", "reproduced"), ("down", "contradicted"))
        for case in (
            (
                "ratio_turning",
                {},
                core.TrendState,
                [{"series_id": "RUT/NDX", "session": FRIDAY, "medium_phase": phase, "medium_since": OLD}],
                verdict,
                f"{phase} since 2021-11-08",
                None,
            ),
            (
                "phase",
                {},
                core.TrendState,
                [{**TREND, "major_phase": phase, "major_since": OLD}],
                verdict,
                f"{phase} since 2021-11-08",
                None,
            ),
        )
    ),
    (
        "ratio_turning",
        {},
        core.TrendState,
        [{"series_id": "RUT/NDX", "session": FRIDAY, "medium_reason": "warm_up"}],
        "not_computable",
        None,
        None,
    ),
    ("phase", {}, core.TrendState, [{**TREND, "major_reason": "undetermined"}], "not_computable", None, None),
]


@pytest.mark.parametrize(("kind", "changes", "table", "facts", "verdict", "computed", "difference"), CASES)
def test_verdicts_of_statements_that_rest_on_one_table(
    kind: str,
    changes: dict[str, str],
    table: Any,
    facts: list[Facts],
    verdict: str,
    computed: str | None,
    difference: float | None,
) -> None:
    found = checked(claim(kind, **changes), tables((table, facts)))
    assert (found["verdict"], found["computed"]) == (verdict, computed)
    assert found["difference"] == pytest.approx(difference)
    assert found["session"] == FRIDAY


def test_every_declared_type_is_checked() -> None:
    assert list(CHECKS) != []
    assert set(CHECKS) == set(CLAIM_TYPES)


# Returns of running periods


def to_date(pct: float) -> Facts:
    return {"universe_id": "two", "instrument_id": "RUT", "session": FRIDAY, "qtd_return_pct": pct, "qtd_rank": 2}


@pytest.mark.parametrize(("kind", "stated"), [("period_return", "9.1"), ("period_rank", "2")])
def test_of_a_running_period_the_return_to_date_counts_and_not_a_row_that_goes_on(kind: str, stated: str) -> None:
    quarter = {"period": "quarter", "period_start": dt.date(2024, 10, 1)}
    later = returned("RUT", 99.0, **quarter, period_end=MONDAY, rank=1, is_partial=True)
    up_to_now = returned("RUT", 98.0, **quarter, period_end=FRIDAY, rank=1, is_partial=True)
    for row in (later, up_to_now):
        data = tables((core.PeriodReturn, [row]), (core.PeriodToDate, [to_date(9.1)]))
        found = checked(claim(kind, period="2024-Q4", stated=stated), data)
        assert found["verdict"] == "reproduced"
        assert found["reason"] == "2024-Q4 had not ended by 2024-11-29: its return to date"
        assert found["evidence"].startswith("core.period_to_date (two, RUT, 2024-11-29): qtd_")


def test_a_period_that_ended_without_its_last_bar_is_no_return_to_date() -> None:
    data = tables(
        (core.PeriodReturn, [returned("RUT", 3.0, is_partial=True)]),
        (core.SeriesPrice, [{"series_id": "RUT", "session": MONDAY}]),
        (core.PeriodToDate, [{**to_date(1.0), "session": MONDAY}]),
    )
    found = checked(claim("period_return", as_of="2024-12-02"), data)
    assert (found["verdict"], found["reason"]) == (
        "not_computable",
        "expected a return of RUT in 2024-11 by 2024-12-02, was none",
    )


def test_a_period_to_come_has_no_return() -> None:
    found = checked(claim("period_return", period="2024-W50"), tables())
    assert found["reason"] == "expected a period that had sessions by 2024-11-29, was 2024-W50"


# Records


def test_the_other_basis_is_said_beside_the_verdict() -> None:
    found = checked(claim("record_value", basis="cash_intraday"), tables((core.RecordState, BOTH_RECORDS)))
    assert found["depends_on"] == "close: 2,442.74 of 2021-11-08"
    assert (
        found["evidence"] == "core.record_state (RUT, intraday, 2024-11-29): record 2458.86, record_session 2021-11-08"
    )
    assert found["reason"] == "records counted since 1987-09-10"


@pytest.mark.parametrize(
    ("proximity", "pct", "stated", "verdict"),
    [
        ("retest", -0.2, "retest", "reproduced"),
        ("exceed", 0.31, "retest", "contradicted"),
        ("exceed", 0.31, "exceed", "reproduced"),
        ("approach", -1.5, "retest", "contradicted"),
        (None, -8.0, "approach", "contradicted"),
        (None, None, "retest", "not_computable"),
    ],
)
def test_proximity_to_the_record_is_that_of_the_session(
    proximity: str | None, pct: float | None, stated: str, verdict: str
) -> None:
    standing = record("RUT", "intraday", 2466.49, FRIDAY, proximity=proximity, proximity_pct=pct, is_new_record=True)
    price = {"series_id": "RUT", "session": FRIDAY, "high": 2466.49, "low": 2420.0, "close": 2442.03}
    data = tables((core.RecordState, [BOTH_RECORDS[0], standing]), (core.SeriesPrice, [price]))
    found = checked(claim("record_proximity", basis="cash_intraday", stated=stated), data)
    assert (found["verdict"], found["computed_value"]) == (verdict, pct)
    if pct is not None:
        assert found["depends_on"] == "close: 2,442.03, 0.71 short of the record close of 2,442.74"


def test_records_are_counted_from_the_date_to_the_session_on_each_basis() -> None:
    first, last = dt.date(2024, 1, 1), FRIDAY
    events = [new_record("close", day) for day in (dt.date(2023, 12, 29), first, last, MONDAY)]
    events.append(new_record("intraday", last))
    data = tables((core.RecordHigh, events), (core.RecordState, BOTH_RECORDS))
    for stated, verdict in (("1", "reproduced"), ("2", "basis_dependent"), ("3", "contradicted")):
        found = checked(claim("record_count", basis="unstated", stated=stated), data)
        assert found["verdict"] == verdict
        assert found["computed"] == (
            "close: 2 records, the last on 2024-11-29; intraday: 1 records, the last on 2024-11-29"
        )
    assert found["evidence"].startswith("core.record_high (RUT, close, 2024-01-01, new_record): value 2450; ")


def test_records_in_too_short_a_history_say_nothing() -> None:
    """Bars have to begin three years before: what tops them all in the first of them need be no record."""
    short = record("RUT", "close", 2442.74, FRIDAY, history_from=dt.date(2024, 6, 3))
    data = tables((core.RecordState, [short]), (core.RecordHigh, [new_record("close", FRIDAY)]))
    for stated in ("1", "2"):
        found = checked(claim("record_count", stated=stated), data)
        assert (found["verdict"], found["reason"]) == (
            "not_computable",
            "expected bars from 2021-01-01 on, was from 2024-06-03",
        )


ANNIVERSARY = dt.date(2021, 11, 29)


@pytest.mark.parametrize(
    ("rut", "ndx", "verdict", "computed"),
    [
        (ANNIVERSARY, FRIDAY, "reproduced", "RUT"),
        (dt.date(2021, 11, 30), FRIDAY, "contradicted", "none"),
        (ANNIVERSARY, ANNIVERSARY, "contradicted", "NDX, RUT"),
        (FRIDAY, ANNIVERSARY, "contradicted", "NDX"),
    ],
)
def test_the_only_one_without_a_record_counts_the_anniversary_in(
    rut: dt.date, ndx: dt.date, verdict: str, computed: str
) -> None:
    data = tables((core.RecordState, [record("RUT", "close", 1.0, rut), record("NDX", "close", 1.0, ndx)]))
    found = checked(claim("only_without_record", basis="cash_close"), data)
    assert (found["verdict"], found["computed"]) == (verdict, computed)


def test_the_only_one_without_a_record_on_closes_alone_depends_on_the_basis() -> None:
    both = [record("NDX", basis, 1.0, FRIDAY) for basis in ("close", "intraday")]
    data = tables((core.RecordState, [*both, BOTH_RECORDS[0], record("RUT", "intraday", 2466.49, FRIDAY)]))
    found = checked(claim("only_without_record"), data)
    assert found["verdict"] == "basis_dependent"
    assert found["depends_on"] == "close: holds (RUT); intraday: does not hold (none)"


def test_a_history_that_is_too_short_cannot_tell_who_has_no_record() -> None:
    late = record("NDX", "close", 1.0, FRIDAY, history_from=dt.date(2022, 1, 3))
    found = checked(
        claim("only_without_record", basis="cash_close"),
        tables((core.RecordState, [record("RUT", "close", 1.0, OLD), late])),
    )
    assert (found["verdict"], found["reason"]) == (
        "not_computable",
        "expected bars from 2021-11-29 on, was later for NDX",
    )


def test_a_leap_day_has_an_anniversary() -> None:
    leap = dt.date(2024, 2, 29)
    data = tables(
        (core.Session, [{"session": leap, "month": "2024-02"}]),
        (core.SeriesPrice, [{"series_id": name, "session": leap} for name in ("RUT", "NDX")]),
        (
            core.RecordState,
            [
                {**record("RUT", "close", 1.0, dt.date(2021, 2, 28)), "session": leap},
                {**record("NDX", "close", 1.0, dt.date(2021, 3, 1)), "session": leap},
            ],
        ),
    )
    assert checked(claim("only_without_record", basis="cash_close", as_of="2024-02-29"), data)["computed"] == "RUT"


@pytest.mark.parametrize(
    ("low", "high", "value", "verdict"),
    [
        ("2455", None, 0.0, "reproduced"),
        ("2442.7", "2460", 0.0, "reproduced"),
        ("2440", "2450", -0.5 / 24.6, "reproduced"),
        ("2400", None, -55 / 24.55, "contradicted"),
        ("2500", "2600", 45 / 24.55, "contradicted"),
    ],
)
def test_a_level_lies_at_the_record_within_a_distance_of_its_nearer_edge(
    low: str, high: str | None, value: float, verdict: str
) -> None:
    standing = 2450.5 if (low, high) == ("2440", "2450") else 2455.0
    data = tables((core.RecordState, [record("RUT", "close", standing, OLD)]))
    found = checked(claim("level_at_record", low=low, high=high, within_pct="0.5"), data)
    assert found["verdict"] == verdict
    assert found["computed_value"] == pytest.approx(value, rel=1e-2)


# Averages


def averages(label: str | None, is_supported: bool | None, distance: float) -> dict[Any, Any]:
    reason = "warm_up" if label is None else None
    state = {**TREND, "medium_label": label, "medium_is_supported": is_supported, "medium_reason": reason}
    average = {**TREND, "slope_50_bp_per_day": 17.8, "sma_50": 2281.19, "distance_sma_50_pct": distance}
    return tables((core.TrendState, [state]), (core.MovingAverage, [average]))


@pytest.mark.parametrize(
    ("label", "verdict"), [("rising", "reproduced"), ("flat", "contradicted"), (None, "not_computable")]
)
def test_the_direction_of_an_average_is_its_label(label: str | None, verdict: str) -> None:
    found = checked(claim("average_direction"), averages(label, None, 6.7))
    assert found["verdict"] == verdict
    assert found["computed"] == (None if label is None else f"{label}, +17.80 bp a day")


@pytest.mark.parametrize(
    ("label", "is_supported", "distance", "basis", "verdict"),
    [
        ("rising", True, 6.7, "unstated", "reproduced"),
        ("rising", False, 6.7, "unstated", "basis_dependent"),
        ("rising", False, 6.7, "cash_close", "reproduced"),
        ("rising", False, 6.7, "cash_intraday", "contradicted"),
        ("rising", None, 6.7, "cash_intraday", "not_computable"),
        ("rising", False, -0.1, "unstated", "contradicted"),
        ("flat", False, 6.7, "cash_close", "contradicted"),
        (None, None, 6.7, "unstated", "not_computable"),
    ],
)
def test_an_average_supports_by_closes_above_it_or_by_having_carried_the_price(
    label: str | None, is_supported: bool | None, distance: float, basis: str, verdict: str
) -> None:
    data = averages(label, is_supported, distance)
    assert checked(claim("average_support", span="50", basis=basis), data)["verdict"] == verdict
    opposite = {"reproduced": "contradicted", "contradicted": "reproduced"}.get(verdict, verdict)
    found = checked(claim("average_support", span="50", basis=basis, stated="not_supported"), data)
    assert found["verdict"] == opposite


# What every claim shares


@pytest.mark.parametrize(
    ("as_of", "session", "reason"),
    [
        ("2024-11-30", FRIDAY, None),
        ("2024-11-28", dt.date(2024, 11, 28), "expected a close of RUT on 2024-11-28, there is none before it"),
        ("2024-12-02", MONDAY, "expected a close of RUT on 2024-12-02, the last before it is of 2024-11-29"),
        ("2025-06-02", None, "expected sessions that reach 2025-06-02, was 2024-09-02 to 2024-12-31"),
        ("1999-06-02", None, "expected sessions that reach 1999-06-02, was 2024-09-02 to 2024-12-31"),
    ],
)
def test_a_claim_is_checked_at_the_last_session_up_to_its_date(
    as_of: str, session: dt.date | None, reason: str | None
) -> None:
    data = tables((core.TrendState, [{**TREND, "major_phase": "up", "major_since": OLD}]))
    found = checked(claim("phase", as_of=as_of), data)
    assert (found["session"], found["reason"]) == (session, reason)
    assert found["verdict"] == ("reproduced" if reason is None else "not_computable")


def test_a_future_without_bars_is_checked_on_cash_and_says_so() -> None:
    data = tables((core.TrendState, [{**TREND, "major_phase": "up", "major_since": OLD}]))
    found = checked(claim("phase", basis="future", quoted_on="M2K"), data)
    assert (found["verdict"], found["reason"]) == (
        "reproduced",
        "M2K has no bars here: checked on the cash index RUT, unadjusted",
    )
    assert checked(claim("phase", basis="cfd"), data)["reason"] == (
        "the CFD it is quoted on has no bars here: checked on the cash index RUT, unadjusted"
    )


def test_a_future_with_bars_is_checked_on_itself() -> None:
    prices = [{"series_id": name, "session": FRIDAY} for name in ("RUT", "M2K")]
    states = [
        {**TREND, "major_phase": "up", "major_since": OLD},
        {**TREND, "series_id": "M2K", "major_phase": "down", "major_since": OLD},
    ]
    data = tables((core.SeriesPrice, prices), (core.TrendState, states))
    found = checked(claim("phase", basis="future", quoted_on="M2K"), data)
    assert (found["verdict"], found["reason"]) == ("contradicted", "checked on M2K")
