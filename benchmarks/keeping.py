"""The daemon: what a cycle without news costs, how soon a changed file is planned, and what it takes to do nothing."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from corpora import MADE_UP_FILES, PROW, write_project
from measuring import Figure, Spent, probe
from servers import make_namespace, run_server
from temporalio.api.workflowservice.v1 import ListSchedulesRequest

from jobspec.reconcile.contention import Contention
from jobspec.reconcile.cycle import Cycle, Memory
from jobspec.reconcile.report import Result, Trigger
from jobspec.reconcile.settings import DaemonSettings
from jobspec.reconcile.spec_source import SpecSource
from jobspec.temporal.schedules.gateway import Schedules

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from temporalio.client import Client

    from jobspec.reconcile.report import Report

CYCLE_GOAL = 1.3
PLAN_SECONDS = 0.2
IDLE_SHARE = 0.01
MEMORY_GOAL = 1.05

CYCLES = 10_000
_IDLE_SECONDS = 60.0
_CYCLE_SECONDS = 10.0
"""How long a full cycle may take that is measured alone."""
_FEW_FILES = 1_000
_QUIET = 0.8
"""The idle part of the CPU time from which on the machine counts as quiet."""
_MOST_SECONDS_TO_QUIET = 300.0


async def measure_keeping(rounds: int, note: Callable[[str], None]) -> AsyncIterator[Figure]:
    """Measure all of it.

    Args:
        rounds: How often each side is measured.
        note: Tells what is going on.
    """
    for backend in ("workflow", "chasm"):
        async with run_server(backend) as server:
            yield await _measure_cycle(server, backend, rounds * 3, note)
    async with run_server("chasm") as server:
        async for figure in _measure_changed_file(server, rounds * 3, note):
            yield figure
    async with run_server("chasm") as server:
        client = await make_namespace(server)
        yield await _measure_idle(client, note)
        yield await _measure_memory(server, await make_namespace(server), note)


class Cycles:
    """The cycles of one daemon, each asked for."""

    def __init__(self, directory: Path, client: Client) -> None:
        self.described = 0
        self._schedules = Schedules(client)
        self._memory = Memory(
            files=SpecSource(directory, None, confirm_after=0.0),
            contention=Contention(window=3600.0, first_wait=60.0, longest_wait=600.0),
        )

    async def run(self, *, is_full: bool = True) -> Report:
        """Run one; it must get through."""
        report = await Cycle(self._memory, self._connect, DaemonSettings()).run(Trigger.INTERVAL, is_full=is_full)
        if report.result is not Result.CONVERGED:
            raise RuntimeError(f"the cycle ended {report.result}: {report.error}, {report.outcomes[:1]}")
        return report

    async def settle(self, note: Callable[[str], None]) -> None:
        """Write everything, and learn to know all of it."""
        report = await self.run()
        note(f"wrote {len(report.outcomes)} in {report.seconds:.0f} s")
        while (report := await self.run()).look.described:
            note(f"read {report.look.described} in {report.seconds:.1f} s")

    async def _connect(self) -> Schedules:
        return self._schedules


async def _measure_cycle(server: Client, backend: str, rounds: int, note: Callable[[str], None]) -> Figure:
    client = await make_namespace(server)
    cycles, ours, theirs = Cycles(PROW, client), list[float](), list[float]()
    await cycles.settle(note)
    for number in range(rounds):
        for is_ours in (number % 2 == 0, number % 2 == 1):
            begun = time.perf_counter()
            if is_ours:
                report = await cycles.run()
                if report.outcomes or report.look.described:
                    raise RuntimeError(f"{report.look.described} were described and {len(report.outcomes)} written")
                ours.append(time.perf_counter() - begun)
            else:
                await _list_bare(client)
                theirs.append(time.perf_counter() - begun)
    return Figure(
        name=f"a cycle of 1,333 jobs without news, {backend}",
        against="the bare list pages",
        unit="ms",
        ours=_to_ms(ours),
        theirs=_to_ms(theirs),
        goal=CYCLE_GOAL,
    )


async def _list_bare(client: Client) -> None:
    page = ListSchedulesRequest(namespace=client.namespace, maximum_page_size=1000)
    while True:
        answer = await client.workflow_service.list_schedules(page)
        if not answer.next_page_token:
            return
        page.next_page_token = answer.next_page_token


async def _measure_changed_file(server: Client, rounds: int, note: Callable[[str], None]) -> AsyncIterator[Figure]:
    for count in (_FEW_FILES, MADE_UP_FILES):
        with tempfile.TemporaryDirectory() as directory:
            write_project(Path(directory), count)
            cycles = Cycles(Path(directory), await make_namespace(server))
            await cycles.settle(note)
            await _wait_for_quiet(note)
            spent = [await _change_file(cycles, Path(directory), number) for number in range(rounds)]
            scans = [_scan(Path(directory)) for _ in range(rounds)]
        name = f"one file of {count:,} changed: until the plan is there"
        wall, cpu = [each.wall for each in spent], [each.cpu for each in spent]
        yield Figure(
            name=name,
            against="what it may take",
            unit="ms",
            ours=_to_ms(wall),
            theirs=_to_ms([PLAN_SECONDS] * rounds),
            goal=1.0,
        )
        yield Figure(
            name="the same and the write after it, CPU time",
            against="the bare scan of these files, CPU time",
            unit="ms",
            ours=_to_ms(cpu),
            theirs=_to_ms(scans),
        )


async def _wait_for_quiet(note: Callable[[str], None]) -> None:
    """Wait until the server is done with what so many new schedules make it do: it takes both cores for that."""
    begun = time.perf_counter()
    while (idle := await _watch_idleness()) < _QUIET and time.perf_counter() - begun < _MOST_SECONDS_TO_QUIET:
        pass
    note(f"the machine was {idle:.0%} idle after {time.perf_counter() - begun:.0f} s")


async def _watch_idleness() -> float:
    """Say which part of the machine's CPU time is idle from now on (proc(5), /proc/stat)."""
    before = _read_idleness()
    await asyncio.sleep(2)
    idle, total = (after - earlier for after, earlier in zip(_read_idleness(), before, strict=True))
    return idle / total


