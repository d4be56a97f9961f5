"""A checkout in which the sample has been built by the command of the README, once for all tests and workers."""

from __future__ import annotations

import pytest

from tests.checkout import Checkout, shared_sample


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Return the checkout of the built sample. Tests may add briefs and exports to it, and change nothing else."""
    return shared_sample(tmp_path_factory)
