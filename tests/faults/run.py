"""Bring every fault about, many times, and print what came out: `make faults`.

`make faults ARGS="--kills 10 --jobs 100"` is a shorter run. It ends with 1 where anything fails; docs/faults.md says
what came out when it was last written down.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dev_servers import run_server
from faults.faults import FAULTS, Stage, daemon_killed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from dev_servers import Backend

BACKENDS: tuple[Backend, ...] = ("workflow", "chasm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What became of one fault on one back end."""

    fault: str
    backend: Backend
    rounds: str
    seconds: float
    error: str

    def render(self) -> str:
        """Write it as a row of a Markdown table."""
        return f"| {self.fault} | {self.backend} | {self.rounds} | {self.seconds:.0f} | {self.error or 'ok'} |"


def main(arguments: Sequence[str]) -> int:
    options = _parse(arguments)
    rows = asyncio.run(_run(options))
    _put("\n| fault | scheduler | rounds | seconds | result |\n|---|---|---|---|---|")
    for row in rows:
        _put(row.render())
    _put(f"\n{options.jobs} jobs, seed {options.seed}, {os.cpu_count()} cores")
    return 1 if any(row.error for row in rows) else 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Bring every fault about, many times.")
    parser.add_argument("faults", nargs="*", help="parts of names of faults; default: all")
    parser.add_argument("--backend", choices=BACKENDS, help="one back end only")
    parser.add_argument("--kills", type=int, default=100, help="how often the daemon is killed (default: 100)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each other fault happens (default: 3)")
    parser.add_argument("--jobs", type=int, default=300, help="how many jobs there are (default: 300)")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32), help="chooses the moments")  # noqa: S311
    options = parser.parse_args(arguments)
    if options.jobs < 30 or min(options.kills, options.rounds) < 1:
        parser.error("--jobs must be at least 30, --kills and --rounds at least 1")
    options.chosen = [name for name in FAULTS if not options.faults or any(part in name for part in options.faults)]
    if not options.chosen:
        parser.error(f"no such fault; there are: {', '.join(FAULTS)}")
    return options


async def _run(options: argparse.Namespace) -> list[Row]:
    rows = []
    async for row in _walk(options):
        sys.stderr.write(row.render() + "\n")
        rows.append(row)
    return rows


async def _walk(options: argparse.Namespace) -> AsyncIterator[Row]:
    for backend in [options.backend] if options.backend else BACKENDS:
        for name in options.chosen:
            yield await _run_fault(name, backend, options)


async def _run_fault(name: str, backend: Backend, options: argparse.Namespace) -> Row:
    """Repeat a fault; the first failure ends it."""
    begun, done, error = time.monotonic(), 0, ""
    kills = FAULTS[name] is daemon_killed
    rounds = options.kills if kills else options.rounds
    rng = random.Random(f"{options.seed} {name} {backend}")  # noqa: S311
    try:
        for size in _split(rounds) if kills else [1] * rounds:
            await _run_once(name, backend, size, options.jobs, rng)
            done += size
    except Exception as failure:  # noqa: BLE001  whatever it is, it is a failure of this fault, and the others go on
        traceback.print_exc()
        error = f"FAILED: {(str(failure) or repr(failure)).splitlines()[0]}"
    return Row(fault=name, backend=backend, rounds=f"{done} of {rounds}", seconds=time.monotonic() - begun, error=error)


def _split(rounds: int, most: int = 25) -> list[int]:
    """Split kills into batches, each in a world of its own."""
    return [min(most, rounds - begun) for begun in range(0, rounds, most)]


async def _run_once(name: str, backend: Backend, rounds: int, jobs: int, rng: random.Random) -> None:
    server = await run_server(backend)
    try:
        with tempfile.TemporaryDirectory() as directory:
            await FAULTS[name](Stage(server=server, directory=Path(directory), size=jobs, rounds=rounds, rng=rng))
    finally:
        await server.environment.shutdown()


def _put(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # a process that has talked to Temporal may crash in the interpreter's shutdown
