from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from pipelines import seeds
from pipelines.contracts import core, raw
from pipelines.contracts.check import ContractError
from pipelines.storage.lake import Lake, LakeError, bucket_of, extended
from tests.storage.processes import dead_process

MORNING = dt.datetime(2024, 12, 2, 9, tzinfo=dt.UTC)


def rejected(count: int, first: int = 0) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "row_id": f"{number:04d}",
                "instrument_id": f"I{number % 7}",
                "session": None,
                "raw_table": "bar",
                "rule": "unparsable",
                "locator": "a.csv:1",
                "payload": "{}",
                "source": "files",
                "payload_hash": "0",
                "fetched_at": MORNING,
            }
            for number in range(first, first + count)
        ],
        schema={name: column.dtype for name, column in raw.RejectedRow.columns().items()},
    )


def test_a_table_never_written_is_empty(tmp_path: Path) -> None:
    assert Lake(tmp_path).read(core.Bar).is_empty()


@pytest.mark.parametrize("buckets", [1, 3])
def test_what_is_written_is_read_back(tmp_path: Path, buckets: int) -> None:
    lake = Lake(tmp_path, buckets)
    lake.replace(core.Instrument, seeds.instruments(False))
    assert lake.read(core.Instrument).sort("instrument_id").equals(seeds.instruments(False).sort("instrument_id"))


def test_fewer_buckets_leave_no_stale_file(tmp_path: Path) -> None:
    Lake(tmp_path, 3).replace(core.Instrument, seeds.instruments(False))
    Lake(tmp_path, 1).replace(core.Instrument, seeds.instruments(False))
    assert len(Lake(tmp_path).files(core.Instrument)) == 1
    assert Lake(tmp_path).read(core.Instrument).height == 4


def test_a_series_lies_in_the_bucket_of_its_hash(tmp_path: Path) -> None:
    lake = Lake(tmp_path, 4)
    lake.replace(core.Instrument, seeds.instruments(False))
    for path in lake.files(core.Instrument):
        for name in pl.read_parquet(path)["instrument_id"]:
            assert path.parent.name == f"bucket={bucket_of(name, 4):02d}"
    assert bucket_of("123456789", 2**32) == 0xCBF43926  # the check value that CRC-32 is published with


def test_append_adds_and_never_rewrites(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.append(raw.RejectedRow, rejected(3))
    before = {path: path.read_bytes() for path in lake.files(raw.RejectedRow)}
    lake.append(raw.RejectedRow, rejected(2, first=3))
    lake.append(raw.RejectedRow, rejected(0))
    assert lake.read(raw.RejectedRow)["row_id"].to_list() == ["0000", "0001", "0002", "0003", "0004"]
    assert len(lake.files(raw.RejectedRow)) == 2
    assert all(path.read_bytes() == content for path, content in before.items())


def test_only_raw_tables_can_be_appended_to(tmp_path: Path) -> None:
    with pytest.raises(LakeError, match=r"core\.instrument: expected a table of the raw layer"):
        Lake(tmp_path).append(core.Instrument, seeds.instruments(False))


def test_rows_that_break_the_contract_leave_the_table_as_it_was(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.replace(core.Instrument, seeds.instruments(False))
    with pytest.raises(ContractError):
        lake.replace(core.Instrument, seeds.instruments(False).with_columns(tick_size=pl.lit(-1.0)))
    assert lake.read(core.Instrument)["tick_size"].min() == 0.01


def test_older_files_without_a_column_and_with_another_still_read(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.replace(core.Instrument, seeds.instruments(False))
    (path,) = lake.files(core.Instrument)
    pl.read_parquet(path).drop("intraday_from").with_columns(old=pl.lit(1)).write_parquet(path)
    assert lake.read(core.Instrument)["intraday_from"].null_count() == 4


def test_a_file_without_metadata_has_no_snapshot(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.replace(core.Instrument, seeds.instruments(False), snapshot="bar=a")
    (path,) = lake.files(core.Instrument)
    pq.write_table(pq.read_table(path, partitioning=None).replace_schema_metadata(None), path)
    assert lake.common_snapshot([core.Instrument]) is None


def test_a_temporary_file_of_a_killed_writer_is_not_read_and_is_swept(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.replace(core.Instrument, seeds.instruments(False))
    (path,) = lake.files(core.Instrument)
    leftover = path.with_name(f".{path.name}-{dead_process()}.tmp")
    leftover.write_bytes(b"half a file")
    written_now = path.with_name(f".{path.name}-{os.getppid()}.tmp")
    written_now.write_bytes(b"half a file of another run")
    assert lake.read(core.Instrument).height == 4
    lake.replace(core.Instrument, seeds.instruments(False))
    assert not leftover.exists()
    assert written_now.exists()


@pytest.mark.parametrize("name", ["a [1]", "b*", "c {x,y}", "d 'e' \"f\"", "g%20h"])
def test_odd_letters_in_the_path_are_only_letters(tmp_path: Path, name: str) -> None:
    lake = Lake(tmp_path / name)
    lake.replace(core.Instrument, seeds.instruments(False))
    assert lake.read(core.Instrument).height == 4


def test_files_say_what_they_hold(tmp_path: Path) -> None:
    lake = Lake(tmp_path, stamp={"source": "sample", "is_synthetic": "true"})
    lake.replace(core.Instrument, seeds.instruments(True))
    schema = pq.read_schema(lake.files(core.Instrument)[0])
    assert schema.metadata[b"is_synthetic"] == b"true"
    assert schema.metadata[b"table"] == b"core.instrument"
    assert schema.field("tick_size").metadata == {
        b"description": b"Smallest step of a quotation.",
        b"unit": b"points",
    }


def test_tables_of_one_state_share_their_snapshot_and_others_may_not_be_mixed(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    tables = (core.Instrument, core.RatioPair, core.UniverseMember, core.Bar)
    assert lake.common_snapshot(tables) is None
    lake.replace(core.Instrument, seeds.instruments(False), snapshot="bar=a parameters=p")
    lake.replace(core.RatioPair, seeds.ratio_pairs())
    lake.replace(core.UniverseMember, seeds.universe_members(), snapshot="bar=a parameters=p")
    assert lake.common_snapshot(tables) == "bar=a parameters=p"
    lake.replace(core.UniverseMember, seeds.universe_members(), snapshot="bar=b parameters=p")
    expected = r"was bar=b of core\.universe_member, bar=a of core\.instrument; materialise"
    with pytest.raises(LakeError, match=expected):
        lake.common_snapshot(tables)


def test_a_table_of_two_kinds_of_facts_shares_the_snapshot_of_either(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    tables = (core.Instrument, core.UniverseMember, core.RatioPair)
    lake.replace(core.Instrument, seeds.instruments(False), snapshot="bar=a")
    lake.replace(core.UniverseMember, seeds.universe_members(), snapshot="holding=h")
    lake.replace(core.RatioPair, seeds.ratio_pairs(), snapshot="bar=a holding=h level=b")
    assert lake.common_snapshot(tables) == "bar=a holding=h level=b"
    lake.replace(core.RatioPair, seeds.ratio_pairs(), snapshot="bar=a holding=i level=b")
    with pytest.raises(LakeError, match=r"holding=i of core\.ratio_pair, holding=h of core\.universe_member"):
        lake.common_snapshot(tables)


def test_a_snapshot_is_extended_in_the_order_of_names() -> None:
    assert extended(None, {}) is None
    assert extended("bar=a parameters=p", {"level": "b"}) == "bar=a level=b parameters=p"
    assert extended("bar=a", {"bar": "b"}) == "bar=b"
