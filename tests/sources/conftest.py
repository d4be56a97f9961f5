"""The sample's documents, written and read once for all tests of this folder."""

from __future__ import annotations

import pytest

from tests.sources.sample_reading import Sample, read_sample


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """Return the sample as its readers see it; leave its files as they are."""
    return read_sample(tmp_path_factory.mktemp("sample"))
