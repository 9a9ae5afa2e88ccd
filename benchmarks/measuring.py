"""Measuring two things in turn, and saying what came out.

On a shared machine times mean little and ratios a lot: both sides of a ratio are measured one right after the other,
round after round, and the median of the rounds' ratios is what counts. Beside it stands the ratio of the best rounds,
which neighbours disturb least.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

BIN = Path(sys.executable).parent
HERE = Path(__file__).parent

Unit = Literal["s", "ms", "MB"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What came out of one comparison.

    Attributes:
        name: What was measured.
        against: What it is compared with.
        unit: Of the amounts.
        ours: One amount a round.
        theirs: The same of what it is compared with; in memory of the interpreter, what it adds up to alone.
        goal: The largest ratio that is good enough; None where the figure is for information.
    """

    name: str
    against: str
    unit: Unit
    ours: tuple[float, ...]
    theirs: tuple[float, ...]
    goal: float | None = None

    @property
    def ratios(self) -> tuple[float, ...]:
        """One a round."""
        return tuple(our / their for our, their in zip(self.ours, self.theirs, strict=True))

    @property
    def verdict(self) -> str:
        """Whether the median of the ratios reaches the goal."""
        if self.goal is None:
            return ""
        return "met" if median(self.ratios) <= self.goal else "MISSED"

    def as_row(self) -> tuple[str, ...]:
        """Show it in the columns of `render`."""
        ratios = self.ratios
        return (
            self.name,
            f"{median(self.ours):.4g} {self.unit}",
            self.against,
            f"{median(self.theirs):.4g} {self.unit}",
            f"{median(ratios):.2f}",
            f"{min(self.ours) / min(self.theirs):.2f}",
            f"{min(ratios):.2f} to {max(ratios):.2f} of {len(ratios)}",
            f"≤ {self.goal:g}" if self.goal is not None else "",
            self.verdict,
        )

    def as_json(self) -> dict[str, Any]:
        """Show it with all that was measured."""
        return {**asdict(self), "ratio": median(self.ratios), "verdict": self.verdict}


HEADERS = ("what", "takes", "against", "takes", "ratio", "of the best", "spread", "goal", "verdict")


def render(figures: Iterable[Figure]) -> str:
    """Draw a table that is Markdown as well."""
    rows = [HEADERS, *(figure.as_row() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADERS))]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def alternate(
    rounds: int, *sides: Callable[[], float], note: Callable[[str], None] = lambda _: None
) -> list[tuple[float, ...]]:
    """Measure several things in turn, every other round backwards; one tuple of amounts a side."""
    amounts: list[list[float]] = [[] for _ in sides]
    for number in range(rounds):
        note(f"round {number + 1} of {rounds}")
        order = range(len(sides))
        for side in order if number % 2 == 0 else reversed(order):
            amounts[side].append(sides[side]())
    return [tuple(side) for side in amounts]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What something took, in seconds."""

    wall: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.wall:.2f} s ({self.cpu:.2f} s CPU)"


class Meter:
    """Measures from now on what this process and the servers that it has started take."""

    def __init__(self) -> None:
        self._cpu, self._begun = _read_cpu(), time.perf_counter()

    def read(self) -> Spent:
        """Say what was spent since."""
        wall = time.perf_counter() - self._begun
        return Spent(wall=wall, cpu=_read_cpu() - self._cpu)


def _read_cpu() -> float:
    """Read the CPU time of this process and of its running children, in seconds; only Linux tells of the children."""
    ticks = sum(int(stat[11]) + int(stat[12]) for stat in _read_stats() if int(stat[1]) == os.getpid())
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def _read_stats() -> Iterator[list[str]]:
    """Read the status of every process, from its state on (proc(5), /proc/pid/stat)."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            yield path.read_text().rpartition(")")[2].split()


def run_command(command: Sequence[str], directory: Path) -> Spent:
    """Run a command to its end; it must succeed."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=directory, check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Spent(wall=wall, cpu=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def probe(*arguments: str) -> dict[str, float]:
    """Measure something in a process of its own, where nothing is imported or remembered."""
    output = subprocess.run(
        [sys.executable, str(HERE / "probe.py"), *arguments], check=True, stdout=subprocess.PIPE
    ).stdout
    measured: dict[str, float] = json.loads(output)
    return measured
