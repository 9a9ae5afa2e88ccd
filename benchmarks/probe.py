"""Measures one thing in this process and prints it as JSON; `run.py` starts it again and again."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def read_peak() -> float:
    """Read the most memory that this process ever had in use, in MB; the kernel's other count takes the parent's in."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def report(run: Callable[[], object]) -> None:
    """Run it and print what it took; what it returns is held until then, and the process ends at once."""
    cpu, wall = time.process_time(), time.perf_counter()
    held = run()
    spent = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall, "peak": read_peak()}
    print(json.dumps(spent), flush=True)
    del held
    os._exit(0)  # a process that has talked to Temporal may crash in the interpreter's shutdown


def parse_with_pyyaml(directory: str) -> None:
    import yaml

    def parse(path: str) -> object:
        with open(path, "rb") as file:  # noqa: PTH123  the quickest way: this is what others are compared with
            return yaml.load(file.read().decode(), yaml.CSafeLoader)

    def run() -> object:
        return [
            parse(f"{parent}/{name}")
            for parent, _, names in os.walk(f"{directory}/specs")
            for name in names
            if name.endswith(".yaml")
        ]

    report(run)


def parse_with_pyyaml_without_gc(directory: str) -> None:
    gc.disable()
    parse_with_pyyaml(directory)


def load(directory: str) -> None:
    """Load and judge all jobs, as most commands begin."""
    from jobspec.spec.loader import load_all_environments
    from jobspec.spec.workspace import load_workspace

    def run() -> object:
        workspace = load_workspace(Path(directory))
        checked = load_all_environments(workspace, now=datetime.now(UTC))
        if checked.diagnostics:
            raise SystemExit(f"{checked.diagnostics[0].message} at {checked.diagnostics[0].location}")
        return checked

    report(run)


def validate(directory: str) -> None:
    """Do what `jobspec validate --no-imports` does, up to the diagnostics: load, and lint."""
    from jobspec.lint.review import Review, list_unchecked
    from jobspec.spec.loader import load_all_environments
    from jobspec.spec.workspace import load_workspace

    def run() -> object:
        now = datetime.now(UTC)
        workspace = load_workspace(Path(directory))
        checked = load_all_environments(workspace, now=now)
        review = Review(workspace.project.lint, now)
        for env, loaded in checked.by_environment.items():
            review.add(env, loaded)
        unchecked = list_unchecked(imports=True, namespace=True)
        return checked, review.finish(checked.diagnostics, unchecked=unchecked, is_complete=True)

    report(run)


def plan(directory: str, address: str, namespace: str) -> None:
    """Load, connect and plan as `jobspec plan` does."""
    from temporalio.contrib.pydantic import pydantic_data_converter

    from jobspec.cli.session import plan_specs
    from jobspec.cli.specs import open_specs
    from jobspec.planning.guards import parse_allowances
    from jobspec.temporal.connection import connect
    from jobspec.temporal.schedules.gateway import Schedules

    async def run() -> object:
        client = await connect(address=address, namespace=namespace, data_converter=pydantic_data_converter)
        return await plan_specs(open_specs(None), Schedules(client), parse_allowances(()))

    os.chdir(directory)
    report(lambda: asyncio.run(run()))


def connect_only(address: str, namespace: str) -> None:
    """Import what a plan needs from the SDK and connect."""
    from temporalio.contrib.pydantic import pydantic_data_converter

    from jobspec.temporal.connection import connect

    report(lambda: asyncio.run(connect(address=address, namespace=namespace, data_converter=pydantic_data_converter)))


def run_cycles(directory: str, address: str, namespace: str, count: str) -> None:
    """Run cycles of the daemon, every hundredth with a changed file; tell the memory after a tenth and after all."""
    from temporalio.contrib.pydantic import pydantic_data_converter

    from jobspec.reconcile.daemon import Daemon
    from jobspec.reconcile.report import Trigger
    from jobspec.reconcile.settings import DaemonSettings
    from jobspec.reconcile.triggers import Wake
    from jobspec.temporal.connection import connect

    path = next(Path(directory, "specs").rglob("*.yaml"))
    text, sizes = path.read_text(), []

    async def run() -> None:
        client = await connect(address=address, namespace=namespace, data_converter=pydantic_data_converter)
        stop = asyncio.Event()

        async def give() -> object:
            return client

        daemon = Daemon(Path(directory), DaemonSettings(), roots=[], connect=give, version="0")  # type: ignore[arg-type]  # no real one
        for number in range(int(count)):
            if number % 100 == 0:
                path.write_text(text.replace("batch_size: ", f"number_{number}: 1\n  batch_size: "))
            await daemon._run_cycle(Wake(trigger=Trigger.INTERVAL, is_full=number % 2 == 0), stop)  # noqa: SLF001  one cycle at a time
            daemon.render_metrics()
            if number + 1 in (int(count) // 10, int(count)):
                await daemon.status.make_document()
                sizes.append(_read_resident())

    begun = time.perf_counter()
    asyncio.run(run())
    print(json.dumps({"early": sizes[0], "late": sizes[1], "wall": time.perf_counter() - begun}), flush=True)
    os._exit(0)


def _read_resident() -> float:
    """Read how much memory this process has in use, in MB (proc(5), /proc/pid/status)."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))


PROBES: dict[str, Callable[..., None]] = {
    "pyyaml": parse_with_pyyaml,
    "pyyaml-without-gc": parse_with_pyyaml_without_gc,
    "load": load,
    "validate": validate,
    "plan": plan,
    "connect": connect_only,
    "cycles": run_cycles,
}

if __name__ == "__main__":
    PROBES[sys.argv[1]](*sys.argv[2:])
