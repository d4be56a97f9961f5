"""What a warehouse says of the market's stocks beside what is true: every row that is not simply right, and why.

Belongs here: the comparison, row by row, of what was published and stored. Not here: what is true (``truth``), or which
findings are stated (``fault_case``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import duckdb
import polars as pl

from pipelines.contracts import core, raw
from pipelines.defs.workspace import Workspace
from tests.fault_plan.truth import Truth

KEY = ["instrument_id", "session"]
FINDINGS = {"instrument_id": pl.String, "session": pl.Date, "finding": pl.String}
"""``wrong``, ``extra``, ``lost`` (absent, and nothing says why), ``revised`` (differs, and is published as a revision),
``absent: <reason>``, ``held: <rule>``; of actions ``action wrong``, ``action absent``, ``action left out: <reason>``."""
_PRICES = ("open", "high", "low", "close")
_CHUNK = 200


def findings(place: Workspace, truth: Truth, symbols: Sequence[str]) -> pl.DataFrame:
    """Return one row per ``instrument_id``, ``session`` and ``finding``; rows that are right are not named."""
    published = _Published(place)
    found = [pl.DataFrame(schema=FINDINGS), published.held, _of_actions(place, truth, symbols)]
    for begin in range(0, len(symbols), _CHUNK):
        found.append(_of_bars(place, truth, symbols[begin : begin + _CHUNK], published))
    return pl.concat(found).unique().sort(*KEY, "finding")


class _Published:
    """What the published file says of bars that are held back, restated or missing."""

    def __init__(self, place: Workspace) -> None:
        with duckdb.connect(str(place.settings.database_path), read_only=True) as connection:
            self.quarantined = connection.sql("SELECT * FROM serve.quarantined_bar WHERE asset_class = 'stock'").pl()
            self.revised = connection.sql("SELECT DISTINCT instrument_id, session FROM serve.revision").pl()
            self.health = connection.sql("SELECT * FROM serve.data_health WHERE asset_class = 'stock'").pl()
            rejected = "SELECT DISTINCT instrument_id, session, rule FROM serve.rejected_row WHERE raw_table = 'stock_bar'"
            self.rejected = connection.sql(rejected).pl()

    @property
    def held(self) -> pl.DataFrame:
        return self.quarantined.select(*KEY, finding=pl.lit("held: ") + pl.col("rule"))


def _of_bars(place: Workspace, truth: Truth, symbols: Sequence[str], published: _Published) -> pl.DataFrame:
    true = truth.bars(symbols)
    names = true["instrument_id"].unique().to_list()
    stated = place.lake.scan(core.StockBar).filter(pl.col("instrument_id").is_in(names)).collect()
    factors = _true_factors(stated, truth, symbols)
    both = true.join(stated.join(factors, on=KEY), on=KEY, how="full", suffix="_stated", coalesce=True)
    revised = published.revised.with_columns(is_revised=pl.lit(value=True))
    judged = both.join(revised, on=KEY, how="left").with_columns(
        finding=pl.when(pl.col("close").is_null())
        .then(pl.lit("extra"))
        .when(pl.col("close_stated").is_null())
        .then(pl.lit("absent"))
        .when(~_is_right())
        .then(pl.when("is_revised").then(pl.lit("revised")).otherwise(pl.lit("wrong")))
    )
    odd = judged.filter(pl.col("finding").is_not_null())
    absent = odd.filter(finding="absent").select(*KEY, "vendor_symbol")
    return pl.concat([odd.filter(pl.col("finding") != "absent").select(*FINDINGS), _reasons(absent, place, published)])


def _is_right() -> pl.Expr:
    """Return whether a bar is the true one: prices to half a cent, volume to half a share of the vendor's rounding."""
    share = pl.col("split_factor")
    prices = [(pl.col(f"{name}_stated") / share - pl.col(name)).abs() < 0.005 for name in _PRICES]
    volume = (pl.col("volume_stated") * share - pl.col("volume")).abs() <= pl.col("coarseness") / 2 + 1e-6
    is_factor = (pl.col("split_factor") / pl.col("true_factor") - 1).abs() < 1e-9
    return pl.all_horizontal(*prices, volume, is_factor)


