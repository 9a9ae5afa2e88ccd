"""From a specs to a plan, for the commands that show or carry out one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from jobspec.live.schedules import Schedules
from jobspec.planning.guards import Allowances, Refusal, check
from jobspec.planning.plan import Plan, Source, Terms, Wanted, make_plan
from jobspec.planning.survey import read_live
from jobspec.planning.wanted import want_jobs_meanwhile
from jobspec.spec.project import get_project_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from temporalio.client import Client

    from jobspec.cli.specs import Specs
    from jobspec.errors import JobspecError
    from jobspec.live.schedules import LiveSchedule
    from jobspec.planning.wanted import WantedJobs


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan with all that is needed to show it and to carry it out."""

    plan: Plan
    wanted: Mapping[str, Wanted]
    terms: Terms
    schedules: Schedules
    refusals: tuple[Refusal, ...]


async def plan_specs(specs: Specs, client: Client, allowances: Allowances) -> Planned:
    """Read what is live and plan.

    Args:
        specs: The specs.
        client: Connected.
        allowances: Guards that the caller lets pass.
    """
    project, terms = specs.project, make_terms(specs)
    schedules = Schedules(client)
    found, live = await _compare(specs, schedules)
    if found.failed:  # what no spec names may be such a job under its former name
        terms = replace(terms, can_prune=False)
    plan = make_plan(
        found.wanted,
        live,
        terms=terms,
        invalid=_invalid_sources(specs),
        namespace=client.namespace,
        environment=specs.env,
    )
    refusals = check(plan, found=specs.found, max_deletes=project.guards.max_deletes, allowances=allowances)
    return Planned(plan=plan, wanted=found.wanted, terms=terms, schedules=schedules, refusals=refusals)


async def _compare(specs: Specs, schedules: Schedules) -> tuple[WantedJobs, Mapping[str, LiveSchedule | JobspecError]]:
    """Make both sides of the comparison, the desired one while Temporal answers."""
    jobs, client = tuple(specs.loaded.jobs.values()), schedules.client
    names = {job.spec.name for job in jobs if job.spec.schedule} | specs.loaded.frozen
    reading = asyncio.ensure_future(read_live(schedules, names, owners=specs.owners))
    found = await want_jobs_meanwhile(jobs, converter=client.data_converter, namespace=client.namespace, now=specs.now)
    return found, {**await reading, **found.failed}


def make_terms(specs: Specs) -> Terms:
    """Say what a plan is made under."""
    return Terms(
        project=get_project_id(specs.project),
        owners=specs.owners,
        now=specs.now,
        grace=specs.project.prune.grace,
        can_prune=not specs.loaded.incomplete,
    )


def _invalid_sources(specs: Specs) -> dict[str, Source | None]:
    """Say of each job with mistakes where the first of them is."""
    places = {
        found.job: Source(file=found.location.path, line=found.location.line)
        for found in reversed(specs.loaded.diagnostics)
        if found.job is not None and found.is_error
    }
    return {name: places.get(name) for name in specs.loaded.frozen}
