"""Rows of quarters of filings that are refused, by which rule, and when the whole file is not believed."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from pipelines.sources import statement_table
from pipelines.sources.base import SourceError
from tests.sources.statement_files import ADSH, NUM_COLUMNS, OTHER, QUARTERLY, num_text, read, refusals, sub_text

# Rows

SUB_ODD = {
    "no accession number": {"adsh": "0000999901-24-00000"},
    "no key": {"cik": "99x"},
    "key of zero": {"cik": "0"},
    "an empty key": {"cik": ""},
    "no name": {"name": ""},
    "a name in pieces": {"name": "FICTIONAL\x0bWIDGETS"},
    "a long industry": {"sic": "37110"},
    "a state with many letters": {"countryba": "MICHIGAN"},
    "no such date": {"period": "20230231"},
    "a date of another form": {"filed": "2024-02-01"},
    "no date of filing": {"filed": ""},
    "no such moment": {"accepted": "2024-02-01 24:05:00.0"},
    "a moment that clocks left out": {"accepted": "2024-03-10 02:30:00.0", "filed": "20240310"},
    "half a moment": {"accepted": "2024-02-01"},
    "accepted in another year than filed": {"accepted": "2023-02-01 16:05:00.0"},
    "no filers": {"nciks": "0"},
    "no form": {"form": ""},
    "form and country changed places": {"form": "US", "countryba": "10-K"},
}


@pytest.mark.parametrize("cells", SUB_ODD.values(), ids=SUB_ODD)
def test_a_filing_with_an_odd_cell_is_refused_and_its_facts_have_none(tmp_path: Path, cells: dict[str, str]) -> None:
    sub = sub_text({"adsh": OTHER}, {**cells})
    found = read(tmp_path, sub, num_text({"adsh": OTHER}, {}))
    assert refusals(found) == [("sub.txt", 3, "unparsable"), ("num.txt", 3, "no_filing")]
    assert found.filings["adsh"].to_list() == found.facts["adsh"].to_list() == [OTHER]
    payload = json.loads(found.refused["payload"][0])
    assert {name: payload[name] for name in cells} == cells


def test_a_filing_of_another_form_may_hold_what_it_likes(tmp_path: Path) -> None:
    odd = {"adsh": QUARTERLY, "form": "10-Q", "filed": "", "cik": "x", "accepted": "never"}
    assert read(tmp_path, sub_text({}, odd), num_text({}, {"adsh": QUARTERLY})).refused.is_empty()


def test_a_further_row_of_an_accession_number_is_refused(tmp_path: Path) -> None:
    found = read(tmp_path, sub_text({}, {"adsh": OTHER}, {"name": "ANOTHER"}, {}, {"adsh": "0000999904-24-000004"}))
    assert refusals(found) == [("sub.txt", 4, "duplicate"), ("sub.txt", 5, "duplicate")]
    assert found.filings["filer_name"].to_list() == ["FICTIONAL WIDGETS INC"] * 3


NUM_ODD = {
    "no number": {"value": "12x"},
    "an exponent": {"value": "1e9"},
    "not a number": {"value": "NaN"},
    "grouped": {"value": "1,000.0000"},
    "too long": {"value": "1" * 25},
    "no date": {"ddate": "20231301"},
    "an empty date": {"ddate": ""},
    "no length": {"qtrs": "four"},
    "no unit": {"uom": ""},
    "no taxonomy": {"version": ""},
    "a segment cut short": {"segments": "Geographical=US;ProductOrServ"},
    "a segment without an end": {"segments": "Geographical=US"},
    "a segment with two values": {"segments": "Geographical=US=CA;"},
    "a co-registrant that is a segment": {"coreg": "Geographical=US;"},
    "axes in the footnote": {"footnote": "Geographical=US;"},
    "another encoding": {"segments": "Geographical=Qu\ufffdbec;"},
    "no date of another length": {"ddate": "x", "qtrs": "1"},
    "no accession number": {"adsh": ADSH.replace("-", "_")},
    "tag and unit changed places": {"tag": "USD", "uom": "Revenues"},
    "tag and filing changed places": {"tag": ADSH, "adsh": "Revenues"},
    "unit and taxonomy changed places": {"version": "USD", "uom": "us-gaap/2023"},
}


@pytest.mark.parametrize("cells", NUM_ODD.values(), ids=NUM_ODD)
def test_a_fact_with_an_odd_cell_is_refused(tmp_path: Path, cells: dict[str, str]) -> None:
    found = read(tmp_path, num=num_text({"ddate": "20221231"}, cells))
    assert refusals(found) == [("num.txt", 3, "unparsable")]
    assert found.facts["fact_date"].to_list() == [dt.date(2022, 12, 31)]
    payload = json.loads(found.refused["payload"][0])
    assert {name: payload[name] for name in cells} == cells


def test_odd_cells_of_other_filings_and_tags_are_of_no_interest(tmp_path: Path) -> None:
    odd = {"ddate": "x", "value": "y", "segments": "z"}
    found = read(tmp_path, num=num_text({}, {**odd, "tag": "Assets"}, {**odd, "adsh": QUARTERLY}))
    assert (found.counts.facts, found.refused.height) == (1, 0)


def test_a_revenue_without_a_filing_is_refused_and_other_facts_without_one_are_left_out(tmp_path: Path) -> None:
    found = read(tmp_path, num=num_text({}, {"adsh": OTHER}, {"adsh": OTHER, "tag": "Assets"}, {"adsh": QUARTERLY}))
    assert refusals(found) == [("num.txt", 3, "no_filing")]


def test_a_row_with_another_number_of_cells_is_refused_whatever_it_is_of(tmp_path: Path) -> None:
    plain = num_text().split("\n")[1]
    broken = (plain[: plain.rindex("\t")], f"{plain}\t", "", "Assets")
    good = ({"ddate": f"20{year}1231"} for year in range(10, 20))
    found = read(tmp_path, sub_text({}, "a\tb"), num_text(*broken, *good))
    assert refusals(found) == [
        ("sub.txt", 3, "wrong_width"),
        *[("num.txt", line, "wrong_width") for line in (2, 3, 4, 5)],
    ]
    assert found.counts.facts == 10
    assert json.loads(found.refused["payload"][0]) == ["a", "b"]
    assert len(json.loads(found.refused["payload"][2])) == len(NUM_COLUMNS) + 1


# Files


def test_a_file_of_which_more_is_refused_than_kept_is_none(tmp_path: Path) -> None:
    odd = {"value": "x"}
    assert read(tmp_path, num=num_text({}, odd)).counts.facts == 1
    with pytest.raises(
        SourceError, match=r"num\.txt: expected rows that can be read, was 2 refused and 1 kept; first: l"
    ):
        read(tmp_path, num=num_text({}, odd, odd))
    with pytest.raises(SourceError, match=r"sub\.txt: expected rows that can be read, was 1 refused and 0 kept"):
        read(tmp_path, sub_text({"cik": "x"}))


def test_very_many_refused_rows_end_the_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statement_table, "MOST_REFUSED", 2)
    with pytest.raises(SourceError, match=r"was 3 refused and 0 kept; first: line 2, unparsable: .*never"):
        read(tmp_path, num=num_text(*[{"value": "never"}] * 3))


def test_revenues_without_a_single_number_are_another_column(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"num\.txt: expected numbers in column value, was none in 1 revenues"):
        read(tmp_path, num=num_text({"value": ""}))


def test_an_old_file_without_segments_is_refused_with_the_reason(tmp_path: Path) -> None:
    old = "adsh\ttag\tversion\tcoreg\tddate\tqtrs\tuom\tvalue\tfootnote\n"
    row = f"{ADSH}\tRevenues\tus-gaap/2023\t\t20231231\t4\tUSD\t1000.0000\t\n"
    with pytest.raises(
        SourceError, match=r"quarter\.zip: num\.txt: .*column segments.*before December 2024.*dimension"
    ):
        read(tmp_path, num=old + row)
