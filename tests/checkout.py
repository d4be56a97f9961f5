"""A checkout of one's own, in which a test types what a person types: its data, state and home are nobody else's.

Belongs here: the folder and its shell. Not here: which commands, or what they should say.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import filelock
import pytest

ROOT = Path(__file__).resolve().parents[1]
OWN = ("warehouse", "dagster.yaml")
"""Entries of the root of which each checkout has its own; all others are the same for all."""
STATE = (".dagster", ".superset", ".git")
BUILT = "built.txt"
"""What ``make warehouse`` printed in the checkout that is shared."""
_WAIT_SECONDS = 600.0
_STOP_SECONDS = 60.0


class Said(NamedTuple):
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def last_lines(self) -> str:
        """Return what a person still sees when it has ended."""
        return "\n".join((self.out + self.err).splitlines()[-12:])


class Checkout:
    """A folder with links to everything of the root, and data of its own.

    Lock files are copies that look old, so that no command installs anything where the environment is there.

    Args:
        folder: An empty folder, or a checkout from before.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "checkout"
        self.home = folder / "home"
        if not self.folder.exists():
            self.home.mkdir(parents=True)
            self._fill()

    def _fill(self) -> None:
        (self.folder / "warehouse").mkdir(parents=True)
        for entry in ROOT.iterdir():
            place = self.folder / entry.name
            if entry.name in OWN or entry.name in STATE or place.exists():
                continue
            if entry.suffix == ".lock":
                shutil.copy(entry, place)
                os.utime(place, (0, 0))
            else:
                place.symlink_to(entry)
        shutil.copy(ROOT / "dagster.yaml", self.folder)

    def __truediv__(self, name: str) -> Path:
        """Return a path below the checkout."""
        return self.folder / name

    def environment(self, **changes: str) -> dict[str, str]:
        """Return the environment of a person who has set nothing but ``changes``, and who installs nothing."""
        ours = ("MARKET_", "DAGSTER_", "MAKE", "MFLAGS", "PYTHON", "PIP_", "PYTEST_", "PORT", "INDEX", "SESSION")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        return inherited | {"HOME": str(self.home), "PIP_NO_INDEX": "1"} | changes

    def type(self, command: str, typed: str = "", seconds: float = _WAIT_SECONDS, **changes: str) -> Said:
        """Run a command line as bash does, with ``typed`` at its prompt, and return what it said."""
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.environment(**changes),
            input=typed,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def serving(self, command: str, url: str, seconds: float = _WAIT_SECONDS, **changes: str) -> Iterator[None]:
        """Run a server until it has answered at a URL and the block is left; end it and whatever it started."""
        log = self.folder / "server.log"
        with log.open("w") as file:
            process = subprocess.Popen(
                ["bash", "-c", command],
                cwd=self.folder,
                env=self.environment(**changes),
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # A shell job may have been told to ignore the signal of Ctrl-C, which servers take.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
            )
        try:
            _wait_for_answer(url, process, log, seconds)
            yield
        finally:
            _end(process)


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


@contextmanager
def taken_port() -> Iterator[int]:
    """Listen on a port for as long as the block lasts."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        yield int(held.getsockname()[1])


def _wait_for_answer(url: str, process: subprocess.Popen[bytes], log: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert process.poll() is None, (
            f"expected a server, was exit code {process.returncode}: {log.read_text()[-3000:]}"
        )
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.3)
    raise AssertionError(f"expected an answer of {url} within {seconds} s, was none: {log.read_text()[-3000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and its group, as Ctrl-C in a terminal does."""
    _signalled(process.pid, signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_SECONDS)
    # What is left of the group; there may be nothing.
    _signalled(process.pid, signal.SIGKILL)
    process.wait()


def _signalled(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Return a checkout in which ``make warehouse`` was typed: one for all workers of a run.

    Tests may add briefs and exports to it, and change nothing else.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "sample"
    with filelock.FileLock(f"{folder}.lock"):
        checkout = Checkout(folder)
        if not (checkout / BUILT).exists():
            said = checkout.type("make warehouse")
            assert said.code == 0, said.last_lines
            (checkout / BUILT).write_text(said.out)
    return checkout
