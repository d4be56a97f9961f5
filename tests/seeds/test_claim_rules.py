"""What a claim of each type must hold, and what claims must be to one another."""

from __future__ import annotations

import json

import pytest

from pipelines.contracts.claim_type import CLAIM_TYPES
from pipelines.contracts.vocabulary import CLAIM_BASES, CLAIM_SUBJECTS
from tests.seeds.claim_files import CLAIM, NOTE, OF_EACH_TYPE, file_text, findings, of_type, read


def test_there_is_a_good_claim_of_each_type() -> None:
    assert set(OF_EACH_TYPE) == set(CLAIM_TYPES)


@pytest.mark.parametrize("kind", CLAIM_TYPES)
def test_a_good_claim_of_each_type_is_read_whole(kind: str) -> None:
    claim = of_type(kind)
    (row,) = read(file_text(claim)).rows(named=True)
    declared = CLAIM_TYPES[kind]
    assert (row["claim_type"], row["unit"]) == (kind, declared.unit)
    assert row["subject"] == claim[row["subject_kind"]]
    parameters = json.loads(row["parameters"])
    assert {key: str(value).removesuffix(".0") for key, value in parameters.items()} == {
        key: claim[key] for key in declared.parameters if key in claim
    }
    assert row["stated"]


@pytest.mark.parametrize("kind", CLAIM_TYPES)
def test_every_key_that_is_missing_is_named(kind: str) -> None:
    declared = CLAIM_TYPES[kind]
    optional = {"as_of", "type"} | {key for key, of in declared.parameters.items() if of.is_optional}
    optional |= set(declared.subjects) if len(declared.subjects) > 1 else set()
    for key in set(of_type(kind)) - optional:
        (finding,) = findings(file_text(of_type(kind, **{key: None})))
        assert finding == f"own.yaml:7: {key}: expected this key in a {kind}, was missing"


@pytest.mark.parametrize("kind", CLAIM_TYPES)
def test_a_key_of_no_meaning_is_refused(kind: str) -> None:
    claim = of_type(kind, colour="red")
    (finding,) = findings(file_text(claim))
    assert finding.startswith(
        f"own.yaml:{6 + len(claim)}: expected one of the keys of a {kind}, claim_id, text, type, "
    )
    assert finding.endswith(", was 'colour'")


@pytest.mark.parametrize("kind", CLAIM_TYPES)
def test_declared_subjects_and_bases_are_known(kind: str) -> None:
    assert set(CLAIM_TYPES[kind].subjects) <= set(CLAIM_SUBJECTS)
    assert set(CLAIM_TYPES[kind].bases) <= set(CLAIM_BASES)
    for basis in CLAIM_TYPES[kind].bases:
        assert read(file_text(of_type(kind, basis=basis)))["basis"].to_list() == [basis]


WRONG = [
    ("period_return", "instrument", "FOO", "one of NDX, RUT, SPX"),
    ("period_return", "basis", "reported", "one of cash_close, future, cfd"),
    ("period_return", "as_of", "2024-02-30", "a date of the calendar such as 2024-12-02"),
    ("period_return", "as_of", "2 Dec", "a date such as 2024-12-02"),
    ("period_return", "period", "2024-13", "a year, quarter, month or week such as 2024, 2024-Q4, 2024-11 or 2024-W48"),
    ("period_return", "period", "2024-W53", "a week that the year 2024 has"),
    ("period_return", "period", "2024-Q5", "a year, quarter, month or week such as 2024, 2024-Q4, 2024-11 or 2024-W48"),
    (
        "period_return",
        "period",
        "2024-W00",
        "a year, quarter, month or week such as 2024, 2024-Q4, 2024-11 or 2024-W48",
    ),
    ("period_return", "stated", "much", "a number such as 10.8 or -3"),
    ("period_return", "stated", "", "a number such as 10.8 or -3"),
    ("period_return", "stated", "9" * 400, "a number such as 10.8 or -3"),
    ("period_return", "tolerance", "nan", "a number from 0 such as 0.05"),
    ("period_return", "tolerance", ".inf", "a number from 0 such as 0.05"),
    ("period_return", "tolerance", "9" * 400, "a number from 0 such as 0.05"),
    ("period_return", "tolerance", "-0.1", "a number from 0 such as 0.05"),
    ("period_return", "unit", "points", "one of per cent"),
    ("period_return", "claim_id", "x" * 81, "at most 80 characters"),
    ("period_return", "text", "x" * 401, "at most 400 characters"),
    ("period_return", "text", "''", "a text"),
    ("period_return", "text", '"a\\nb"', "text without control characters, line breaks and blanks around it"),
    ("period_rank", "universe", "three", "one of two"),
    ("period_rank", "stated", "0", "a whole number from 1"),
    ("return_multiple", "at_most", "-1", "a number above 0 such as 2288 or 2441.72"),
    ("record_date", "stated", "8 Nov", "a date such as 2024-12-02"),
    ("record_proximity", "stated", "touch", "one of approach, retest, exceed"),
    ("only_without_record", "years", "1.5", "a whole number from 1"),
    ("relative_since", "pair", "RUT/FOO", "one of RUT/NDX"),
    ("relative_since", "quarter", "Q3 2024", "a quarter such as 2024-Q3"),
    ("relative_since", "stated", "none", "one of outperforming, underperforming"),
    ("average_direction", "span", "100", "one of 50, 200"),
    ("level_state", "role", "support", "one of key_support, intermediate_support, next_support, key_resistance"),
    ("largest_sector", "index", "NDX", "one of RUT, SPX"),
    ("largest_sector", "stated", "Tech", "one of Communication Services, "),
    ("revenue_share", "side", "home", "one of domestic, international"),
    ("revenue_share", "aggregation", "mean", "one of cap_weighted, revenue_sum, median, unstated"),
]


