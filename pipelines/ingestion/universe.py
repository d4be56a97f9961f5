"""Whose bars are asked for: the members of the funds' newest holdings, or the symbols of a file.

Belongs here: from ``MARKET_UNIVERSE`` to symbols that can be asked for. Not here: which line of holdings is a member,
or how a share class is written (``transforms``).
"""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import NamedTuple

import polars as pl

from pipelines import seeds
from pipelines.contracts import raw
from pipelines.settings import Settings
from pipelines.sources.base import SourceError
from pipelines.storage.lake import Lake
from pipelines.transforms.membership import memberships

NONE, MEMBERS = "none", "members"
_SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9-]{0,14}")
_ISIN = re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]")
"""yfinance takes such a text for a number of a security, and looks it up elsewhere."""
_SHOWN = 60


class Universe(NamedTuple):
    """Symbols to ask for, and texts that stand where one should and are none."""

    symbols: list[str]
    left_aside: list[str]


def has_universe(settings: Settings) -> bool:
    """Return whether stocks are asked for at all."""
    return settings.source == "yahoo" and settings.universe not in (None, NONE)


def asks_for_members(settings: Settings) -> bool:
    """Return whether the stocks asked for are the members of funds."""
    return has_universe(settings) and settings.universe == MEMBERS


def universe_of(settings: Settings, lake: Lake) -> Universe:
    """Return the symbols that the settings name.

    Raises:
        SourceError: the file cannot be read or has a line that is no symbol; or there are no holdings yet.
    """
    if not has_universe(settings) or settings.universe is None:
        return Universe([], [])
    if asks_for_members(settings):
        return _members(lake, settings.clock())
    return Universe(_symbols_of(Path(settings.universe)), [])


def is_symbol(text: str) -> bool:
    """Return whether a text can be a symbol of a US stock as the SEC and Yahoo write it: BRK-B."""
    return bool(_SYMBOL.fullmatch(text)) and not _ISIN.fullmatch(text)


def _members(lake: Lake, now: dt.datetime) -> Universe:
    is_known = pl.col("known_from") <= now
    holdings, listings = lake.read(raw.Holding).filter(is_known), lake.read(raw.Listing)
    newest = holdings.filter(pl.col("as_of") == pl.col("as_of").max().over("fund_id"))
    members = memberships(newest, listings, seeds.funds(), seeds.class_tickers())["symbol"].unique().sort().to_list()
    if not members:
        raise SourceError("MARKET_UNIVERSE: expected members in raw.holding, as it is 'members'; was none")
    symbols = [symbol for symbol in members if is_symbol(symbol)]
    return Universe(symbols, [symbol for symbol in members if not is_symbol(symbol)])


def _symbols_of(path: Path) -> list[str]:
    """Return the symbols of a file, one a line, each once; a hash begins a comment."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise SourceError(
            f"MARKET_UNIVERSE: expected 'none', 'members' or a file of symbols, was {path}: {error.strerror or error}"
        ) from error
    except UnicodeDecodeError as error:
        raise SourceError(f"{path}: expected text in UTF-8, was another encoding ({error.reason})") from error
    symbols = []
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        if text and not is_symbol(text):
            raise SourceError(f"{path}:{number}: expected a symbol such as BRK-B, was {text[:_SHOWN]!r}")
        symbols.append(text)
    found = list(dict.fromkeys(filter(None, symbols)))
    if not found:
        raise SourceError(f"{path}: expected a symbol a line, was none")
    return found
