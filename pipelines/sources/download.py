"""Documents from the network, politely: holdings of funds, and what the SEC publishes, into a folder of documents.

Belongs here: addresses, the manners of asking, and keeping an answer only where its content is what was asked for.
Not here: what stands in a document (its reader), or bars (``yahoo``).

An answer is stored under the hash of its content, so one that came before is the same file and is read once.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx
import polars as pl
import tenacity

from pipelines.sources.base import SourceError
from pipelines.sources.company_list import read_company_list
from pipelines.sources.document import Kind
from pipelines.sources.holdings import read_holdings
from pipelines.sources.retry import LaterError, require_now, retrying

_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
_ATTEMPTS = 4
_LONGEST_WAIT_SECONDS = 60.0
_LARGEST_BYTES = 1 << 30
_QUARTERS = 5
"""Quarters of filings that hold the last annual report of every company."""
_BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
_ISHARES = (
    "https://www.ishares.com/us/products/{page}/1467271812596.ajax?fileType=csv&fileName={fund}_holdings&dataType=fund"
)
_SSGA = (
    "https://www.ssga.com/us/en/intermediary/etfs/library-content/products/fund-data/etfs/us/"
    "holdings-daily-us-en-{fund}.xlsx"
)
_INVESCO = (
    "https://www.invesco.com/us/financial-products/etfs/holdings/main/holdings/0?audienceType=Investor"
    "&action=download&ticker={fund}"
)
_COMPANIES = "https://www.sec.gov/files/company_tickers.json"
_STATEMENTS = "https://www.sec.gov/files/dera/data/financial-statement-data-sets/{name}.zip"


class _UnheardError(LaterError):
    """There was no connection at all."""


class Wanted(NamedTuple):
    """One document to ask for."""

    folder: str
    name: str
    """Beginning of the file's name; the hash of the content and the ending follow."""
    ending: str
    url: str
    check: Callable[[Path], object]
    """Raises SourceError where the content is not what was asked for."""


def download_documents(
    folder: Path,
    kind: Kind,
    funds: pl.DataFrame,
    today: dt.date,
    contact: str | None = None,
    web_url: str | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> dict[str, str]:
    """Ask for every document of a kind once and keep what is new; return why others are not there, by name.

    Args:
        folder: Where documents are kept; the SEC's quarters that lie there already are not asked for, nor a list of
            its that was had today.
        kind: ``holdings`` or ``sec``.
        funds: ``core.Fund``.
        today: Decides which quarters are asked for.
        contact: A name and mail address, which the SEC demands of who asks; without it the SEC is not asked.
        web_url: Another host that answers in the place of all, such as a local test server.
        pause: Waits so many seconds between tries; only tests need another than sleeping.
    """
    if kind == "sec" and not contact:
        return {"sec": "expected a contact in MARKET_SEC_CONTACT, as the SEC demands one; was unset"}
    missing: dict[str, str] = {}
    attempts = _ATTEMPTS
    wanted = _of_the_sec(folder, today) if kind == "sec" else _holdings(funds)
    with httpx.Client(timeout=_TIMEOUT, follow_redirects=True) as client:
        for document in wanted:
            agent = f"market-state-warehouse {contact}" if document.folder == "sec" else _BROWSER
            try:
                _fetch(client, document, folder, agent, web_url, retrying(attempts, 2.0, _LONGEST_WAIT_SECONDS, pause))
            except SourceError as error:
                missing[document.name] = str(error)
                # Offline, patience with each document in turn would add up to minutes.
                attempts = 1 if isinstance(error.__cause__, _UnheardError) else _ATTEMPTS
            else:
                attempts = _ATTEMPTS
    return missing


def _holdings(funds: pl.DataFrame) -> Iterator[Wanted]:
    for fund in funds.sort("fund_id").rows(named=True):
        name, page = fund["fund_id"], fund["fund_page"]

        def check(path: Path, name: str = name) -> None:
            found = read_holdings(path.read_bytes(), f"{name}_holdings{path.suffix}", funds)
            if found.fund_id != name:
                raise SourceError(f"expected holdings of {name}, was those of {found.fund_id}")

        match fund["fund_provider"]:
            case "ishares":
                url = _ISHARES.format(page=page, fund=name)
            case "ssga":
                url = _SSGA.format(fund=name.lower())
            case _:
                url = _INVESCO.format(fund=name)
        yield Wanted("holdings", f"{name}_holdings", ".xlsx" if ".xlsx" in url else ".csv", url, check)


def _of_the_sec(folder: Path, today: dt.date) -> Iterator[Wanted]:
    lists = (folder / "sec").glob("company_tickers.*")
    if not any(dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC).date() >= today for path in lists):
        yield Wanted("sec", "company_tickers", ".json", _COMPANIES, _check_list)
    for name in _quarters_before(today):
        if not any((folder / "sec").glob(f"fsds_{name}.*")):
            yield Wanted("sec", f"fsds_{name}", ".zip", _STATEMENTS.format(name=name), _check_archive)


def _quarters_before(today: dt.date) -> list[str]:
    """Return the last quarters that are over, the newest first, as the SEC names them: 2024q3."""
    last = today.year * 4 + (today.month - 1) // 3 - 1
    return [f"{number // 4}q{number % 4 + 1}" for number in range(last, last - _QUARTERS, -1)]


def _check_list(path: Path) -> None:
    read_company_list(path.read_bytes(), path.name)


def _check_archive(path: Path) -> None:
    if not zipfile.is_zipfile(path):
        raise SourceError("expected a zip archive, was something else")


def _fetch(
    client: httpx.Client,
    document: Wanted,
    folder: Path,
    agent: str,
    web_url: str | None,
    again: tenacity.Retrying,
) -> None:
    """Store one document, unless its content is stored already.

    Raises:
        SourceError: it could not be had, or is not what was asked for; nothing is stored then.
    """
    target = folder / document.folder
    target.mkdir(parents=True, exist_ok=True)
    temporary = target / f".{document.name}{document.ending}"
    try:
        digest = again(_receive, client, _address(document.url, web_url), temporary, agent)
        document.check(temporary)
        temporary.replace(target / f"{document.name}.{digest[:12]}{document.ending}")
    except LaterError as error:
        raise SourceError(f"{_address(document.url, web_url)}: expected an answer, was {error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def _receive(client: httpx.Client, url: str, path: Path, agent: str) -> str:
    """Write what an address answers into a file and return its hash."""
    digest, size = hashlib.sha256(), 0
    try:
        with client.stream("GET", url, headers={"User-Agent": agent}) as response:
            require_now(response)
            if not response.is_success:
                raise SourceError(f"{url}: expected a document, was status {response.status_code}")
            with path.open("wb") as file:
                for chunk in response.iter_bytes():
                    size += len(chunk)
                    if size > _LARGEST_BYTES:
                        raise SourceError(f"{url}: expected at most {_LARGEST_BYTES} bytes, was more")
                    digest.update(chunk)
                    file.write(chunk)
    except httpx.ConnectError as error:
        raise _UnheardError(f"no connection ({error})") from error
    except httpx.TransportError as error:
        raise LaterError(f"{type(error).__name__}: {error}") from error
    return digest.hexdigest()


def _address(url: str, web_url: str | None) -> str:
    """Return the address to ask: of another host where one stands in for all."""
    if web_url is None:
        return url
    parts, other = urlsplit(url), urlsplit(web_url)
    return parts._replace(scheme=other.scheme, netloc=other.netloc).geturl()
