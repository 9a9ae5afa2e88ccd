"""The only way to a plan: what jobs ask for, what is live, and the terms go in.

Commands, library and daemon plan here, and so does a plan against a commit (`jobspec.planning.branch`), whose live side
is what the jobs of the commit ask for.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from jobspec.errors import report_bug
from jobspec.planning.decide import decide, hold_failed, hold_invalid
from jobspec.planning.desired import Conversion, convert_jobs_meanwhile
from jobspec.planning.guards import Allowances, Refusal, check
from jobspec.planning.observe import describe, observe
from jobspec.planning.plan import Change, Completed, Held, Plan, Retired, Unchanged
from jobspec.spec.project import get_project_id, list_owners

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime, timedelta

    from jobspec.planning.desired import Desired, DesiredState, JobSet
    from jobspec.planning.observe import Observed
    from jobspec.planning.plan import Decision
    from jobspec.spec.loaded_jobs import Loaded
    from jobspec.spec.project import Project
    from jobspec.temporal.schedules.gateway import Schedules

Equal: TypeAlias = "dict[str, tuple[Desired | None, Observed | None, Unchanged]]"
"""By name, a job and a live schedule that were compared and found equal. It holds for these very objects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a plan is made under.

    Attributes:
        project: The mark that new schedules get.
        owners: All marks that are ours: the project and its former ids.
        now: The time of planning.
        grace: From retired to deleted; zero deletes at once.
        can_prune: Whether what no spec asks for may be retired and deleted; False while any spec cannot be used.
        namespace: Where the live side is, for the record; None where no server was asked.
        max_deletes: How many jobs may go at once; None for any number.
        allowances: Guards that the caller lets pass.
    """

    project: str
    owners: frozenset[str]
    now: datetime
    grace: timedelta
    can_prune: bool = True
    namespace: str | None = None
    max_deletes: int | None = None
    allowances: Allowances = Allowances()  # noqa: RUF009  immutable


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan with all that is needed to show it and to carry it out.

    Attributes:
        plan: What would be done.
        desired: What the jobs ask for, by name.
        terms: What it was made under.
        refusals: Guards that hold; nothing may be written while there are any.
    """

    plan: Plan
    desired: Mapping[str, Desired]
    terms: Terms
    refusals: tuple[Refusal, ...] = ()


def make_terms(project: Project, loaded: Loaded, *, now: datetime, allowances: Allowances | None = None) -> Terms:
    """Say what a plan for the specs of a project is made under.

    Args:
        project: What `jobspec.toml` says.
        loaded: Its jobs and all that is wrong with them; nothing is pruned while anything is.
        now: The time of planning.
        allowances: Guards that the caller lets pass; default: none.

    Raises:
        ProjectError: The project has no id, so nothing can be its own.
    """
    return Terms(
        project=get_project_id(project),
        owners=list_owners(project),
        now=now,
        grace=project.prune.grace,
        can_prune=not loaded.incomplete,
        max_deletes=project.guards.max_deletes,
        allowances=allowances or Allowances(),
    )


async def plan_live(schedules: Schedules, job_set: JobSet, terms: Terms, *, prune: bool = True) -> Planned:
    """Read what is live and plan; nothing is written.

    Args:
        schedules: The namespace; values are converted with its client's data converter.
        job_set: The jobs.
        terms: What the plan is made under.
        prune: Whether the jobs are all of the project's, so that what else is its own is looked for and goes.

    Raises:
        UnreachableError: Temporal cannot be reached, or went away meanwhile.
        NamespaceNotFoundError: There is no such namespace.
    """
    desired, live = await read_both(schedules, job_set, terms, prune=prune)
    return plan(desired, live, replace(terms, namespace=schedules.client.namespace))


async def read_both(
    schedules: Schedules, job_set: JobSet, terms: Terms, *, prune: bool = True
) -> tuple[DesiredState, Mapping[str, Observed]]:
    """Make both sides of the comparison, the desired one while Temporal answers; arguments are those of `plan_live`."""
    names = job_set.scheduled.keys() | job_set.frozen.keys()
    read = observe(schedules, names, owners=terms.owners) if prune else describe(schedules, names)
    reading = asyncio.ensure_future(read)
    desired = await convert_jobs_meanwhile(job_set, Conversion.of(schedules.client, terms.now))
    return desired, await reading


def plan(desired: DesiredState, live: Mapping[str, Observed], terms: Terms, *, equal: Equal | None = None) -> Planned:
    """Work out the writes that make the live schedules what the jobs ask for.

    Args:
        desired: What the jobs ask for.
        live: What is there, by name: all of ours and all that has a job's name; an error where reading one failed.
        terms: What the plan is made under.
        equal: What earlier plans of the same owners found equal, so that the same two values are not compared again;
            what this one finds is added.
    """
    if desired.failed:  # what no spec names may be such a job under its former name
        terms = replace(terms, can_prune=False)
    known: Equal = {} if equal is None else equal
    names = desired.jobs.keys() | desired.failed.keys() | desired.frozen.keys() | live.keys()
    decisions = [_decide(name, desired, live.get(name), terms, known) for name in sorted(names)]
    found = collect(decisions, terms, environment=desired.environment)
    refusals = check(found, found=desired.found, max_deletes=terms.max_deletes, allowances=terms.allowances)
    return Planned(plan=found, desired=desired.jobs, terms=terms, refusals=refusals)


def _decide(name: str, state: DesiredState, live: Observed | None, terms: Terms, equal: Equal) -> Decision:
    """Decide about one schedule; what one brings out is its own failure."""
    try:
        if name in state.frozen:
            return hold_invalid(name, state.frozen[name])
        if name in state.failed:
            return hold_failed(name, None, state.failed[name])
        return _decide_unless_equal(name, state.jobs.get(name), live, terms, equal)
    except Exception as error:  # noqa: BLE001  a bug that one schedule brings out is no reason to leave out the others
        return hold_failed(name, None, report_bug(f"plan for the job `{name}`", error))


def _decide_unless_equal(
    name: str, desired: Desired | None, live: Observed | None, terms: Terms, equal: Equal
) -> Decision:
    known = equal.get(name)
    if known is not None and known[0] is desired and known[1] is live:
        return known[2]
    decision = decide(name, desired, live, terms=terms)
    if isinstance(decision, Unchanged):
        equal[name] = (desired, live, decision)
    return decision


def collect(decisions: Iterable[Decision], terms: Terms, *, environment: str | None = None) -> Plan:
    """Make a plan of decisions, which are in name order."""
    found = tuple(decisions)
    rest = [decision for decision in found if not isinstance(decision, Unchanged)]  # nearly always few
    return Plan(
        project=terms.project,
        namespace=terms.namespace,
        environment=environment,
        grace=terms.grace,
        changes=tuple(decision for decision in rest if isinstance(decision, Change)),
        held=tuple(decision for decision in rest if isinstance(decision, Held)),
        unchanged=len(found) - len(rest),
        completed=tuple(decision.name for decision in rest if isinstance(decision, Completed)),
        retired=tuple(decision.name for decision in rest if isinstance(decision, Retired)),
    )
