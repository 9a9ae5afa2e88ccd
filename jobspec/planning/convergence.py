"""From jobs to a plan: one read of what is live, one comparison, one look at the guards.

What the commands, the library and the daemon have in common, so that all of them decide alike.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from jobspec.planning.decisions import Equal, make_plan
from jobspec.planning.guards import Allowances, Refusal, SpecsFound, check
from jobspec.planning.observe import describe, observe
from jobspec.planning.plan import Plan, Source, Terms, Wanted
from jobspec.planning.wanted import SourcedSpec, want_jobs_meanwhile
from jobspec.spec.project import get_project_id, list_owners

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from jobspec.errors import JobspecError
    from jobspec.live.schedules import LiveSchedule, Schedules
    from jobspec.planning.wanted import WantedJobs
    from jobspec.spec.loaded import Loaded
    from jobspec.spec.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredJobs:
    """All that is known of the desired side.

    Attributes:
        jobs: The valid jobs, those that run on demand included.
        frozen: Names that could not be judged, and where the first mistake of each is; their schedules are left alone.
        found: How the specs were found, for the guards.
        environment: The environment that the specs were merged for, for the record.
    """

    jobs: tuple[SourcedSpec, ...]
    frozen: Mapping[str, Source | None] = field(default_factory=dict)
    found: SpecsFound = field(default_factory=SpecsFound)
    environment: str | None = None

    @property
    def scheduled(self) -> frozenset[str]:
        """Names under which a schedule is wanted, or may be."""
        return frozenset(job.spec.name for job in self.jobs if job.spec.schedule) | self.frozen.keys()


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan with all that is needed to show it and to carry it out.

    Attributes:
        plan: What would be done.
        wanted: What the jobs ask for, by name.
        terms: What it was made under.
        refusals: Guards that hold; nothing may be written while there are any.
    """

    plan: Plan
    wanted: Mapping[str, Wanted]
    terms: Terms
    refusals: tuple[Refusal, ...] = ()


def desire_loaded(loaded: Loaded, environment: str | None, *, is_private: bool = False) -> DesiredJobs:
    """Take the jobs that were loaded from files.

    Args:
        loaded: The jobs and all that is wrong with them.
        environment: The environment that they were loaded for.
        is_private: Whether no message may quote their values.
    """
    return DesiredJobs(
        jobs=tuple(SourcedSpec.of(job, is_private=is_private) for job in loaded.jobs.values()),
        frozen=_find_mistakes(loaded),
        found=SpecsFound(missing_roots=loaded.missing_roots, is_empty=loaded.is_empty),
        environment=environment,
    )


def _find_mistakes(loaded: Loaded) -> dict[str, Source | None]:
    """Say of each job with mistakes where the first of them is."""
    places = {
        found.job: Source(file=found.location.path, line=found.location.line)
        for found in reversed(loaded.diagnostics)
        if found.job is not None and found.is_error
    }
    return {name: places.get(name) for name in loaded.frozen}


def make_terms(project: Project, loaded: Loaded, *, now: datetime) -> Terms:
    """Say what a plan for the specs of a project is made under.

    Args:
        project: What `jobspec.toml` says.
        loaded: Its jobs and all that is wrong with them; nothing is pruned while anything is.
        now: The time of planning.

    Raises:
        ProjectError: The project has no id, so nothing can be its own.
    """
    return Terms(
        project=get_project_id(project),
        owners=list_owners(project),
        now=now,
        grace=project.prune.grace,
        can_prune=not loaded.incomplete,
    )


async def plan_jobs(
    schedules: Schedules,
    desired: DesiredJobs,
    *,
    terms: Terms,
    max_deletes: int,
    allowances: Allowances | None = None,
    prune: bool = True,
) -> Planned:
    """Read what is live and plan; nothing is written.

    Args:
        schedules: The namespace; values are converted with its client's data converter.
        desired: The jobs.
        terms: Ownership, time, and whether pruning is allowed.
        max_deletes: How many jobs may go at once.
        allowances: Guards that the caller lets pass; default: none.
        prune: Whether the jobs are all of the project's, so that what else is its own is looked for and goes.

    Raises:
        UnreachableError: Temporal cannot be reached, or went away meanwhile.
    """
    found, live = await _read_both(schedules, desired, terms, prune=prune)
    return plan_found(
        found,
        live,
        desired=desired,
        terms=terms,
        namespace=schedules.client.namespace,
        max_deletes=max_deletes,
        allowances=allowances,
    )


def plan_found(  # noqa: PLR0913  all that a plan depends on
    found: WantedJobs,
    live: Mapping[str, LiveSchedule | JobspecError],
    *,
    desired: DesiredJobs,
    terms: Terms,
    namespace: str,
    max_deletes: int,
    allowances: Allowances | None = None,
    equal: Equal | None = None,
) -> Planned:
    """Plan from what was read.

    Args:
        found: The jobs, in comparable form.
        live: What is there: all of ours and all that has a job's name.
        desired: The jobs.
        terms: See `plan_jobs`.
        namespace: For the record.
        max_deletes: See `plan_jobs`.
        allowances: See `plan_jobs`.
        equal: See `make_plan`.
    """
    if found.failed:  # what no spec names may be such a job under its former name
        terms = replace(terms, can_prune=False)
    plan = make_plan(
        found.wanted,
        {**live, **found.failed},
        terms=terms,
        invalid=desired.frozen,
        namespace=namespace,
        environment=desired.environment,
        equal=equal,
    )
    refusals = check(plan, found=desired.found, max_deletes=max_deletes, allowances=allowances or Allowances())
    return Planned(plan=plan, wanted=found.wanted, terms=terms, refusals=refusals)


async def _read_both(
    schedules: Schedules, desired: DesiredJobs, terms: Terms, *, prune: bool
) -> tuple[WantedJobs, Mapping[str, LiveSchedule | JobspecError]]:
    """Make both sides of the comparison, the desired one while Temporal answers."""
    client = schedules.client
    names = desired.scheduled
    read = observe(schedules, names, owners=terms.owners) if prune else describe(schedules, names)
    reading = asyncio.ensure_future(read)
    found = await want_jobs_meanwhile(
        desired.jobs, converter=client.data_converter, namespace=client.namespace, now=terms.now
    )
    return found, await reading
