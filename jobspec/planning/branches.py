"""Two states of the specs against each other: what a branch changes, and what was not as it should be before.

Without a server the one state stands for what is live, as if it had been applied. With one, each difference between
specs and live schedules is traced: to the branch, or to drift that was there before.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from jobspec.planning.convergence import Planned
from jobspec.planning.decisions import collect, explain_pause, hold_failed, hold_frozen, hold_invalid
from jobspec.planning.diff import explain_difference
from jobspec.planning.guards import Allowances, check
from jobspec.planning.pauses import Pause, want_pause
from jobspec.planning.plan import Absent, Action, Change, Completed, Reason, Source, Unchanged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobspec.planning.convergence import DesiredJobs
    from jobspec.planning.plan import Decision, Plan, Terms, Wanted
    from jobspec.planning.wanted import WantedJobs

_RUNS = Pause(paused=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The jobs as they were before.

    Attributes:
        wanted: Those that had a schedule and no mistakes, by name.
        frozen: Names of those that had mistakes.
        broken_files: Files of which not even the jobs' names are known.
        is_unreadable: Whether nothing at all is known.
    """

    wanted: Mapping[str, Wanted]
    frozen: frozenset[str] = field(default_factory=frozenset)
    broken_files: frozenset[str] = field(default_factory=frozenset)
    is_unreadable: bool = False

    def is_unknown(self, name: str, source: Source | None) -> bool:
        """Whether it cannot be told what a job was before."""
        if name in self.wanted:
            return False
        hidden = source is not None and source.file in self.broken_files
        return self.is_unreadable or hidden or name in self.frozen


def plan_branch(
    base: Base,
    found: WantedJobs,
    *,
    desired: DesiredJobs,
    terms: Terms,
    max_deletes: int,
    allowances: Allowances,
) -> Planned:
    """Work out what applying the jobs would do where all that was before has been applied; no server is asked.

    Args:
        base: The jobs as they were before.
        found: The jobs, in comparable form.
        desired: The jobs.
        terms: Ownership, time, and whether pruning is allowed.
        max_deletes: How many jobs may go at once.
        allowances: Guards that the caller lets pass.
    """
    if found.failed:
        terms = replace(terms, can_prune=False)
    known = {job.spec.name for job in desired.jobs}
    decisions: list[Decision] = []
    for name in sorted(known | desired.frozen.keys() | base.wanted.keys() | base.frozen):
        if name in desired.frozen:
            decisions.append(hold_invalid(name, desired.frozen[name]))
        elif name in found.failed:
            decisions.append(hold_failed(name, None, found.failed[name]))
        elif name in found.wanted:
            decisions.append(_decide(base, found.wanted[name]))
        else:
            decisions.append(_remove(base, name, terms, is_on_demand=name in known))
    plan = collect(decisions, terms=terms, namespace=None, environment=desired.environment)
    refusals = check(plan, found=desired.found, max_deletes=max_deletes, allowances=allowances)
    return Planned(plan=plan, wanted=found.wanted, terms=terms, refusals=refusals)


def _decide(base: Base, wanted: Wanted) -> Decision:
    name, source = wanted.desired.name, wanted.source
    before = base.wanted.get(name)
    if wanted.is_completed and (before is None or before.is_completed):
        return Completed(name=name)
    pause = want_pause(_RUNS, wanted.desired.paused)
    after = wanted.desired.canonical
    if before is None:
        is_new = not base.is_unknown(name, source)
        return Change(
            name=name,
            action=Action.CREATE if is_new else Action.UPDATE,
            reason=Reason.NEW if is_new else Reason.MENDED,
            source=source,
            after=after,
            pause=pause,
        )
    was = want_pause(_RUNS, before.desired.paused)
    fields = explain_difference(before.desired.canonical, after, is_live=False) + explain_pause(was, pause)
    if not fields:
        return Unchanged(name=name)
    return Change(
        name=name,
        action=Action.UPDATE,
        reason=Reason.CHANGED,
        source=source,
        fields=fields,
        before=before.desired.canonical,
        after=after,
        pause=pause,
        was=was,
    )


def _remove(base: Base, name: str, terms: Terms, *, is_on_demand: bool) -> Decision:
    before = base.wanted.get(name)
    if before is None and (is_on_demand or name not in base.frozen):
        return Absent(name=name)
    if before is not None and before.is_completed:
        return Absent(name=name)
    if not terms.can_prune:
        return hold_frozen(name)
    live = before.desired.canonical if before else None
    was = want_pause(_RUNS, before.desired.paused) if before else _RUNS
    return Change(
        name=name,
        action=Action.RETIRE if terms.grace else Action.DELETE,
        reason=Reason.REMOVED,
        before=live,
        after=live if terms.grace else None,
        pause=Pause(paused=True) if terms.grace else was,
        was=was,
    )


def trace_to_branch(plan: Plan, wanted: Mapping[str, Wanted], base: Base) -> Plan:
    """Say of each change of a plan whether the branch makes it or drift was there before.

    Args:
        plan: Made against what is live.
        wanted: What the jobs ask for now, by name.
        base: The jobs as they were before.
    """
    changes = tuple(_trace(change, wanted.get(change.name), base) for change in plan.changes)
    return replace(plan, changes=changes)


def _trace(change: Change, wanted: Wanted | None, base: Base) -> Change:
    before = base.wanted.get(change.name)
    if base.is_unknown(change.name, change.source):
        return change
    if wanted is None:
        return change if before else replace(change, reason=Reason.DRIFT)
    if before is None:
        return change
    if (before.desired.canonical, before.desired.paused) == (wanted.desired.canonical, wanted.desired.paused):
        return replace(change, reason=Reason.DRIFT)
    return replace(change, reason=Reason.CHANGED, drifted=_find_drifted(change, wanted, before))


def _find_drifted(change: Change, wanted: Wanted, before: Wanted) -> frozenset[str]:
    """Find the fields in which the branch changes nothing and which differ all the same."""
    paths = [found.path for found in explain_difference(before.desired.canonical, wanted.desired.canonical)]
    if before.desired.paused != wanted.desired.paused:
        paths.append(("schedule", "paused"))
    return frozenset(found.field for found in change.fields if not any(_meet(found.path, path) for path in paths))


def _meet(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether one path leads to a part of what the other leads to."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]
