"""Quality rules on real vendor errors and real prices: what must be caught is, and real prices are not held back."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from pipelines.contracts import core, raw
from pipelines.contracts.received import ReceivedBar
from pipelines.parameters import Parameters
from pipelines.transforms.corporate_action import as_traded, stock_actions
from pipelines.transforms.quality import bar_warnings
from pipelines.transforms.quarantine import accepted_bars, accepted_stock_bars
from pipelines.transforms.stock_bar import screen_stock_bars, stock_bar_warnings
from tests.market import calendar

PARAMETERS = Parameters()
ERRORS = "reference/yahoo_errors"
READ = dt.datetime(2023, 7, 3, 22, tzinfo=dt.UTC)
LATER = READ + dt.timedelta(days=1)
NAMES = {"Open": "open", "High": "high", "Low": "low", "Close": "close", "Adj Close": "adjusted_close"}


class Answer:
    """A file of Yahoo's as an ingestion takes it: rejected rows, bars as traded and actions."""

    def __init__(self, path: Path, read_at: dt.datetime) -> None:
        table = pl.read_csv(path, infer_schema_length=None).with_columns(pl.col("Date").str.head(10).str.to_date())
        table = table.rename({**NAMES, "Volume": "volume", "Date": "session"}).sort("session")
        numbers = [*NAMES.values(), "volume", "Dividends", "Stock Splits"]
        self.table = table.with_columns(pl.col(numbers).cast(pl.Float64), instrument_id=pl.lit("X"))
        received = self.table.with_columns(
            vendor_symbol=pl.lit("X"), locator=pl.lit("-"), payload=pl.lit(None, pl.String), payload_hash=pl.lit("-")
        ).select(ReceivedBar.column_names())
        # The files are of other exchanges: their own days are the calendar.
        accepted, self.rejected = screen_stock_bars(received, calendar(self.table["session"]), read_at, PARAMETERS)
        splits = self.table.filter(pl.col("Stock Splits") > 0).select(
            "instrument_id", ex_session="session", split_ratio="Stock Splits"
        )
        stamp = {"known_from": read_at, "fetched_at": read_at, "known_basis": "observed", "source": "test"}
        stamped = [pl.lit(value).alias(name) for name, value in stamp.items()]
        traded = as_traded(accepted, splits, read_at.date())
        self.versions = raw.StockBar.cast(traded.with_columns(stamped).select(raw.StockBar.column_names()))
        dividends = self.table.filter(pl.col("Dividends") > 0).select(
            "instrument_id", ex_session="session", dividend_amount="Dividends", action_type=pl.lit("dividend")
        )
        actions = pl.concat([splits.with_columns(action_type=pl.lit("split")), dividends], how="diagonal")
        self.actions = raw.StockAction.cast(
            actions.with_columns(
                stamped,
                currency=pl.lit(None, pl.String),
                is_withdrawn=pl.lit(value=False),
                vendor_symbol=pl.lit("X"),
                payload_hash=pl.lit("-"),
            ).select(raw.StockAction.column_names())
        )

    @property
    def closes(self) -> list[float]:
        return self.table["close"].to_list()


def found(versions: pl.DataFrame, actions: pl.DataFrame, known_at: dt.datetime) -> tuple[pl.DataFrame, Counter[str]]:
    """Return the bars that stand, and what was held back or warned of by rule."""
    bars, held = accepted_stock_bars(versions, actions, known_at, PARAMETERS)
    warned = stock_bar_warnings(bars, PARAMETERS)["warning"]
    return bars, Counter([*held["rule"], *warned])


@pytest.fixture(params=["4063-T-1d-bad-stock-split", "ALPHA-PA-1d-bad-stock-split", "AET-L-1d-100x-error"])
def name(request: pytest.FixtureRequest) -> str:
    return request.param


BAD = {
    # Nine bars were not adjusted for a split of five, so what is put back to traded shares is five times too high.
    "4063-T-1d-bad-stock-split": {"jump": 1},
    # One bar is a ten-thousandth of its neighbours, as a split of so much was applied to it alone. Prices without
    # decimals stand still and double.
    "ALPHA-PA-1d-bad-stock-split": {"hundredfold": 1, "jump": 2, "stale_close": 5},
    # One bar of seven was adjusted for a split that the others before it were not.
    "CNE-L-1d-bad-stock-split": {"jump": 2},
    # The price has not moved for weeks, and the split was applied to a part of the bars before it.
    "DEX-AX-1d-bad-stock-split": {"jump": 1},
    # Pounds among pence.
    "AET-L-1d-100x-error": {"hundredfold": 9},
}
FIXED = {
    "4063-T-1d-bad-stock-split": {},
    "ALPHA-PA-1d-bad-stock-split": {"jump": 1, "stale_close": 6},
    "CNE-L-1d-bad-stock-split": {},
    "DEX-AX-1d-bad-stock-split": {},
    "AET-L-1d-100x-error": {},
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_answer_is_caught_and_its_repaired_form_passes(real_data: Path, name: str) -> None:
    bad = Answer(real_data / ERRORS / f"{name}.csv", READ)
    fixed = Answer(real_data / ERRORS / f"{name}-fixed.csv", LATER)
    print(name, found(bad.versions, bad.actions, READ)[1], Counter(bad.rejected["rule"]))
    print(name, found(fixed.versions, fixed.actions, LATER)[1], Counter(fixed.rejected["rule"]))