@pytest.mark.parametrize(("kind", "key", "value", "expected"), WRONG)
def test_a_wrong_value_is_refused_with_its_line_and_what_was_expected(
    kind: str, key: str, value: str, expected: str
) -> None:
    claim = of_type(kind, **{key: value})
    (finding,) = findings(file_text(claim))
    assert finding.startswith(f"own.yaml:{7 + list(claim).index(key)}: {key}: expected {expected}")
    assert ", was '" in finding


def test_a_list_for_a_value_is_refused() -> None:
    assert findings(file_text({**CLAIM, "text": "[a, b]"})) == ["own.yaml:8: text: expected a text, was a list"]


def test_an_unknown_type_is_refused_and_hides_no_other_wrong_key() -> None:
    first, second = findings(file_text({**CLAIM, "type": "prophecy", "as_of": "soon"}))
    assert first.startswith("own.yaml:9: type: expected one of period_return, period_rank, ")
    assert first.endswith(", was 'prophecy'")
    assert second == "own.yaml:12: as_of: expected a date such as 2024-12-02, was 'soon'"


@pytest.mark.parametrize("kind", ["phase", "average_direction"])
def test_a_claim_of_either_has_exactly_one_subject(kind: str) -> None:
    expected = "instrument: expected one of instrument, pair, was"
    assert findings(file_text(of_type(kind, instrument=None))) == [f"own.yaml:7: {expected} none"]
    claim = of_type(kind, pair="RUT/NDX")
    at = 7 + list(claim).index("instrument")
    assert findings(file_text(claim)) == [f"own.yaml:{at}: {expected} instrument and pair"]
    assert read(file_text(of_type(kind, instrument=None, pair="RUT/NDX")))["subject"].to_list() == ["RUT/NDX"]


RULES = [
    ("return_multiple", {"at_least": "3"}, "at_most", "expected no less than at_least, 3.0, was 2.0"),
    ("level_state", {"high": "2000"}, "high", "expected no less than low, 2288.0, was 2000.0"),
    ("level_next", {"next_high": "2000"}, "next_high", "expected no less than next_low, 2170.0, was 2000.0"),
    ("return_above", {"other": "RUT"}, "other", "expected another instrument than 'RUT', was the same"),
    ("period_rank", {"instrument": "SPX"}, "instrument", "expected a member of two, was 'SPX'"),
    ("only_without_record", {"stated": "SPX"}, "stated", "expected a member of two, was 'SPX'"),
    ("record_count", {"from": "2024-12-01"}, "from", "expected no day after as_of, 2024-11-29, was 2024-12-01"),
    ("record_value", {"quoted_on": "M2K"}, "quoted_on", "expected nothing on the basis cash_close, was 'M2K'"),
]


@pytest.mark.parametrize(("kind", "changes", "key", "expected"), RULES)
def test_keys_fit_one_another(kind: str, changes: dict[str, str], key: str, expected: str) -> None:
    claim = of_type(kind, **changes)
    assert findings(file_text(claim)) == [f"own.yaml:{7 + list(claim).index(key)}: {key}: {expected}"]


def test_what_a_future_is_quoted_on_is_kept() -> None:
    assert read(file_text(of_type("phase", basis="future", quoted_on="M2K")))["quoted_on"].to_list() == ["M2K"]


def test_ids_are_used_once_over_all_files() -> None:
    house = file_text(CLAIM, note={**NOTE, "note_id": "house"})
    assert findings(file_text(CLAIM), house) == [
        "own.yaml:7: claim_id: expected an id of its own, was 'a' of seeds/house.yaml:7"
    ]
    assert findings(file_text(note={**NOTE, "note_id": "house"})) == [
        "own.yaml:1: note_id: expected an id of its own, was 'house' of seeds/house.yaml:1"
    ]
    assert findings(file_text(CLAIM, CLAIM)) == [
        "own.yaml:17: claim_id: expected an id of its own, was 'a' of own.yaml:7"
    ]


@pytest.mark.parametrize("key", NOTE)
def test_a_note_says_who_where_and_when(key: str) -> None:
    note = {other: value for other, value in NOTE.items() if other != key}
    assert f"own.yaml:1: {key}: expected this key in a note, was missing" in findings(file_text(CLAIM, note=note))


def test_a_moment_without_an_offset_is_refused() -> None:
    (finding,) = findings(file_text(CLAIM, note={**NOTE, "published_at": "2024-12-02T08:30:00"}))
    assert finding.startswith("own.yaml:5: published_at: expected a date, a time and its offset from UTC such as ")


def test_findings_stand_in_the_order_of_files_and_lines() -> None:
    bad = {**CLAIM, "claim_id": "b", "stated": "x", "tolerance": "y"}
    found = findings(
        file_text(CLAIM, bad), file_text({**CLAIM, "claim_id": "h", "basis": "z"}, note={**NOTE, "note_id": "h"})
    )
    assert [finding.split(": ")[0] for finding in found] == ["seeds/house.yaml:11", "own.yaml:24", "own.yaml:25"]
