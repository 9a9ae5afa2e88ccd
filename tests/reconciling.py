"""The daemon in tests: its cycles one by one, or all of it in this process, with short waits."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from jobspec.reconcile.contention import Contention
from jobspec.reconcile.cycle import Cycle, Memory
from jobspec.reconcile.daemon import Daemon
from jobspec.reconcile.job_states import Picture, draw_picture
from jobspec.reconcile.report import Trigger
from jobspec.reconcile.settings import DaemonSettings, Delays
from jobspec.reconcile.spec_source import SpecSource
from jobspec.reconcile.watch import WatchPace
from jobspec.temporal.schedules.gateway import Schedules

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from temporalio.client import Client

    from jobspec.planning.apply import Outcome
    from jobspec.reconcile.report import Report

DELAYS = Delays(quiet=0.05, patience=0.5, lock=5.0, confirm=0.05, first_retry=0.05, longest_retry=0.5, contended=60.0)
RHYTHM = WatchPace(step=0.02, look=0.1, scan=0.5, scan_alone=0.2, rearm=5.0)
SETTINGS = DaemonSettings(interval=timedelta(minutes=5), sweep=timedelta(hours=1), delays=DELAYS, watch_pace=RHYTHM)


@dataclass(kw_only=True)
class Counted:
    """A gateway that counts what is asked of it."""

    schedules: Schedules
    lists: int = 0
    described: list[str] = field(default_factory=list)

    @classmethod
    def make(cls, client: Client) -> Counted:
        """Count from now on."""
        counted = cls(schedules=Schedules(client))
        send = counted.schedules.requests.send

        async def count(rpc: Any, request: Any, **more: Any) -> Any:
            match type(request).__name__:
                case "ListSchedulesRequest":
                    counted.lists += 1
                case "DescribeScheduleRequest":
                    counted.described.append(request.schedule_id)
            return await send(rpc, request, **more)

        counted.schedules.requests.send = count  # type: ignore[method-assign]
        return counted

    def forget(self) -> None:
        """Count anew."""
        self.lists = 0
        self.described.clear()


class Cycles:
    """Cycles of one daemon, run one by one.

    Args:
        directory: Of the project.
        client: In its namespace.
        settings: How to work.
    """

    def __init__(self, directory: Path, client: Client, settings: DaemonSettings = SETTINGS) -> None:
        self.gateway = Counted.make(client)
        self.settings = settings
        self.picture = Picture()
        self.memory = Memory(
            files=SpecSource(directory, settings.environment, confirm_after=0.0),
            contention=Contention(window=3600.0, first_wait=60.0, longest_wait=600.0),
        )

    async def run(self, *, is_full: bool = True, **settings: Any) -> Report:
        """Run one; `settings` replace those of all."""
        self.gateway.forget()
        cycle = Cycle(self.memory, self._connect, replace(self.settings, **settings))
        report = await cycle.run(Trigger.INTERVAL, is_full=is_full)
        self.picture = draw_picture(report, self.picture)
        return report

    async def converge(self, **settings: Any) -> Report:
        """Run two, for only the second one lets jobs go."""
        await self.run(**settings)
        return await self.run(**settings)

    def states(self) -> dict[str, str]:
        """Say how each job stands."""
        return {standing.name: standing.state.value for standing in self.picture.list()}

    async def _connect(self) -> Schedules:
        return self.gateway.schedules


def tell(report: Report) -> dict[str, str]:
    """Say what a cycle did, such as `update drift done`."""
    return {outcome.change.name: _tell(outcome) for outcome in report.outcomes}


def _tell(outcome: Outcome) -> str:
    return f"{outcome.change.action} {outcome.change.reason} {outcome.status}"


@asynccontextmanager
async def reconciling(
    directory: Path, connect: Callable[[], Awaitable[Client]] | Client, settings: DaemonSettings = SETTINGS
) -> AsyncIterator[Daemon]:
    """Run a daemon for as long as the context lasts; it must end when it is told to."""

    async def give() -> Client:
        return await connect() if callable(connect) else connect

    roots, project_file = [directory / "specs"], directory / "jobspec.toml"
    daemon = Daemon(directory, settings, roots=roots, project_file=project_file, connect=give, version="test")
    stop = asyncio.Event()
    running = asyncio.create_task(daemon.run(stop))
    try:
        yield daemon
    finally:
        stop.set()
        await asyncio.wait_for(running, 10)
