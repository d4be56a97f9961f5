"""What fields and rows of level books may be, and the exact words with which bad ones are refused."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.seeds.level_books import LATER, NEXT, ROW, book_text, findings, read


def test_every_field_is_read():
    given_ = {
        "quote_instrument": "RTY future",
        "role": "next_resistance",
        "low": "2625.50",
        "high": "2655",
        "horizon": "short",
        "bias": "neutral",
        "order_in_chain": "12",
        "method": "by eye, 2 ways",
        "valid_from": "2024-12-02",
        "valid_to": "2024-12-02",
        "published_at": "2024-12-02T23:59:59.5-05:00",
    }
    row = read(book_text(given_)).row(0, named=True)
    assert row == {
        **ROW,
        **given_,
        "book": "own",
        "published_at": dt.datetime(2024, 12, 3, 4, 59, 59, 500_000, tzinfo=dt.UTC),
        "low": 2625.5,
        "high": 2655.0,
        "order_in_chain": 12,
        "valid_from": dt.date(2024, 12, 2),
        "valid_to": dt.date(2024, 12, 2),
        "supersedes": None,
    }


@pytest.mark.parametrize(
    "text", ["=cmd()", "=1+1", "-2+3", "@SUM(A1)", "'; DROP TABLE x; --", "../../etc", "Straße 5\u00a0%"]
)
def test_a_text_is_just_text(text: str):
    row = {"level_id": text, "set_id": text, "author": text, "source_ref": text, "method": text}
    found = read(book_text(row)).row(0, named=True)
    assert {name: found[name] for name in row} == row


def test_a_source_may_be_cited_at_length():
    assert read(book_text({"source_ref": "x" * 500}))["source_ref"].to_list() == ["x" * 500]


CLEAN = "text without control characters, line breaks and blanks around it"
SHORT = "at most 80 characters"
NO_ZONE = "an id that does not begin like one of a detected zone"
MOMENT = "a date, a time and its offset from UTC such as 2024-12-02T08:30:00-05:00"
NUMBER = "a number above 0 such as 2288 or 2441.72"
YEAR = "a year from 1800 to 2199"
ROLES = (
    "one of key_support, intermediate_support, next_support, key_resistance, intermediate_resistance, next_resistance"
)
FIELDS = {
    ("level_id", "a text"): [""],
    ("level_id", NO_ZONE): ["RUT-2024-11-29-2450.00", "NDX-1999-"],
    ("level_id", CLEAN): [" a", "a\u200b", "a\nb"],
    ("level_id", SHORT): ["x" * 81],
    ("set_id", "a text"): [""],
    ("set_id", CLEAN): ["s\t", "\u00a0s"],
    ("set_id", SHORT): ["x" * 81],
    ("author", "a text"): [""],
    ("author", CLEAN): ["m\x1be", "me "],
    ("author", SHORT): ["x" * 81],
    ("author", "an author other than 'detected', which stands for the levels the warehouse finds"): ["detected"],
    ("source_ref", "a text"): [""],
    ("source_ref", CLEAN): ["page 3\nline 2"],
    ("quote_instrument", CLEAN): ["RUT "],
    ("method", CLEAN): ["a\u2028b"],
    ("supersedes", CLEAN): [" a"],
    ("instrument_id", "one of NDX, RUT"): ["DAX", "rut", ""],
    ("role", ROLES): ["support", ""],
    ("horizon", "one of short, medium, major"): ["long", ""],
    ("bias", "one of bullish, bearish, neutral"): ["Bullish", ""],
    ("low", NUMBER): ["", "0", "0.00", "-5", "nan", "inf", "1e3", "2288,5", "2,288.00", " 2288", "0x1F", "\u0663"],
    ("high", NUMBER): ["0", "-5", "NaN", "Infinity", "2288,5", "9" * 310],
    ("published_at", MOMENT): ["", "2024-12-02", "2024-12-02T08:30", "2024-12-02 08:30-05:00", "2024-13-02T08:30Z"],
    ("published_at", YEAR): ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"],
    ("valid_from", "a date such as 2024-12-02"): ["2.12.2024", "20241202", "2024-12-02T08:30Z"],
    ("valid_to", "a date of the calendar such as 2024-12-02"): ["2025-02-29"],
}
CASES = [(column, expected, value) for (column, expected), values in FIELDS.items() for value in values]


@pytest.mark.parametrize(("column", "expected", "value"), CASES)
def test_a_bad_field_is_named(column: str, expected: str, value: str):
    assert findings(book_text({column: value})) == [f"own.csv:2: {column}: expected {expected}, was {value[:80]!r}"]


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("high", "2287.99", "no less than low, 2288.0"),
        ("order_in_chain", "1", "nothing for key_support"),
        ("valid_from", "2024-12-01", "no day before the publication, 2024-12-02 in New York"),
        ("valid_to", "2024-12-01", "no day before the publication, 2024-12-02 in New York"),
    ],
)
def test_a_field_at_odds_with_another_is_named(column: str, value: str, expected: str):
    assert findings(book_text({column: value})) == [f"own.csv:2: {column}: expected {expected}, was {value}"]


@pytest.mark.parametrize("order", ["", "0", "-1", "1.0", "01", "x"])
def test_a_next_level_needs_its_order(order: str):
    of_role = " for next_support" if order == "" else ""
    expected = f"own.csv:2: order_in_chain: expected a whole number from 1{of_role}, was {order!r}"
    assert findings(book_text({**NEXT, "order_in_chain": order})) == [expected]


def test_the_day_of_publication_is_that_of_new_york():
    # Three in the morning of 3 December in London is ten in the evening of the second in New York.
    row = {"published_at": "2024-12-03T03:00:00+00:00", "valid_from": "2024-12-02"}
    assert len(read(book_text(row))) == 1
    assert findings(book_text({**row, "published_at": "2024-12-03T05:00:00+00:00"})) == [
        "own.csv:2: valid_from: expected no day before the publication, 2024-12-03 in New York, was 2024-12-02"
    ]


def test_validity_does_not_end_before_it_begins():
    assert findings(book_text({"valid_from": "2024-12-10", "valid_to": "2024-12-09"})) == [
        "own.csv:2: valid_to: expected no day before valid_from, 2024-12-10, was 2024-12-09"
    ]


TWO_ROWS = [
    (NEXT | {"level_id": "a"}, ["level_id: expected an id of its own, was 'a' of own.csv:2"]),
    (NEXT | {"author": "you"}, ["author: expected 'me' as in its set at own.csv:2, was 'you'"]),
    (NEXT | {"instrument_id": "NDX"}, ["instrument_id: expected 'RUT' as in its set at own.csv:2, was 'NDX'"]),
    (NEXT | {"bias": "neutral"}, ["bias: expected 'bullish' as in its set at own.csv:2, was 'neutral'"]),
    (LATER | {"supersedes": "A"}, ["supersedes: expected the level_id of another row, was 'A'"]),
    (NEXT | LATER | {"supersedes": "b"}, ["supersedes: expected the level_id of another row, was 'b'"]),
    (LATER | {"set_id": "other", "instrument_id": "NDX"},
     ["supersedes: expected a level of instrument_id 'NDX', was one of 'RUT' at own.csv:2"]),
    (LATER | {"set_id": "other", "author": "you"},
     ["supersedes: expected a level of author 'you', was one of 'me' at own.csv:2"]),
    (LATER | {"published_at": ROW["published_at"]},
     ["published_at: expected later than 2024-12-02T13:30:00+00:00 of the level it supersedes at own.csv:2, was "
      "2024-12-02T13:30:00+00:00"]),
    ({"level_id": "b"},
     ["valid_from: expected a time without another key_support of its set and order, was 2024-12-02, within that of "
      "'a' at own.csv:2"]),
]  # fmt: skip


@pytest.mark.parametrize(("second", "expected"), TWO_ROWS)
def test_a_row_at_odds_with_another_is_named(second: dict[str, str], expected: list[str]):
    assert findings(book_text({}, second)) == [f"own.csv:3: {text}" for text in expected]


def test_a_revision_does_not_begin_before_what_it_revises():
    assert findings(book_text({"valid_from": "2024-12-10"}, LATER)) == [
        "own.csv:3: valid_from: expected no day before 2024-12-10, when the level it supersedes at own.csv:2 begins, "
        "was 2024-12-03"
    ]
    assert len(read(book_text({"valid_from": "2024-12-10"}, LATER | {"valid_from": "2024-12-10"}))) == 2


def test_a_level_is_revised_once():
    third = LATER | {"level_id": "c", "published_at": "2024-12-04T08:30:00-05:00"}
    assert findings(book_text({}, LATER, third)) == [
        "own.csv:4: supersedes: expected a level nothing else supersedes, was 'a' as at own.csv:3"
    ]
    assert len(read(book_text({}, LATER, third | {"supersedes": "b"}))) == 3


def test_revisions_do_not_go_round_in_a_circle():
    out = findings(book_text({"supersedes": "b"}, LATER))
    assert out == [
        "own.csv:2: published_at: expected later than 2024-12-03T13:30:00+00:00 of the level it supersedes at "
        "own.csv:3, was 2024-12-02T13:30:00+00:00"
    ]


def test_a_place_in_a_set_is_held_by_one_level_at_a_time():
    first, ended = {"valid_to": "2024-12-10"}, {"level_id": "b", "valid_from": "2024-12-11"}
    assert len(read(book_text(first, ended))) == 2
    text = "expected a time without another key_support of its set and order, was 2024-12-10, within that of"
    assert findings(book_text(first, ended | {"valid_from": "2024-12-10"})) == [
        f"own.csv:3: valid_from: {text} 'a' at own.csv:2"
    ]
    # Revisions of one level overlap it; another level in the same place may not.
    third = {"level_id": "c", "published_at": "2024-12-10T08:30:00-05:00"}
    assert findings(book_text({}, LATER, third)) == [f"own.csv:4: valid_from: {text} 'a' at own.csv:2"]
    # A short one is seen behind the long one that overlaps it, by the revisions of the latter too.
    short = {"level_id": "s", "valid_to": "2024-12-10"}
    long = {"level_id": "a", "valid_from": "2024-12-04"}
    within = "expected a time without another key_support of its set and order, was {}, within that of 's' at own.csv:2"
    assert findings(book_text(short, long, LATER | {"valid_from": "2024-12-05"})) == [
        f"own.csv:3: valid_from: {within.format('2024-12-04')}",
        f"own.csv:4: valid_from: {within.format('2024-12-05')}",
    ]
    # A long one is seen behind shorter ones, in whatever order they stand.
    short = {"level_id": "b", "set_id": "set", "valid_to": "2024-12-04"} | NEXT
    assert findings(book_text(third, short, {})) == [f"own.csv:2: valid_from: {text} 'a' at own.csv:4"]


def test_other_orders_sets_and_roles_are_other_places():
    others = [
        NEXT,
        NEXT | {"level_id": "c", "order_in_chain": "2"},
        {"level_id": "d", "role": "key_resistance"},
        {"level_id": "e", "set_id": "s"},
    ]
    assert len(read(book_text({}, *others))) == 5


def test_rules_hold_across_both_books():
    house = book_text({})
    assert read(book_text(LATER | {"low": "2300"}), house)["book"].to_list() == ["house", "own"]
    assert findings(book_text({"set_id": "s"}), house) == [
        "own.csv:2: level_id: expected an id of its own, was 'a' of seeds/house.csv:2"
    ]
    assert findings(book_text(NEXT | {"author": "you"}), house) == [
        "own.csv:2: author: expected 'me' as in its set at seeds/house.csv:2, was 'you'"
    ]


def test_all_findings_are_told_in_the_order_of_the_files():
    # A bad number hides neither the bad role beside it nor what is wrong between the other rows.
    broken = {"level_id": "c", "set_id": "s", "low": "x", "role": "y"}
    found = findings(
        book_text({}, broken, {"set_id": "t", "bias": "z", "valid_to": "2024-01-01"}), house=book_text({"low": ""})
    )
    assert [finding.split(": expected")[0] for finding in found] == [
        "seeds/house.csv:2: low",
        "own.csv:2: level_id",
        "own.csv:3: role",
        "own.csv:3: low",
        "own.csv:4: bias",
        "own.csv:4: valid_to",
        "own.csv:4: level_id",
    ]


def test_what_cannot_be_read_is_not_taken_for_missing():
    # The revised row is bad in itself, so the revision is not.
    assert [text.split(": expected")[0] for text in findings(book_text({"low": "x"}, LATER))] == ["own.csv:2: low"]
    broken = book_text({}, LATER).replace("page 3", "page 3,4", 1)
    assert findings(broken) == ["own.csv:2: expected 17 fields, was 18"]