def _read_idleness() -> tuple[int, int]:
    times = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return times[3] + times[4], sum(times)


async def _change_file(cycles: Cycles, directory: Path, number: int) -> Spent:
    """Change a file; tell how long it took from then to the plan, and what the cycle took of the CPU."""
    path = directory / "specs" / "team-07" / "orders-sync-00007.yaml"
    path.write_text(path.read_text().replace("dry_run: ", f"number_{number}: 1\n  dry_run: "))
    begun = time.process_time()
    report = await cycles.run(is_full=False)
    cpu = time.process_time() - begun
    if len(report.outcomes) != 1 or report.plan_seconds is None:
        raise RuntimeError(f"{len(report.outcomes)} were written")
    return Spent(wall=report.plan_seconds, cpu=cpu)


def _scan(directory: Path) -> float:
    """Look at every file, the cheapest way there is."""
    begun, waiting = time.process_time(), [str(directory / "specs")]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    entry.stat(follow_symlinks=False)
    return time.process_time() - begun


async def _measure_idle(client: Client, note: Callable[[str], None]) -> Figure:
    """Let the command run with nothing to do but its sweep and, each interval, a full cycle: its share is added."""
    address = client.service_client.config.target_host
    command = (sys.executable, "-m", "jobspec", "reconcile", "--address", address, "--namespace", client.namespace)
    process = subprocess.Popen(  # noqa: ASYNC220  done once, before anything is measured
        [*command, "--log-format", "json"], cwd=PROW, stderr=subprocess.PIPE, text=True
    )
    try:
        await asyncio.to_thread(_wait_until_converged, process)
        await asyncio.sleep(5)
        spent = []
        for _ in range(3):
            quiet = await _watch_cpu(process, _IDLE_SECONDS)
            process.send_signal(signal.SIGHUP)
            cycle = await _watch_cpu(process, _CYCLE_SECONDS) - quiet * _CYCLE_SECONDS / _IDLE_SECONDS
            note(f"took {quiet:.2f} s of CPU in {_IDLE_SECONDS:.0f} s of doing nothing, {cycle:.2f} s for a full cycle")
            spent.append(quiet + cycle * _IDLE_SECONDS / DaemonSettings().interval.total_seconds())
    finally:
        process.kill()
        process.wait()
    return Figure(
        name=f"{_IDLE_SECONDS:.0f} s of nothing to do, 1,333 jobs, sweep and share of a full cycle, CPU time",
        against="1 % of a core",
        unit="s",
        ours=tuple(spent),
        theirs=(IDLE_SHARE * _IDLE_SECONDS,) * len(spent),
        goal=1.0,
    )


async def _watch_cpu(process: subprocess.Popen[str], seconds: float) -> float:
    """Say how much CPU time a process takes from now on."""
    before = _read_cpu(process.pid)
    await asyncio.sleep(seconds)
    return _read_cpu(process.pid) - before


def _wait_until_converged(process: subprocess.Popen[str]) -> None:
    for line in process.stderr or ():
        if json.loads(line)["message"].startswith("converged"):
            return
    raise RuntimeError("the daemon has ended")


def _read_cpu(pid: int) -> float:
    """Read the CPU time of a process, in seconds (proc(5), /proc/pid/stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _measure_memory(server: Client, client: Client, note: Callable[[str], None]) -> Figure:
    address = server.service_client.config.target_host
    with tempfile.TemporaryDirectory() as directory:
        write_project(Path(directory), 20)
        measured = await asyncio.to_thread(probe, "cycles", directory, address, client.namespace, str(CYCLES))
    note(f"{CYCLES:,} cycles took {measured['wall']:.0f} s")
    return Figure(
        name=f"memory after {CYCLES:,} cycles",
        against=f"after {CYCLES // 10:,}",
        unit="MB",
        ours=(measured["late"],),
        theirs=(measured["early"],),
        goal=MEMORY_GOAL,
    )


def _to_ms(seconds: list[float]) -> tuple[float, ...]:
    return tuple(1000 * each for each in seconds)
