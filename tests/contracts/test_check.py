from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from pipelines import seeds
from pipelines.contracts import core
from pipelines.contracts.check import ContractError, checked, checked_in_order
from pipelines.contracts.core import Instrument, RatioPair


def test_rows_come_back_in_contract_order_sorted_by_key() -> None:
    shuffled = seeds.instruments(False).reverse().select(reversed(Instrument.column_names()))
    kept = checked(Instrument, shuffled.with_columns(extra=pl.lit(1)))
    assert kept.columns == Instrument.column_names()
    assert kept["instrument_id"].to_list() == ["DJI", "NDX", "RUT", "SPX"]


def test_missing_and_mistyped_columns_are_named() -> None:
    frame = seeds.instruments(False).drop("name").with_columns(tick_size=pl.lit("0.01"))
    with pytest.raises(
        ContractError, match=r"core\.instrument: name: expected String, was absent; tick_size"
    ) as caught:
        checked(Instrument, frame)
    assert caught.value.counts == {"columns": 2}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"tick_size": pl.lit(-1.0)}, "tick_size|min"),
        ({"currency": pl.lit("dollar")}, "currency|regex"),
        ({"name": pl.lit(None, pl.String)}, "name|nullability"),
        ({"instrument_id": pl.lit("RUT")}, "primary_key"),
    ],
)
def test_broken_rows_are_counted_by_rule_and_located(change: dict[str, pl.Expr], rule: str) -> None:
    with pytest.raises(ContractError, match=r"core\.instrument: .*instrument_id") as caught:
        checked(Instrument, seeds.instruments(False).with_columns(**change))
    assert caught.value.counts[rule] == 4


def test_a_pair_id_has_to_spell_out_the_pair() -> None:
    with pytest.raises(ContractError, match="pair_id_is_numerator_over_denominator"):
        checked(RatioPair, seeds.ratio_pairs().with_columns(numerator_id=pl.lit("XXX")))


def test_rows_in_order_are_checked_as_others_are() -> None:
    day = dt.date(2024, 1, 2)
    rows = pl.DataFrame({"instrument_id": ["A", "A", "B"], "session": [day, day + dt.timedelta(days=1), day]})
    assert checked_in_order(core.MissingSession, rows).equals(rows)
    assert checked_in_order(core.MissingSession, rows.clear()).is_empty()
    assert checked_in_order(core.MissingSession, rows.reverse()).equals(rows), "out of order is no fault, only slower"
    with pytest.raises(ContractError, match=r"core\.missing_session.*primary_key \(2 rows\)"):
        checked_in_order(core.MissingSession, pl.concat([rows, rows.tail(1)]))
    with pytest.raises(ContractError, match=r"instrument_id\|nullability"):
        checked_in_order(core.MissingSession, rows.with_columns(instrument_id=pl.Series(["A", None, "B"])))
    with pytest.raises(ContractError, match="absent"):
        checked_in_order(core.MissingSession, rows.drop("session"))
