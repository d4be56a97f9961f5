"""Runs killed at random moments: what is published is as before or as after, and the next run makes all good.

A warehouse is built day by day beside a twin that nobody kills. On each day runs are killed, each by SIGKILL to its
process group, at a moment drawn from the stage it is to be killed in; after every kill the published file is opened.
Then one run is let through, and both warehouses must say the same, down to raw.
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pipelines.contracts import raw
from pipelines.storage.compaction import Folding, compact
from pipelines.storage.lake import Lake
from tests.kills.killed_run import STAGES, Run, Stage, new_home
from tests.kills.moving_market import MARKET, SESSIONS, Files, Universe, World
from tests.kills.published_content import Content, kept, published
from tests.vendor.market import Market
from tests.vendor.server import Vendor

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

    def __init__(self, home: Path, source: str, chance: random.Random) -> None:
        self._home = new_home(home)
        self._source = source
        self._chance = chance
        self.place = home / "warehouse" / source

    def run(self, settings: Mapping[str, str]) -> Run:
        return Run(self._home, self._source, settings)

    def published(self) -> Content:
        return published(self.place / "market.duckdb", self._chance)

    def kept(self) -> Content:
        return kept(self.place / "lake")


def killed_after(run: Run, stage: Stage, seconds: float) -> Stage | None:
    """Kill a run so long after it came to a stage; return the stage it was in, None if it had finished before."""
    if run.wait_for(stage):
        run.wait(seconds)
    found = run.stage()
    return found if run.kill() else None


def live_through(world: World, folder: Path, seed: int, days: int, kills_a_day: int) -> Counter[str]:
    """Live through days with kills, and return how many there were in each stage.

    The runs of a day are killed the later the later they come, as nothing is left to publish once one has published.
    """
    chance = random.Random(seed)
    victim, twin = (Warehouse(folder / name, world.source, chance) for name in ("victim", "twin"))
    seen: Counter[str] = Counter()
    before: Content = {}
    for day in range(days):
        settings = world.move_to(day)
        lasting = twin.run(settings).finish()
        after = twin.published()
        assert after != before
        aims = [STAGES[(day * kills_a_day + number) % len(STAGES)] for number in range(kills_a_day)]
        for stage in sorted(aims, key=STAGES.index):
            while (struck := killed_after(victim.run(settings), stage, chance.uniform(0.0, lasting[stage]))) is None:
                assert victim.published() == after
            seen[struck] += 1
            found = victim.published()
            assert found in (before, after)
            seen["as before" if found == before else "as after"] += 1
        victim.run(settings).finish()
        assert victim.published() == after
        assert victim.kept() == twin.kept()
        assert not list(victim.place.rglob("*.tmp*"))
        before = after
        for table in raw.TABLES if day % 2 else ():
            compact(Lake(victim.place / "lake"), table, Folding(least_files=2))
    return seen


def test_a_few_kills_leave_the_published_file_as_before_or_as_after(folder: Path) -> None:
    seen = live_through(Files(folder), folder, seed=1, days=1, kills_a_day=3)
    assert sum(seen[stage] for stage in STAGES) == 3


def assert_all_stages_were_hit(seen: Counter[str]) -> None:
    print(dict(seen))
    assert sum(seen[stage] for stage in STAGES) == 5 * len(SESSIONS)
    assert min(seen[stage] for stage in STAGES) >= 1
    assert seen["as before"] >= 1


@pytest.mark.slow
def test_25_kills_on_five_days_of_files(folder: Path) -> None:
    assert_all_stages_were_hit(live_through(Files(folder), folder, seed=20241202, days=len(SESSIONS), kills_a_day=5))


@pytest.mark.slow
def test_25_kills_on_five_days_of_a_universe(folder: Path) -> None:
    with Vendor(Market(MARKET)) as vendor:
        world = Universe(folder, vendor)
        assert_all_stages_were_hit(live_through(world, folder, seed=20241231, days=len(SESSIONS), kills_a_day=5))
