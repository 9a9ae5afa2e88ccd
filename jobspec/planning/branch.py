"""What a branch changes: the jobs of the working tree against those of a commit.

Without a server, what the commit asks for stands for what is live, as if it had been applied, and the one planner
decides. With a server, each difference between specs and live schedules is traced: to the branch, or to drift that was
there before.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from jobspec.errors import report_bug
from jobspec.planning.diff import explain_difference
from jobspec.planning.pauses import Pause, decide_pause
from jobspec.planning.plan import Action, Reason
from jobspec.planning.planner import plan
from jobspec.temporal.schedules.canonical import EMPTY
from jobspec.temporal.schedules.live_schedule import LiveSchedule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from jobspec.planning.desired import Desired, DesiredState
    from jobspec.planning.plan import Change, Source
    from jobspec.planning.planner import Planned, Terms
    from jobspec.temporal.schedules.canonical import CanonicalSchedule

_RUNS = Pause(paused=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The jobs as they were before.

    Attributes:
        jobs: What those asked for that had a schedule and no mistakes, by name.
        frozen: Names of those that had mistakes.
        broken_files: Files of which not even the jobs' names are known.
        is_unreadable: Whether nothing at all is known.
    """

    jobs: Mapping[str, Desired]
    frozen: frozenset[str] = field(default_factory=frozenset)
    broken_files: frozenset[str] = field(default_factory=frozenset)
    is_unreadable: bool = False

    def is_unknown(self, name: str, source: Source | None) -> bool:
        """Whether it cannot be told what a job was before."""
        if name in self.jobs:
            return False
        hidden = source is not None and source.file in self.broken_files
        return self.is_unreadable or hidden or name in self.frozen

    def stand_in(self, desired: DesiredState, project: str) -> dict[str, LiveSchedule]:
        """Make the live side that there would be if all that was before had been applied.

        A job that was completed then counts as gone, unless it runs again now: then it is told how it changes.

        Args:
            desired: What the jobs ask for now.
            project: The mark that the schedules would bear.
        """
        make = partial(_stand_in, project=project)
        live = {
            name: make(name, job.canonical, decide_pause(_RUNS, job.paused))
            for name, job in self.jobs.items()
            if not job.is_completed or _runs_now(name, desired)
        }
        named = desired.jobs.keys() | desired.failed.keys() | desired.frozen.keys() | desired.on_demand
        return {**{name: make(name, EMPTY, _RUNS) for name in self.frozen - named - self.jobs.keys()}, **live}


def _runs_now(name: str, desired: DesiredState) -> bool:
    job = desired.jobs.get(name)
    return job is not None and not job.is_completed


def _stand_in(name: str, canonical: CanonicalSchedule, pause: Pause, *, project: str) -> LiveSchedule:
    return LiveSchedule(name=name, project=project, canonical=canonical, paused=pause.paused, note=pause.note)


def plan_branch(base: Base, desired: DesiredState, terms: Terms) -> Planned:
    """Work out what applying the jobs would do where all that was before has been applied; no server is asked.

    Args:
        base: The jobs as they were before.
        desired: What the jobs ask for.
        terms: What the plan is made under.
    """
    planned = plan(desired, base.stand_in(desired, terms.project), terms)
    return _trace_each(planned, partial(_restate, base=base))


def _restate(change: Change, *, base: Base) -> Change:
    """Leave out what is not known without a server: times, and what a job was that had mistakes before."""
    if change.action is Action.RETIRE:
        change = replace(change, pause=Pause(paused=True), delete_after=None)
    if not base.is_unknown(change.name, change.source):
        return change
    if change.action is Action.CREATE:
        return replace(change, action=Action.UPDATE, reason=Reason.MENDED)
    return replace(change, before=None, after=None)


def trace_to_branch(planned: Planned, base: Base) -> Planned:
    """Say of each change of a plan whether the branch makes it or drift was there before.

    Args:
        planned: Made against what is live.
        base: The jobs as they were before.
    """
    return _trace_each(planned, partial(_trace, desired=planned.desired, base=base))


def _trace_each(planned: Planned, trace: Callable[[Change], Change]) -> Planned:
    return replace(planned, plan=replace(planned.plan, changes=tuple(_try_each(planned.plan.changes, trace))))


def _try_each(changes: tuple[Change, ...], trace: Callable[[Change], Change]) -> Iterator[Change]:
    for change in changes:
        try:
            yield trace(change)
        except Exception as error:  # noqa: BLE001  what one change comes from is no reason to tell nothing of the others
            report_bug(f"trace the change of `{change.name}`", error)
            yield change


def _trace(change: Change, *, desired: Mapping[str, Desired], base: Base) -> Change:
    before, after = base.jobs.get(change.name), desired.get(change.name)
    if base.is_unknown(change.name, change.source):
        return change
    if after is None:
        return change if before else replace(change, reason=Reason.DRIFT)
    if before is None:
        return change
    if (before.canonical, before.paused) == (after.canonical, after.paused):
        return replace(change, reason=Reason.DRIFT)
    return replace(change, reason=Reason.CHANGED, drifted=_find_drifted(change, after, before))


def _find_drifted(change: Change, desired: Desired, before: Desired) -> frozenset[str]:
    """Find the fields in which the branch changes nothing and which differ all the same."""
    paths = [found.path for found in explain_difference(before.canonical, desired.canonical)]
    if before.paused != desired.paused:
        paths.append(("schedule", "paused"))
    return frozenset(found.field for found in change.fields if not any(_meet(found.path, path) for path in paths))


def _meet(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether one path leads to a part of what the other leads to."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]
