"""The checkout in which the sample is built, whose published file tests copy."""

from __future__ import annotations

from tests.checkout import sample

__all__ = ["sample"]
