"""How each job stands after a cycle."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from jobspec.errors import report_bug
from jobspec.planning.apply import WriteStatus
from jobspec.planning.plan import Action, HeldReason
from jobspec.reconcile.report import Cause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from jobspec.planning.apply import Outcome
    from jobspec.planning.desired import Desired
    from jobspec.planning.plan import Change, Held, Source
    from jobspec.planning.planner import Planned
    from jobspec.reconcile.report import Report, Withheld


class State(StrEnum):
    """How a job stands.

    `synced`: its schedule is as its spec wants it. `drifted`: it is not, and has not been made so. `held`: it is left
    alone on purpose. `invalid`: its spec has mistakes. `failed`: it could not be read or written. `retired`: no spec
    wants it, and it waits for its deletion. `contended`: somebody else keeps changing it back. `completed`: it will
    never run again.
    """

    SYNCED = "synced"
    DRIFTED = "drifted"
    HELD = "held"
    INVALID = "invalid"
    FAILED = "failed"
    RETIRED = "retired"
    CONTENDED = "contended"
    COMPLETED = "completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one job stands.

    Attributes:
        name: Its name.
        state: How it stands, as one word.
        reason: Why, as a sentence; empty where the word says it all.
        find_source: Looks up where it is written, which scans the file; None where no spec names it.
    """

    name: str
    state: State
    reason: str = ""
    find_source: Callable[[], Source | None] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """How all jobs stand; of those in the usual state nothing is kept but the name.

    Attributes:
        desired: What the jobs ask for, by name.
        unusual: The jobs that are not `synced`, by name.
    """

    desired: Mapping[str, Desired] = field(default_factory=dict)
    unusual: Mapping[str, Standing] = field(default_factory=dict)

    def list(self) -> Iterator[Standing]:
        """Name all jobs, in name order."""
        for name in sorted(self.desired.keys() | self.unusual.keys()):
            unusual = self.unusual.get(name)
            yield unusual or Standing(name=name, state=State.SYNCED, find_source=self.desired[name].find_source)

    def count(self) -> dict[State, int]:
        """Count the jobs of each state, all states named."""
        counts = dict.fromkeys(State, 0)
        for standing in self.unusual.values():
            counts[standing.state] += 1
        counts[State.SYNCED] = len(self.desired.keys() - self.unusual.keys())
        return counts


def draw_picture(report: Report, before: Picture) -> Picture:
    """Say how all jobs stand after a cycle; where nothing could be decided, as before.

    Args:
        report: What the cycle did.
        before: How they stood.
    """
    if report.planned is None:
        return before
    unusual: dict[str, Standing] = {}
    for name, stand in _list_unusual(report, report.planned):
        standing = _try(name, stand)
        if standing:
            unusual[name] = standing
    return Picture(desired=report.planned.desired, unusual=unusual)


def _try(name: str, stand: Callable[[], Standing | None]) -> Standing | None:
    """Say how one job stands; what that brings out is its failure alone."""
    try:
        return stand()
    except Exception as error:  # noqa: BLE001  see above
        bug = report_bug(f"say how the job `{name}` stands", error)
        return Standing(name=name, state=State.FAILED, reason=str(bug))


def _list_unusual(report: Report, planned: Planned) -> Iterator[tuple[str, Callable[[], Standing | None]]]:
    """Name the jobs that may not be `synced`, and what says how each stands; of two about one job the last one counts.

    A job that is held says more than that it is completed, and what was tried says more than either.
    """
    for name, desired in planned.desired.items():
        if desired.is_completed:
            yield name, partial(_stand_completed, desired)
    for held in planned.plan.held:
        yield held.name, partial(_stand_held, held)
    for name in planned.plan.retired:
        yield name, partial(_stand_retired, name)
    for name, withheld in report.withheld.items():
        yield name, partial(_stand_withheld, withheld)
    for outcome in report.outcomes:
        yield outcome.change.name, partial(_stand_tried, outcome)


def _stand_completed(desired: Desired) -> Standing:
    reason = "it has no run after now"
    return Standing(name=desired.name, state=State.COMPLETED, reason=reason, find_source=desired.find_source)


def _stand_retired(name: str) -> Standing:
    reason = "no spec names it; it is paused and waits for its deletion"
    return Standing(name=name, state=State.RETIRED, reason=reason)


_HELD_STATES = {HeldReason.INVALID: State.INVALID, HeldReason.FAILED: State.FAILED}


def _stand_held(held: Held) -> Standing:
    reason = f"{held.message}; {held.hint}" if held.hint else held.message
    state = _HELD_STATES.get(held.reason, State.HELD)
    return Standing(name=held.name, state=state, reason=reason, find_source=lambda: held.source)


_WITHHELD_STATES = {Cause.CONTENDED: State.CONTENDED, Cause.DRY_RUN: State.DRIFTED}


def _stand_withheld(withheld: Withheld) -> Standing:
    state = _WITHHELD_STATES.get(withheld.cause, State.HELD)
    return Standing(
        name=withheld.change.name, state=state, reason=withheld.message, find_source=lambda: withheld.change.source
    )


_TRIED_STATES = {
    WriteStatus.FAILED: State.FAILED,
    WriteStatus.CONFLICT: State.DRIFTED,
    WriteStatus.SKIPPED: State.DRIFTED,
}


def _stand_tried(outcome: Outcome) -> Standing | None:
    """Say how a job stands that was written, or was to be; None for one that is synced or gone."""
    change = outcome.change
    state = _TRIED_STATES.get(outcome.status)
    if state is None:
        return _stand_retired(change.name) if change.action is Action.RETIRE else None
    reason = f"{_describe(change)} was not done: {outcome.message}"
    return Standing(name=change.name, state=state, reason=reason, find_source=lambda: change.source)


def _describe(change: Change) -> str:
    return f"{change.action.value} ({change.reason.value})"
