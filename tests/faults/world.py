"""A project with all that a fault could harm in its namespace, and the one check of what must hold after each fault."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from projects import Project, Stranger, job, take_snapshot
from reconciling import Cycles
from sample_schedules import message

from jobspec.planning.pauses import Pause, read_retirement
from jobspec.temporal.schedules.gateway import LiveSchedule, Schedules

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable
    from pathlib import Path

    from projects import Snapshot
    from temporalio.client import Client

TAKEN = "taken"
"""A job whose name a stranger's schedule has."""

STRANGERS = ("nobodys-a", "nobodys-b", TAKEN)
RIVALS = ("rivals-a", "rivals-b")


@dataclass(kw_only=True)
class World:
    """One project, and what its namespace must look like when its daemon has converged.

    Attributes:
        project: Its files, and a connection that no fault touches.
        name: The project's id.
        desired: Hours between two runs, by job.
        retired: Jobs that left the specs.
        pauses: Operators' notes, by job.
        foreign: Other people's schedules as they were before the fault.
        turns: How often the files were changed.
    """

    project: Project
    name: str
    desired: dict[str, int] = field(default_factory=dict)
    retired: set[str] = field(default_factory=set)
    pauses: dict[str, str] = field(default_factory=dict)
    foreign: dict[str, Snapshot] = field(default_factory=dict)
    turns: int = 0

    @classmethod
    async def make(
        cls, directory: Path, client: Client, *, size: int, name: str = "shop", beside: World | None = None
    ) -> World:
        """Make a project of so many jobs of which a tenth is live, some paused, others retired.

        Args:
            directory: An empty one.
            client: In its namespace.
            size: How many jobs there are.
            name: Its id.
            beside: A project that is in the namespace already, with strangers; there are none yet without one.
        """
        world = cls(project=Project(directory=directory, client=client), name=name)
        world.foreign = beside.foreign if beside else await _meet_strangers(client)
        jobs = [f"{name}-{number:03}" for number in range(size)]
        world.desired = dict.fromkeys(jobs[: max(size // 10, 9)], 1)
        world._write()
        await world._converge()
        await world.pause(jobs[: size // 10 : 2])
        world.turn()
        await world._converge()
        world.desired |= {each: 1 for each in jobs if each not in world.retired}
        return world

    @property
    def expected(self) -> dict[str, str]:
        """How the daemon must see the jobs in the end."""
        return dict.fromkeys(self.desired, "synced") | dict.fromkeys(self.retired, "retired") | {TAKEN: "held"}

    def turn(self) -> None:
        """Change every job in the files; three leave them, and the three that left before come back."""
        back, self.retired = self.retired, self._choose_leavers()
        self.turns += 1
        hours = self.turns + 1
        self.desired = {name: hours for name in {*self.desired, *back} if name not in self.retired}
        self._write()

    async def pause(self, names: Iterable[str]) -> None:
        """Pause jobs as an operator does."""
        for name in names:
            self.pauses[name] = f"by hand: {name}, {self.turns}"
            await Stranger(client=self.project.client).pause(self.pauses[name], name)

    async def lose(self, count: int, rng: random.Random) -> None:
        """Delete so many schedules behind the daemon's back; it has to make them anew."""
        names = sorted(self.desired.keys() - self.pauses.keys() - self._choose_leavers())
        for name in rng.sample(names, min(count, len(names))):
            await Stranger(client=self.project.client).delete(name)

    def _choose_leavers(self) -> set[str]:
        """Choose the jobs that leave at the next turn; they must be live then, or there is nothing to retire."""
        names = sorted(self.desired)
        first = 3 * self.turns % (len(names) - 2)
        return set(names[first : first + 3])

    def _write(self) -> None:
        self.project.write(f'project = "{self.name}"\n', to="jobspec.toml")
        jobs = [job(name, every=f"{hours}h") for name, hours in sorted(self.desired.items())]
        self.project.write(*jobs, job(TAKEN))

    async def _converge(self) -> None:
        """Converge in this process, where nothing is in the way."""
        await Cycles(self.project.directory, self.project.client).converge()
        await self.project.until_listed(*self.desired)


async def _meet_strangers(client: Client) -> dict[str, Snapshot]:
    """Let other people have schedules in the namespace, one under the name of a job; take down how they are."""
    for name in STRANGERS:
        await Stranger(client=client).create(name, message())
    for name in RIVALS:
        await Schedules(client).create(name, message(), project="rival", paused=False, note="")
    return {name: await take_snapshot(client, name) for name in (*STRANGERS, *RIVALS)}


async def check(*worlds: World) -> None:
    """Check all that must hold: nothing lost, nothing doubled, nothing foreign touched, no pause undone, all done.

    Args:
        worlds: All projects of one namespace; all know the same strangers.
    """
    client = worlds[0].project.client
    listed = Counter(entry.name for entry in await Schedules(client).list())
    assert listed == Counter(name for world in worlds for name in (*world.desired, *world.retired)) + Counter(
        worlds[0].foreign.keys()
    ), "schedules were lost or doubled"
    for world in worlds:
        await _check_world(world)
    for name, before in worlds[0].foreign.items():
        assert await take_snapshot(client, name) == before, f"`{name}` is somebody else's and was changed"


async def _check_world(world: World) -> None:
    """Read all anew, as a daemon that has just started does, and compare with what was asked for."""
    cycles = Cycles(world.project.directory, world.project.client)
    report = await cycles.run(is_dry_run=True)
    assert report.planned is not None, report.error
    plan, known = report.planned.plan, cycles.memory.live.live
    assert [(change.name, change.action.value) for change in plan.changes] == [], "something is left to be done"
    assert {held.name for held in plan.held} == {TAKEN}
    ours = world.desired.keys() | world.retired
    live = {name: each for name, each in known.items() if name in ours and isinstance(each, LiveSchedule)}
    assert live.keys() == ours
    assert {each.project for each in live.values()} == {world.name}
    assert {name: _read_hours(live[name]) for name in world.desired} == world.desired, "schedules differ from the files"
    pauses = {name: _read_pause(world, each) for name, each in live.items()}
    assert pauses == {name: _expect_pause(world, name) for name in live}, "pauses were lost or made"


def _read_hours(live: LiveSchedule) -> int:
    [interval] = live.canonical.intervals
    return interval.every // 3600


def _read_pause(world: World, live: LiveSchedule) -> Pause | str:
    """Say how an operator left a schedule, also one that is retired now."""
    pause = Pause(paused=live.paused, note=live.note)
    if live.name not in world.retired:
        return pause
    retirement = read_retirement(pause)
    return retirement.before if retirement else "not retired"


def _expect_pause(world: World, name: str) -> Pause:
    return Pause(paused=True, note=world.pauses[name]) if name in world.pauses else Pause(paused=False)
