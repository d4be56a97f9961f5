from __future__ import annotations

import polars as pl
import pytest

from pipelines.storage.content_hash import content_hash

FRAME = pl.DataFrame({"id": ["ab", "c", None], "value": [1.0, None, 3.0], "is_new": [True, None, False]})


def test_equal_rows_have_equal_hashes_however_they_were_built() -> None:
    in_pieces = pl.concat([FRAME.head(1), FRAME.tail(2)], rechunk=False)
    assert content_hash(in_pieces) == content_hash(FRAME)


@pytest.mark.parametrize(
    "other",
    [
        FRAME.reverse(),
        FRAME.rename({"value": "price"}),
        FRAME.with_columns(pl.col("value").fill_null(0.0)),
        FRAME.with_columns(pl.col("is_new").fill_null(False)),
        FRAME.with_columns(pl.col("id").fill_null("")),
        FRAME.with_columns(id=pl.Series(["a", "bc", None])),
        FRAME.with_columns(pl.col("value") + 1e-12),
        FRAME.head(2),
    ],
)
def test_any_other_content_has_another_hash(other: pl.DataFrame) -> None:
    assert content_hash(other) != content_hash(FRAME)


def test_when_we_learnt_it_does_not_count() -> None:
    assert content_hash(FRAME.with_columns(fetched_at=pl.lit(1))) == content_hash(FRAME)
