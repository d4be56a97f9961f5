"""Dividend factors of a fund, held against the adjusted closes that the vendor made of the same dividends.

The amounts are those that the fund's sponsor published; nothing is taken from the adjusted closes that the factors are
held against. Earlier dividends are not listed, so the comparison begins where the list does. Splits have no such
reference here: the files are adjusted for them already, and so is every adjusted close.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl

from pipelines.contracts import raw
from pipelines.parameters import Parameters
from pipelines.transforms.corporate_action import adjustment_factors, stock_actions, with_factors

READ = dt.datetime(2024, 12, 3, tzinfo=dt.UTC)
SPY = {
    dt.date(2023, 3, 17): 1.506,
    dt.date(2023, 6, 16): 1.638,
    dt.date(2023, 9, 15): 1.583,
    dt.date(2023, 12, 15): 1.906,
    dt.date(2024, 3, 15): 1.595,
    dt.date(2024, 6, 21): 1.759,
    dt.date(2024, 9, 20): 1.746,
}
"""Cash per share of SPY by ex-date, in dollars."""


def test_total_returns_of_spy_are_those_of_the_vendor(real_data: Path) -> None:
    table = pl.read_csv(real_data / "prices" / "SPY.csv", try_parse_dates=True).filter(
        pl.col("Date") >= dt.date(2023, 1, 3)
    )
    versions = pl.DataFrame(
        {"ex_session": list(SPY), "dividend_amount": list(SPY.values())},
        schema_overrides={"ex_session": pl.Date},
    ).with_columns(
        instrument_id=pl.lit("SPY"), action_type=pl.lit("dividend"), split_ratio=pl.lit(None, pl.Float64),
        known_from=pl.lit(READ), fetched_at=pl.lit(READ), known_basis=pl.lit("observed"), currency=pl.lit("USD"),
        is_withdrawn=pl.lit(value=False), vendor_symbol=pl.lit("SPY"), source=pl.lit("t"), payload_hash=pl.lit("t"),
    )  # fmt: skip
    bars = table.select(instrument_id=pl.lit("SPY"), session="Date", traded_close=pl.col("Close").cast(pl.Float64))
    actions = stock_actions(
        raw.StockAction.cast(versions.select(raw.StockAction.column_names())), bars, READ, Parameters()
    )
    assert actions["left_out_reason"].null_count() == len(SPY)
    adjusted = with_factors(bars, adjustment_factors(actions))
    ours = adjusted.select(pl.col("traded_close") * pl.col("dividend_factor")).to_series()
    theirs = table["Adj Close"]
    # The vendor's series was scaled by dividends after the file's end; only the course up to there is compared.
    course = theirs / theirs[-1] * ours[-1]
    worst = ((ours / course) - 1).abs().max() * 1e4
    assert worst < 0.2, f"expected less than a fifth of a basis point, was {worst}"
