"""Loading and `validate` against parsing the same files with PyYAML's CSafeLoader, which checks nothing."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from corpora import MADE_UP_FILES, PROW, write_project
from measuring import BIN, HERE, Figure, Spent, probe, run_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GOAL = 1.0
"""Of loading, at 10,000 files: a person waits no longer than for reading the files."""

COMMAND_GOAL = 2.0
"""Seconds that the whole command may take for the Prow specs, lint included."""


def measure_validating(rounds: int, note: Callable[[str], None]) -> Iterator[Figure]:
    """Measure the real specs and the made-up ones."""
    note("validate: the Prow specs")
    yield from _measure("1,335 jobs in 184 files", PROW, rounds, within=COMMAND_GOAL)
    with tempfile.TemporaryDirectory() as directory:
        write_project(Path(directory))
        note(f"validate: {MADE_UP_FILES:,} files")
        yield from _measure(f"{MADE_UP_FILES:,} files", Path(directory), rounds, goal=GOAL)


def _measure(
    what: str, directory: Path, rounds: int, *, goal: float | None = None, within: float | None = None
) -> Iterator[Figure]:
    names = ("load", "validate", "pyyaml", "pyyaml-without-gc")
    measured: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    commands: dict[str, list[Spent]] = {"validate": [], "pyyaml": []}
    for number in range(rounds):
        for name in names if number % 2 == 0 else reversed(names):
            measured[name].append(probe(name, str(directory)))
        for name in commands if number % 2 == 0 else reversed(commands):
            commands[name].append(run_command(_COMMANDS[name], directory))

    def pick(name: str, key: str) -> tuple[float, ...]:
        return tuple(run[key] for run in measured[name])

    yield Figure(
        name=f"load {what}, CPU time",
        against="CSafeLoader",
        unit="s",
        ours=pick("load", "cpu"),
        theirs=pick("pyyaml", "cpu"),
        goal=goal,
    )
    yield Figure(
        name="the same",
        against="CSafeLoader, GC off",
        unit="s",
        ours=pick("load", "cpu"),
        theirs=pick("pyyaml-without-gc", "cpu"),
    )
    yield Figure(
        name="validate, lint included, CPU time",
        against="loading",
        unit="s",
        ours=pick("validate", "cpu"),
        theirs=pick("load", "cpu"),
    )
    for key in ("cpu", "wall"):
        yield Figure(
            name=f"the whole command, {'CPU' if key == 'cpu' else key} time",
            against="a script with CSafeLoader",
            unit="s",
            ours=tuple(getattr(spent, key) for spent in commands["validate"]),
            theirs=tuple(getattr(spent, key) for spent in commands["pyyaml"]),
        )
    if within is not None:
        wall = tuple(spent.wall for spent in commands["validate"])
        yield Figure(name="the same", against="the goal", unit="s", ours=wall, theirs=(within,) * len(wall), goal=1.0)
    yield Figure(
        name="peak memory",
        against="CSafeLoader, values kept",
        unit="MB",
        ours=pick("validate", "peak"),
        theirs=pick("pyyaml", "peak"),
    )


_COMMANDS = {
    "validate": (str(BIN / "jobspec"), "validate", "--no-imports"),
    "pyyaml": (str(BIN / "python"), str(HERE / "probe.py"), "pyyaml", "."),
}
