"""The daemon's HTTP endpoint: what a request costs, and what is left of it in a flood."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from measuring import HERE, Figure

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator

SLOWEST_PROBE = 1.0
FLOOD = 700
"""Clients of a flood; five times as many as may be connected."""

_REQUESTS = 2_000
_CLIENTS = 8
_READS = 20
_PROBES = 100
_PROBE_PAUSE = 0.03
_NEVER_READING = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A process that serves."""

    host: str
    port: int
    pid: int

    async def ask(self, path: str) -> float:
        """Ask for a page over a connection of its own; returns the seconds until all of it has come."""
        begun = time.perf_counter()
        reader, writer = await asyncio.open_connection(self.host, self.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        if not answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"{path}: {answer[:100]!r}")
        return time.perf_counter() - begun

    def read_memory(self) -> float:
        """Read its memory in use, in MB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))


@contextmanager
def run_endpoint(kind: str) -> Iterator[Endpoint]:
    """Serve as long as the context lasts."""
    with _run("endpoint.py", kind) as (process, address):
        host, _, port = address.rpartition(":")
        yield Endpoint(host=host, port=int(port), pid=process.pid)


@contextmanager
def run_flood(endpoint: Endpoint, count: int, *kind: str) -> Iterator[None]:
    """Have clients misbehave as long as the context lasts."""
    flood = HERE.parent / "tests" / "floods.py"
    with _run(str(flood), endpoint.host, str(endpoint.port), str(count), *kind):
        yield


@contextmanager
def _run(script: str, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a script that prints a line when it is ready."""
    command = [sys.executable, str(HERE / script), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process, (process.stdout.readline() if process.stdout else "").strip()
        finally:
            process.kill()


async def measure_serving(rounds: int, note: Callable[[str], None]) -> AsyncIterator[Figure]:
    """Measure all of it."""
    with run_endpoint("ours") as ours, run_endpoint("bare") as bare:
        yield await _compare("/livez", _ask_often, ours, bare, rounds)
        yield await _compare("/status, 10,000 jobs", _read_much, ours, bare, rounds)
        quiet, flooded = [], []
        for number in range(rounds):
            note(f"flood {number + 1} of {rounds}")
            quiet.append(await _probe(ours))
            with run_flood(ours, FLOOD):
                flooded.append(await _probe(ours))
    yield Figure(
        name=f"/livez while {FLOOD} clients misbehave, the median of {_PROBES}",
        against="without them",
        unit="ms",
        ours=tuple(median(probes) * 1000 for probes in flooded),
        theirs=tuple(median(probes) * 1000 for probes in quiet),
    )
    yield Figure(
        name="the same, the slowest",
        against="the goal",
        unit="s",
        ours=tuple(max(probes) for probes in flooded),
        theirs=(SLOWEST_PROBE,) * rounds,
        goal=1.0,
    )
    memory = [await _hold() for _ in range(rounds)]
    yield Figure(
        name=f"memory with {_NEVER_READING} that never read /status",
        against="with one that does",
        unit="MB",
        ours=tuple(after for _, after in memory),
        theirs=tuple(before for before, _ in memory),
    )


async def _compare(
    name: str, measure: Callable[[Endpoint], Coroutine[None, None, float]], ours: Endpoint, bare: Endpoint, rounds: int
) -> Figure:
    """Measure both in turn, every other round backwards."""
    amounts: dict[Endpoint, list[float]] = {ours: [], bare: []}
    for number in range(rounds):
        for side in (ours, bare) if number % 2 == 0 else (bare, ours):
            amounts[side].append(await measure(side))
    return Figure(
        name=name, against="a bare asyncio server", unit="ms", ours=tuple(amounts[ours]), theirs=tuple(amounts[bare])
    )


async def _ask_often(endpoint: Endpoint) -> float:
    """Return the milliseconds that a request takes while several clients ask one after the other."""
    begun = time.perf_counter()
    remaining = iter(range(_REQUESTS))

    async def ask() -> None:
        for _ in remaining:
            await endpoint.ask("/livez")

    await asyncio.gather(*(ask() for _ in range(_CLIENTS)))
    return (time.perf_counter() - begun) / _REQUESTS * 1000


async def _read_much(endpoint: Endpoint) -> float:
    return median([await endpoint.ask("/status") for _ in range(_READS)]) * 1000


async def _probe(endpoint: Endpoint) -> list[float]:
    seconds = []
    for _ in range(_PROBES):
        await asyncio.sleep(_PROBE_PAUSE)
        seconds.append(await endpoint.ask("/livez"))
    return seconds


async def _hold() -> tuple[float, float]:
    """Return the memory before and while many ask for /status and do not read it, of a fresh process."""
    with run_endpoint("ours") as endpoint:
        await endpoint.ask("/status")
        before = endpoint.read_memory()
        with run_flood(endpoint, _NEVER_READING, "answer never read"):
            await asyncio.sleep(2)
            return before, endpoint.read_memory()
