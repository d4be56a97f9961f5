"""Run a vendor: ``python -m tests.vendor --symbols 3000 --years 10 --port 8080`` prints its address and serves.

Belongs here: the command line. Not here: anything else.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import threading

from tests.vendor.listing import Plan, Split
from tests.vendor.market import Market
from tests.vendor.server import Vendor


def main(arguments: list[str] | None = None) -> None:
    """Serve until interrupted, or until standard input closes if so asked."""
    chosen = _parser().parse_args(arguments)
    splits: dict[str, tuple[Split, ...]] = {}
    for symbol, session, ratio in chosen.split:
        splits[symbol] = (*splits.get(symbol, ()), Split(session, ratio))
    plan = Plan(chosen.symbols, chosen.years, chosen.last, chosen.seed, splits, frozenset(chosen.payer))
    with Vendor(Market(plan), chosen.now, chosen.port) as vendor:
        print(vendor.url, flush=True)
        try:
            if chosen.until_stdin_closes:
                sys.stdin.read()
            else:
                threading.Event().wait()
        except KeyboardInterrupt:
            pass


def _parser() -> argparse.ArgumentParser:
    usual = Plan()
    parser = argparse.ArgumentParser(prog="python -m tests.vendor", description=__doc__.splitlines()[0])
    parser.add_argument("--symbols", type=int, default=usual.symbols, help="stocks, the four indices not counted")
    parser.add_argument("--years", type=int, default=usual.years)
    parser.add_argument("--last", type=dt.date.fromisoformat, default=usual.last, help="no session after it")
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--split", type=_split, action="append", default=[], help="SYMBOL:EX_SESSION:NEW_FOR_ONE")
    parser.add_argument("--payer", action="append", default=[], help="a symbol that pays dividends in any case")
    parser.add_argument("--now", type=dt.datetime.fromisoformat, help="the vendor's clock, with an offset")
    parser.add_argument("--port", type=int, default=0, help="0 is any that is free")
    parser.add_argument("--until-stdin-closes", action="store_true")
    return parser


def _split(text: str) -> tuple[str, dt.date, float]:
    symbol, session, ratio = text.split(":")
    return symbol, dt.date.fromisoformat(session), float(ratio)


if __name__ == "__main__":
    main()