def _true_factors(stated: pl.DataFrame, truth: Truth, symbols: Sequence[str]) -> pl.DataFrame:
    """Return for each stated bar the true split factor to the shares of the instrument's last stated bar.

    ``coarseness`` is the number of traded shares in one of the vendor's after reverse splits.
    """
    splits = truth.actions(symbols).filter(action_type="split").select("instrument_id", "ex_session", "split_ratio")
    last = stated.group_by("instrument_id").agg(last=pl.col("session").max())
    is_later = pl.col("ex_session") > pl.col("session")
    is_by_last = is_later & (pl.col("ex_session") <= pl.col("last"))
    lots = (1 / pl.col("split_ratio").filter(is_later)).product()
    return (
        stated.select(KEY)
        .join(last, on="instrument_id")
        .join(splits, on="instrument_id", how="left")
        .group_by(KEY)
        .agg(
            true_factor=(1 / pl.col("split_ratio").filter(is_by_last)).product(),
            coarseness=pl.max_horizontal(pl.lit(1.0), lots),
        )
    )


def _reasons(absent: pl.DataFrame, place: Workspace, published: _Published) -> pl.DataFrame:
    """Return why bars are absent, by what was published and stored of it."""
    if absent.is_empty():
        return pl.DataFrame(schema=FINDINGS)
    outcomes = place.lake.scan(raw.FetchOutcome).sort("fetched_at").group_by("vendor_symbol").agg(
        newest=pl.col("outcome").last(),
        covered_to=pl.col("asked_to").filter(pl.col("outcome") == "ok").max(),
    ).collect()  # fmt: skip
    is_beyond = pl.col("covered_to").is_null() | (pl.col("session") > pl.col("covered_to"))
    health = published.health.select("instrument_id", "first_session", "last_session", "sessions_behind",
                                     "missing_sessions")  # fmt: skip
    return (
        absent.join(published.quarantined.select(*KEY, held="rule"), on=KEY, how="left")
        .join(published.rejected.group_by(KEY).agg(rejected=pl.col("rule").first()), on=KEY, how="left")
        .join(outcomes, on="vendor_symbol", how="left")
        .join(health, on="instrument_id", how="left")
        .with_columns(
            reason=pl.when(pl.col("held").is_not_null())
            .then(pl.lit("held"))
            .when(pl.col("rejected").is_not_null())
            .then("rejected")
            .when(is_beyond & (pl.col("newest") != "ok"))
            .then("newest")
            .when(is_beyond)
            .then(pl.lit("not asked"))
            .when((pl.col("session") > pl.col("last_session")) & (pl.col("sessions_behind") > 0))
            .then(pl.lit("behind"))
            .when(pl.col("session").is_between("first_session", "last_session") & (pl.col("missing_sessions") > 0))
            .then(pl.lit("missing"))
        )
        .select(*KEY, finding=pl.coalesce(pl.lit("absent: ") + pl.col("reason"), pl.lit("lost")))
    )


def _of_actions(place: Workspace, truth: Truth, symbols: Sequence[str]) -> pl.DataFrame:
    """Return what is odd about actions, under their ex-session."""
    key = ["instrument_id", "ex_session", "action_type"]
    true = truth.actions(symbols)
    stated = place.lake.read(core.StockAction).select(*key, "split_ratio", "action_factor", "left_out_reason")
    both = true.join(stated, on=key, how="full", suffix="_stated", coalesce=True)
    is_factor = (pl.col("action_factor_stated") / pl.col("action_factor") - 1).abs() < 2e-5
    left_out = pl.col("left_out_reason").is_not_null()
    # An action before the first bar adjusts nothing, and rightly so.
    is_first = left_out & (pl.col("left_out_reason") == "no_bar_before") & pl.col("action_factor").is_null()
    kind = pl.col("action_type")
    finding = (
        pl.when(is_first.fill_null(value=False) | is_factor.fill_null(value=False))
        .then(None)
        .when(left_out.fill_null(value=False))
        .then(kind + " left out: " + pl.col("left_out_reason"))
        .when(pl.col("action_factor_stated").is_null())
        .then(kind + " absent")
        .otherwise(kind + " wrong")
    )
    return both.select("instrument_id", session="ex_session", finding=finding).drop_nulls()


def batches(symbols: Sequence[str]) -> Iterator[Sequence[str]]:
    """Return symbols a few hundred at a time."""
    return (symbols[begin : begin + _CHUNK] for begin in range(0, len(symbols), _CHUNK))
