"""A vendor in a process of its own: it takes no time from the pipeline's process, and outlives its kill.

Belongs here: starting it, and the same handles as ``Vendor`` has, over HTTP. Not here: the commands (``control``).
"""

from __future__ import annotations

import datetime as dt
import http.client
import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from tests.vendor.control import as_json, fault_of
from tests.vendor.fault import Fault
from tests.vendor.listing import Plan
from tests.vendor.request_log import LogFigures, Request

_ROOT = Path(__file__).resolve().parents[2]
_WAIT_SECONDS = 30.0


class RemoteVendor:
    """Handles on a vendor that runs at an address: clock, faults and log, as ``Vendor`` has them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.faults = RemoteFaults(self)
        self.log = RemoteLog(self)

    def command(self, name: str, value: Any = None) -> Any:
        """Send one command and return its answer.

        Raises:
            RuntimeError: the vendor could not carry it out.
        """
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=_WAIT_SECONDS)
        try:
            connection.request("POST", f"/-/{name}", None if value is None else json.dumps(value))
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise RuntimeError(f"vendor: {text.decode()}")
        return json.loads(text)

    @property
    def now(self) -> dt.datetime:
        """Return its clock."""
        return dt.datetime.fromisoformat(self.command("now"))

    @now.setter
    def now(self, moment: dt.datetime) -> None:
        self.command("now", moment.isoformat())


class RemoteFaults:
    """The plan of faults of a remote vendor; see ``FaultPlan``."""

    def __init__(self, vendor: RemoteVendor) -> None:
        self._vendor = vendor

    def add(self, fault: Fault) -> int:
        """Switch a fault on and return its number."""
        return int(self._vendor.command("faults/add", as_json(fault)))

    def remove(self, number: int) -> None:
        """Switch a fault off."""
        self._vendor.command("faults/remove", number)

    def clear(self) -> None:
        """Make the vendor healthy."""
        self._vendor.command("faults/clear")

    def active(self) -> list[Fault]:
        """Return the faults that are on."""
        return [fault_of(value) for value in self._vendor.command("faults/active")]

    def spoiled(self, number: int) -> int:
        """Return how many requests a fault has concerned once it had begun."""
        return int(self._vendor.command("faults/spoiled", number))


class RemoteLog(LogFigures):
    """The log of a remote vendor; see ``RequestLog``."""

    def __init__(self, vendor: RemoteVendor) -> None:
        self._vendor = vendor

    def entries(self) -> tuple[list[Request], int]:
        requests, most_at_once = self._vendor.command("log")
        return [Request(*values) for values in requests], most_at_once

    def clear(self) -> None:
        """Forget all."""
        self._vendor.command("log/clear")


class VendorProcess(RemoteVendor):
    """A vendor in a process that this one starts; as a context manager, which ends it.

    It also ends when this process does, in whatever way: it reads from a pipe that then closes.
    """

    def __init__(self, plan: Plan | None = None, now: dt.datetime | None = None) -> None:
        self._plan, self._start = plan or Plan(), now
        super().__init__("")

    def __enter__(self) -> Self:
        plan = self._plan
        command = [
            sys.executable, "-m", "tests.vendor", "--until-stdin-closes", "--symbols", str(plan.symbols), "--years",
            str(plan.years), "--last", str(plan.last), "--seed", str(plan.seed),
        ]  # fmt: skip
        command += [f"--payer={symbol}" for symbol in sorted(plan.payers)]
        for symbol, splits in plan.splits.items():
            command += [f"--split={symbol}:{split.ex_session}:{split.ratio!r}" for split in splits]
        if self._start:
            command += ["--now", self._start.isoformat()]
        self._process = subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        self.url = self._process.stdout.readline().strip()
        if not self.url:
            raise RuntimeError(f"vendor: expected an address, was exit code {self._process.wait()}")
        return self

    @property
    def pid(self) -> int:
        """Return the id of the process."""
        return self._process.pid

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
