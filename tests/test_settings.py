from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from pydantic import ValidationError

from pipelines.parameters import Parameters
from pipelines.settings import Settings, SettingsError
from pipelines.sources import SourceError, source_of


def test_each_source_has_its_own_folder() -> None:
    settings = Settings(source="yahoo", warehouse_dir=Path("here"))
    assert settings.database_path == Path("here/yahoo/market.duckdb")
    assert settings.lake_dir == Path("here/yahoo/lake")


def test_only_the_sample_is_synthetic() -> None:
    assert Settings().is_synthetic
    assert Settings().note.startswith("SYNTHETIC")
    assert not Settings(source="yahoo").is_synthetic
    assert Settings(source="yahoo").note == ""


def test_a_fixed_clock_is_given_in_utc() -> None:
    new_york = dt.timezone(dt.timedelta(hours=-5))
    settings = Settings(now=dt.datetime(2024, 12, 2, 17, tzinfo=new_york))
    assert settings.clock() == dt.datetime(2024, 12, 2, 22, tzinfo=dt.UTC)
    assert settings.clock().tzinfo == dt.UTC


def test_a_past_moment_has_a_folder_of_its_own_and_raw_stays_where_it_is() -> None:
    new_york = dt.timezone(dt.timedelta(hours=-5))
    settings = Settings(warehouse_dir=Path("here"), known_at=dt.datetime(2024, 12, 2, 17, tzinfo=new_york))
    assert settings.knowledge_time() == dt.datetime(2024, 12, 2, 22, tzinfo=dt.UTC)
    assert settings.lake_dir == Path("here/sample/lake")
    assert settings.derived_dir == Path("here/sample/known/20241202T220000Z/lake")
    assert settings.database_path == Path("here/sample/known/20241202T220000Z/market.duckdb")
    moment = dt.datetime(2024, 12, 2, 22, 0, 0, 250, tzinfo=dt.UTC)
    assert Settings(known_at=moment).build_dir.name == "20241202T220000.000250Z"


def test_without_a_past_moment_the_build_is_of_the_clock() -> None:
    settings = Settings(warehouse_dir=Path("here"), now=dt.datetime(2024, 12, 2, 22, tzinfo=dt.UTC))
    assert settings.knowledge_time() == settings.clock()
    assert (settings.is_past, settings.build_dir, settings.derived_dir) == (
        *(False, settings.source_dir),
        settings.lake_dir,
    )


def test_a_variable_that_is_nearly_a_setting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARKET_PLACE", "of another program")
    assert Settings.of_environment() == Settings()
    monkeypatch.setenv("MARKET_SOUCE", "yahoo")
    with pytest.raises(SettingsError, match="MARKET_SOUCE: expected a setting, was unknown; perhaps MARKET_SOURCE was"):
        Settings.of_environment()


@pytest.mark.parametrize(
    ("known_at", "reason"), [("2024-12-02T22:00:01Z", "not after the clock"), ("2024-12-02T22:00:00", "timezone")]
)
def test_a_moment_to_come_or_without_an_offset_is_refused(known_at: str, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        Settings(now=dt.datetime(2024, 12, 2, 22, tzinfo=dt.UTC), known_at=known_at)


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARKET_FILES_DIR", "")
    monkeypatch.setenv("MARKET_SOURCE", "files")
    assert Settings().files_dir is None


def test_only_who_reads_the_folder_of_files_has_to_name_it() -> None:
    settings = Settings(source="files", warehouse_dir=Path("here"))
    assert settings.database_path == Path("here/files/market.duckdb")
    with pytest.raises(SourceError, match="MARKET_FILES_DIR: expected a folder of CSV or Parquet files"):
        source_of(settings)


def test_a_parameter_set_is_frozen_and_its_id_follows_its_values() -> None:
    assert Parameters().set_id == Parameters().set_id
    assert Parameters(major_flat_band_bp=1.5).set_id != Parameters().set_id
    with pytest.raises(ValidationError):
        Parameters().major_flat_band_bp = 2.0  # type: ignore[misc]
