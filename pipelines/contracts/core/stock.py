"""Bars of stocks, corporate actions as they stand, and the factors that they make."""

from __future__ import annotations

from pipelines.contracts import vocabulary as v
from pipelines.contracts.core.market import Bar
from pipelines.contracts.table import Table


class StockBar(Bar):
    """One accepted daily bar of a stock in shares of today: the newest good version, adjusted for effective splits.

    Prices over ``split_factor`` are those of the session itself, as traded; volume times it is the traded volume.
    """

    split_factor = v.adjusting_split_factor()


class StockBarWarning(Table):
    """A bar of a stock that was kept and is odd: a jump without an action, no volume, a close that stands still."""

    instrument_id = v.instrument_id(primary_key=True)
    session = v.session(primary_key=True)
    warning = v.bar_warning(primary_key=True)
    warning_value = v.warning_value()


class StockAction(Table):
    """A split or dividend as known, the newest version that was not withdrawn, and whether it adjusts prices."""

    instrument_id = v.instrument_id(primary_key=True)
    ex_session = v.ex_session(primary_key=True)
    action_type = v.action_type(primary_key=True)
    split_ratio = v.split_ratio(nullable=True, min_exclusive=0)
    dividend_amount = v.dividend_amount(nullable=True, min_exclusive=0)
    currency = v.currency(nullable=True)
    close_before = v.close_before(nullable=True)
    action_factor = v.action_factor(nullable=True)
    left_out_reason = v.left_out_reason(nullable=True)
    source = v.source()
    known_from = v.known_from()


class AdjustmentFactor(Table):
    """Cumulative factors as steps: a row's hold before its ex_session, from the one before on."""

    instrument_id = v.instrument_id(primary_key=True)
    ex_session = v.ex_session(primary_key=True)
    split_factor = v.split_factor_before()
    dividend_factor = v.dividend_factor_before()
