"""The loopback vendor by itself: time per answer and its peak memory, so that it can be told from the pipeline.

Asked over HTTP on one connection and on four, for whole histories and for the last ten sessions. The vendor runs in a
process of its own; the time of reading answers here is in the seconds, that of its own processor apart.
"""

from __future__ import annotations

import datetime as dt
import http.client
import os
import sys
import threading
import time
from pathlib import Path

from tests.vendor.listing import Plan, symbol_of
from tests.vendor.process import VendorProcess

CASES = ((300, 10), (3_000, 10), (3_000, 30))
"""Stocks and years."""
DAYS = dt.timedelta(days=15)


def ask(address: str, symbols: list[str], first: int, end: int) -> None:
    """Ask for symbols one after another on one connection."""
    connection = http.client.HTTPConnection(address)
    for symbol in symbols:
        connection.request("GET", f"/v8/finance/chart/{symbol}?period1={first}&period2={end}&interval=1d")
        connection.getresponse().read()
    connection.close()


def seconds(address: str, symbols: list[str], first: int, end: int, connections: int) -> float:
    """Return the time to ask for every symbol over so many connections at once."""
    parts = [(address, symbols[place::connections], first, end) for place in range(connections)]
    threads = [threading.Thread(target=ask, args=part) for part in parts]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - begun


def peak_megabytes(pid: int) -> float:
    """Return the peak memory of a process, from the kernel's own account."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def processor_seconds(pid: int) -> float:
    """Return the processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Print a line per case, span and number of connections."""
    for stocks, years in CASES:
        symbols = [symbol_of(number) for number in range(stocks)]
        with VendorProcess(Plan(stocks, years)) as vendor:
            address, end = vendor.url.removeprefix("http://"), int(vendor.now.timestamp()) + 86_400
            recent = int((vendor.now - DAYS).timestamp())
            print(f"{stocks} stocks x {years} years: {peak_megabytes(vendor.pid):.0f} MB before the first request")
            for name, first in (("whole history", 0), ("ten sessions", recent)):
                for connections in (1, 4):
                    vendor.log.clear()
                    before = processor_seconds(vendor.pid)
                    took = seconds(address, symbols, first, end, connections)
                    used = 1000 * (processor_seconds(vendor.pid) - before) / stocks
                    print(
                        f"  {name:<13} {connections} connections: {took:6.1f} s, {used:.2f} ms of processor each, "
                        f"{vendor.log.sent_bytes / 1e6:.0f} MB, peak {peak_megabytes(vendor.pid):.0f} MB"
                    )
                    sys.stdout.flush()


if __name__ == "__main__":
    main()
