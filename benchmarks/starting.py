"""How long the command line needs before it does anything."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from corpora import write_project
from measuring import BIN, Figure, alternate, run_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

GOAL = 6.0

_ROUNDS = 21


def measure_starting(note: Callable[[str], None]) -> Iterator[Figure]:
    """Measure `--help`, and `validate` of one file, against an interpreter that does nothing."""
    note("start-up")
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        write_project(directory, 1)

        def take(*command: str) -> Callable[[], float]:
            return lambda: run_command(_find(command), directory).wall * 1000

        sides = (
            take("jobspec", "--help"),
            take("python", "-c", "pass"),
            take("jobspec", "validate", "--no-imports"),
        )
        help_, nothing, validate = alternate(_ROUNDS, *sides)
    baseline = "python -c pass"
    yield Figure(name="jobspec --help", against=baseline, unit="ms", ours=help_, theirs=nothing, goal=GOAL)
    yield Figure(name="jobspec validate, one file", against=baseline, unit="ms", ours=validate, theirs=nothing)


def _find(command: Sequence[str]) -> tuple[str, ...]:
    return (str(BIN / command[0]), *command[1:])
