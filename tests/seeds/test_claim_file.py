"""The file format of claims: what a file may look like, and where exactly a bad one is refused."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import time
from pathlib import Path

import polars as pl
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines import seeds
from pipelines.contracts.claim_type import CLAIM_TYPES
from pipelines.contracts.received import NoteClaim
from pipelines.seeds.claim_field import Names
from pipelines.seeds.claim_file import ClaimsError
from pipelines.seeds.claim_rules import read_claims
from pipelines.settings import Settings
from tests.seeds.claim_files import CLAIM, HOUSE, NAMES, NOTE, OWN, file_text, findings, read

GUIDE = Path(__file__).parents[2] / "docs/claims.md"


def real_names() -> Names:
    members = seeds.universe_members()
    return Names(
        seeds.instruments(is_synthetic=False)["instrument_id"].to_list(),
        seeds.ratio_pairs()["pair_id"].to_list(),
        {"us_index_4": members["instrument_id"].to_list()},
        set(seeds.funds()["index_id"]),
    )


def test_the_houses_file_holds_every_statement_of_the_note() -> None:
    claims = read_claims(real_names()).sort("claim_number")
    assert claims["claim_number"].to_list() == list(range(1, 38))
    assert set(claims["note_id"]) == {"oanda-2024-12-02"}
    assert set(claims["author"]) == {"OANDA MarketPulse"}
    assert set(claims["published_at"]) == {dt.datetime(2024, 12, 2, 5, tzinfo=dt.UTC)}
    counts = dict(claims["claim_type"].value_counts().iter_rows())
    assert counts == {
        **{"period_return": 4, "period_rank": 1, "return_multiple": 2, "return_above": 2},
        **{"record_value": 1, "record_date": 1, "record_proximity": 1, "only_without_record": 1, "record_count": 3},
        **{"relative_since": 2, "ratio_turning": 2, "revenue_share": 3, "largest_sector": 2},
        **{"average_direction": 2, "average_support": 2, "phase": 2},
        **{"level_state": 2, "level_at_record": 1, "level_next": 3},
    }
    returns = claims.filter(claim_type="period_return").select("subject", "stated_value", "stated_tolerance", "unit")
    assert returns.rows() == [
        ("RUT", 10.8, 0.05, "per cent"),
        ("SPX", 5.7, 0.05, "per cent"),
        ("NDX", 5.2, 0.05, "per cent"),
        ("DJI", 7.5, 0.05, "per cent"),
    ]


def test_the_entry_in_the_documentation_is_a_good_one() -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    OWN.write_text(block)
    out = read_claims(real_names(), OWN).filter(book="own")
    assert out.select("claim_id", "claim_type", "subject", "stated").rows() == [
        ("mine/q3", "period_return", "RUT", "9"),
        ("mine/trend", "phase", "RUT/SPX", "up"),
    ]


def test_the_findings_in_the_documentation_are_those_of_its_file() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)
    for old, new in (("stated: 9", "stated: about nine"), ("0.5", "nan"), ("RUT/SPX", "SPX/RUT")):
        block = block.replace(old, new)
    Path("claims.yaml").write_text(block)
    with pytest.raises(ClaimsError) as refusal:
        read_claims(real_names(), Path("claims.yaml"))
    assert f"```\n{refusal.value}\n```" in guide


def test_the_documentation_names_every_type_with_its_subjects_and_keys() -> None:
    rows = re.findall(r"^\| `(\w+)`" + r" \|([^|\n]*)" * 4 + r"\|$", GUIDE.read_text(encoding="utf-8"), re.M)
    assert [kind for kind, *_ in rows[1:]] == list(CLAIM_TYPES)
    letters = {"c": ["cash_close"], "i": ["cash_intraday"], "f": ["future", "cfd"], "u": ["unstated"]}
    for kind, subjects, bases, _, keys in rows[1:]:
        declared = CLAIM_TYPES[kind]
        assert subjects.strip().split(" or ") == list(declared.subjects)
        named = [basis for each in bases.strip().split(", ") for basis in letters.get(each, [each])]
        assert sorted(named) == sorted(declared.bases)
        assert re.findall(r"`(\w+)`", re.sub(r"\(.*?\)", "", keys)) == list(declared.parameters)


def test_a_claim_is_a_row() -> None:
    assert read(file_text(CLAIM)).rows(named=True) == [
        {
            "claim_id": "a",
            "note_id": "note",
            "claim_number": 1,
            "book": "own",
            "text": "The Russell gained 10.8 %.",
            "author": "me",
            "title": "A note",
            "reference": "page 3",
            "published_at": dt.datetime(2024, 12, 2, 13, 30, tzinfo=dt.UTC),
            "as_of": dt.date(2024, 11, 29),
            "claim_type": "period_return",
            "subject_kind": "instrument",
            "subject": "RUT",
            "basis": "cash_close",
            "quoted_on": None,
            "parameters": '{"period": "2024-11"}',
            "stated": "10.8",
            "stated_value": 10.8,
            "stated_tolerance": 0.05,
            "unit": "per cent",
        }
    ]


@pytest.mark.parametrize(
    ("published_at", "as_of"),
    [("2024-12-02T00:00:00-05:00", dt.date(2024, 12, 2)), ("2024-12-03T04:59:00Z", dt.date(2024, 12, 2))],
)
def test_without_a_date_a_claim_is_of_the_day_of_publication_in_new_york(published_at: str, as_of: dt.date) -> None:
    claim = {key: value for key, value in CLAIM.items() if key != "as_of"}
    assert read(file_text(claim, note={**NOTE, "published_at": published_at}))["as_of"].to_list() == [as_of]


def test_the_house_and_a_user_are_read_together_in_the_order_of_their_ids() -> None:
    house = file_text({**CLAIM, "claim_id": "b"}, note={**NOTE, "note_id": "house"})
    out = read(file_text({**CLAIM, "claim_id": "c"}, CLAIM), house)
    assert out.select("claim_id", "book", "claim_number").rows() == [
        ("a", "own", 2),
        ("b", "house", 1),
        ("c", "own", 1),
    ]


@pytest.mark.parametrize(
    "change",
    [
        ("10.8\n", '"10.8"\n'),
        ("The Russell gained 10.8 %.", ">-\n        The Russell\n        gained 10.8 %."),
        ("\n", "\r\n"),
        ("10.8\n", "10.8  # a comment\n"),
        ("me\n", "me\n\n  # a comment\n"),
    ],
    ids=["quotes", "folded", "CRLF", "comment", "comment line"],
)
def test_the_same_file_in_other_clothes(change: tuple[str, str]) -> None:
    plain = file_text(CLAIM)
    assert read(b"\xef\xbb\xbf" + plain.replace(*change).encode()).equals(read(plain))


def test_numbers_and_dates_are_what_is_written_and_not_what_yaml_makes_of_it() -> None:
    """YAML takes NO for false, 1_0 for ten, 010 for eight and 12:30 for 750."""
    assert read(file_text(CLAIM, note={**NOTE, "author": "NO"}))["author"].to_list() == ["NO"]
    for odd in ("1_0", "0x10", "12:30", "1e3", ".5", "1,000", "+1"):
        (finding,) = findings(file_text({**CLAIM, "stated": odd}))
        assert finding == f"own.yaml:14: stated: expected a number such as 10.8 or -3, was {odd!r}"


FORMS = [
    ("", "own.yaml: expected a list of notes, was an empty file"),
    ("# nothing\n", "own.yaml: expected a list of notes, was an empty file"),
    ("notes: []\n", "own.yaml:1: expected a list of notes, was a mapping"),
    ("hello\n", "own.yaml:1: expected a list of notes, was 'hello'"),
    ("- hello\n", "own.yaml:1: expected a note with its keys, was 'hello'"),
    ("- [a, b]\n", "own.yaml:1: expected a note with its keys, was a list"),
    (
        file_text().replace("claims: []", "claims: {a: b}"),
        "own.yaml:6: claims: expected a list of claims, was a mapping",
    ),
    (file_text().replace("  claims: []\n", ""), "own.yaml:1: claims: expected a list of claims, was missing"),
    (file_text().replace("[]", "[hello]"), "own.yaml:6: expected a claim with its keys, was 'hello'"),
    (file_text(CLAIM) + "---\n" + file_text(), "own.yaml:18: expected one document, was a further one"),
    ("- a: [1\n", "own.yaml:2: expected YAML, was unreadable: "),
    ("- a: b: c\n", "own.yaml:1: expected YAML, was unreadable: mapping values are not allowed here"),
    ("- a: 1\n  \tb: 2\n", "own.yaml:2: expected YAML, was unreadable: "),
    ("- a: 1\n  a: 2\n", "own.yaml:2: expected a key once, was 'a' as on line 1"),
    ("- ? [a]\n  : 1\n", "own.yaml:1: expected a name as the key, was a list"),
    ("- &x 1\n- *x\n", "own.yaml:1: expected values written out, was the anchor or alias 'x'"),
    ("- *x\n", "own.yaml:1: expected values written out, was the anchor or alias 'x'"),
    ("- !!python/name:os.system a\n", "own.yaml:1: expected values without a tag, was 'tag:yaml.org,2002:python/name"),
    ("- !!int 3\n", "own.yaml:1: expected values without a tag, was 'tag:yaml.org,2002:int'"),
    ("\n" + "[" * 40 + "\n", "own.yaml:2: expected at most 12 lists and mappings in one another, was more"),
    ("- a: 1\n- \x07\n", "own.yaml:2: expected text, was the character 0x0007"),
    ("- a\0\n", "own.yaml:1: expected text, was a NUL character"),
]


@pytest.mark.parametrize(("content", "expected"), FORMS)
def test_what_is_no_claims_file_is_refused_with_its_line(content: str, expected: str) -> None:
    (finding,) = findings(content)
    assert finding.startswith(expected)


def test_other_encodings_are_refused_with_their_line() -> None:
    text = file_text({**CLAIM, "text": "Ümit"})
    assert findings(text.encode("latin-1")) == ["own.yaml:8: expected UTF-8, was byte 0xdc"]
    assert findings(text.encode("utf-16")) == ["own.yaml:1: expected UTF-8, was byte 0xff; is the file UTF-16?"]


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    for path, was in (
        (tmp_path / "none.yaml", "unreadable: No such file or directory"),
        (tmp_path, "a folder"),
        (Path("/dev/null"), "a device or a pipe"),
    ):
        with pytest.raises(ClaimsError) as refusal:
            read_claims(NAMES, path, [])
        assert refusal.value.findings == [f"{path}: expected a claims file, a YAML file, was {was}"]


def test_a_file_without_permission_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, os.strerror(13), str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(ClaimsError, match=r"seeds/house\.yaml: expected .* was unreadable: Permission denied"):
        read_claims(NAMES, None, [HOUSE])


def test_the_first_twenty_findings_are_shown_and_the_rest_counted() -> None:
    claims = [{**CLAIM, "claim_id": f"c{number}", "stated": "x"} for number in range(23)]
    with pytest.raises(ClaimsError) as refusal:
        read(file_text(*claims))
    lines = str(refusal.value).splitlines()
    assert len(refusal.value.findings) == 23
    assert lines[19].startswith("own.yaml:204: stated: ")
    assert lines[20:] == ["... and 3 more"]


def test_without_claims_the_frame_is_empty() -> None:
    assert read(file_text()).equals(NoteClaim.create_empty())
    assert read("[]\n").equals(NoteClaim.create_empty())


def test_a_thousand_claims_are_read_at_once() -> None:
    text = file_text(*({**CLAIM, "claim_id": f"c{number:04d}"} for number in range(1000)))
    began = time.perf_counter()
    assert read(text).height == 1000
    assert time.perf_counter() - began < 20, "expected two or three seconds"


def test_the_own_file_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().claims is None
    monkeypatch.setenv("MARKET_CLAIMS", "own.yaml")
    assert Settings().claims == OWN


FUZZED = file_text(
    CLAIM,
    {**CLAIM, "claim_id": "b", "text": '"quoted: # text"', "stated": "-3"},
    {**CLAIM, "claim_id": "c", "as_of": "2024-12-02"},
).encode()
PIECES = rb": - [ ] { } , # ' & * ! | > % @ ` ? 0 9 . ~ a nan b null yes - <<:".split(b" ")
ODD_PIECES = [b" ", b"  ", b"\n", b"\r", b"\t", b"\0", b"\xff", b"\xef\xbb\xbf", b"\xc3\xbc", b'"', b"\n---\n", b"\x85"]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(
        st.tuples(
            st.integers(0, len(FUZZED)), st.sampled_from([0, 0, 1, 2, 30]), st.sampled_from([*PIECES, *ODD_PIECES])
        ),
        min_size=1,
        max_size=3,
    )
)
def test_of_a_damaged_file_all_claims_come_back_or_none(changes: list[tuple[int, int, bytes]]) -> None:
    content = FUZZED
    for at, removed, piece in changes:
        content = content[:at] + piece + content[at + removed :]
    try:
        out = read(content)
    except ClaimsError as error:
        odd = [finding for finding in error.findings if not re.match(r"own\.yaml(:\d+)?: ", finding)]
        found = expected = {}
    else:
        odd, found, expected = [], _as_plain(out), _as_texts(content.decode("utf-8-sig"))
    assert not odd
    assert found == expected


def _as_plain(out: pl.DataFrame) -> dict[str, tuple[str, str, float, float, str]]:
    return {
        row["claim_id"]: (
            *(row[name] for name in ("author", "text", "stated_value", "stated_tolerance")),
            json.loads(row["parameters"])["period"],
        )
        for row in out.iter_rows(named=True)
    }  # fmt: skip


def _as_texts(text: str) -> dict[str, tuple[str, str, float, float, str]]:
    """Return the same by YAML's own loader, which makes a text of each value."""
    notes = yaml.load(text, Loader=yaml.BaseLoader)  # It builds nothing but texts.
    return {
        claim["claim_id"]: (
            note["author"], claim["text"], float(claim["stated"]), float(claim["tolerance"]), claim["period"]
        )
        for note in notes
        for claim in note["claims"]
    }  # fmt: skip


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.text(alphabet="-:[]{}&*!|>'\"%@#,? \n\tab0", max_size=60))
def test_any_text_is_read_or_refused(content: str) -> None:
    try:
        is_sound = read(content).is_empty()
    except ClaimsError as error:
        is_sound = bool(error.findings)
    assert is_sound
