"""Runs killed at random moments: what is published is as before or as after, and the next run makes all good.

A warehouse is built day by day beside a twin that nobody kills. On each day runs are killed, each by SIGKILL to its
process group, at a moment drawn from the stage it is to be killed in; after every kill the published file is opened.
Then one run is let through, and both warehouses must say the same, down to raw.
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.contracts import raw
from pipelines.storage.compaction import Folding, compact
from pipelines.storage.lake import Lake
from tests.kills.killed_run import STAGES, Run, Stage, new_home
from tests.kills.moving_market import DAYS, move_to
from tests.kills.published_content import Content, kept, published

SOURCE = "files"
IN_MEMORY = Path("/dev/shm")
"""A kill takes no power away: nothing depends on a disk here, and a disk that is slow to sync would cost minutes."""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Yield a folder, in memory where the system has such."""
    if not IN_MEMORY.is_dir():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as name:
        yield Path(name)


class Warehouse:
    """A warehouse that runs build into, and what a look at it says."""

    def __init__(self, home: Path, chance: random.Random) -> None:
        self.home = new_home(home)
        self.place = home / "warehouse" / SOURCE
        self._chance = chance

    def published(self) -> Content:
        return published(self.place / "market.duckdb", self._chance)

    def kept(self) -> Content:
        return kept(self.place / "lake")


def killed_at(run: Run, stage: Stage, seconds: float) -> bool:
    """Kill a run so long after it came to a stage, and return whether it had not finished before."""
    if run.wait_for(stage):
        run.wait(seconds)
    return run.kill()


def live_through(folder: Path, seed: int, days: int, kills_a_day: int) -> Counter[str]:
    """Live through days with kills, and return how many there were of each kind."""
    chance = random.Random(seed)
    victim, twin = (Warehouse(folder / name, chance) for name in ("victim", "twin"))
    seen: Counter[str] = Counter()
    before: Content = {}
    for day in range(days):
        settings = move_to(folder / "files", day)
        lasting = Run(twin.home, SOURCE, settings).finish()
        after = twin.published()
        assert after != before
        struck = 0
        while struck < kills_a_day:
            stage = STAGES[(day * kills_a_day + struck) % len(STAGES)]
            if killed_at(Run(victim.home, SOURCE, settings), stage, chance.uniform(0.0, lasting[stage])):
                struck += 1
                seen[stage] += 1
            found = victim.published()
            assert found in (before, after)
            seen["as before" if found == before else "as after"] += 1
        Run(victim.home, SOURCE, settings).finish()
        assert victim.published() == after
        assert victim.kept() == twin.kept()
        assert not list(victim.place.rglob("*.tmp*"))
        before = after
        for table in raw.TABLES if day % 2 else ():
            compact(Lake(victim.place / "lake"), table, Folding(least_files=2))
    return seen


def test_a_few_kills_leave_the_published_file_as_before_or_as_after(folder: Path) -> None:
    seen = live_through(folder, seed=1, days=1, kills_a_day=3)
    assert [seen[stage] for stage in STAGES] == [1, 1, 1]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [20241202, 20241231])
def test_25_kills_on_five_days_leave_the_published_file_as_before_or_as_after(folder: Path, seed: int) -> None:
    seen = live_through(folder, seed, days=len(DAYS), kills_a_day=5)
    print(f"seed {seed}: {dict(seen)}")
    assert sum(seen[stage] for stage in STAGES) == 25
    assert min(seen[stage] for stage in STAGES) >= 8
    assert seen["as before"] >= 10
