"""Applying the schedules of some jobs: nothing else is looked at, retired or deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from jobspec.errors import ApplyError, JobspecError
from jobspec.jobs.converging import settle_outcome
from jobspec.jobs.owning import refuse_foreign, require_project, require_schedule
from jobspec.live.schedules import Schedules
from jobspec.planning.apply import Assignment, apply_plan
from jobspec.planning.decisions import collect, plan_job
from jobspec.planning.observe import describe
from jobspec.planning.plan import Change, Held, Terms
from jobspec.planning.wanted import SourcedSpec, want_jobs_meanwhile
from jobspec.results import ScheduleOutcome

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from temporalio.client import Client

    from jobspec.live.schedules import LiveSchedule
    from jobspec.planning.plan import Decision
    from jobspec.spec.model import JobSpec


async def apply_schedule(
    client: Client, spec: JobSpec, project: str | None, *, also_owns: Collection[str] = (), is_private: bool = False
) -> ScheduleOutcome:
    """Make one job's live schedule as the job says.

    Written as ever: on a fresh read, guarded, read back; what an operator paused stays paused. A retired schedule is
    restored, and a job that will never run again is not created.

    Args:
        client: Connected; its data converter is used.
        spec: The job.
        project: The mark of its schedule.
        also_owns: Marks that are ours as well: former ids of the project.
        is_private: Whether no message may quote values of jobs.

    Raises:
        NoScheduleError: The job runs on demand.
        InvalidDefinitionError: The job has no project, or the data converter cannot convert what it says.
        ForeignScheduleError: A schedule of that name bears another mark, or none.
        ConflictError: Somebody else keeps changing it.
    """
    require_schedule(spec)
    owned = require_project(spec, project)
    [outcome] = await _apply(Schedules(client), [spec], owned, also_owns, is_private=is_private)
    if outcome.error:
        raise outcome.error
    return outcome


async def apply_schedules(
    client: Client,
    jobs: Iterable[tuple[JobSpec, str | None]],
    *,
    also_owns: Collection[str] = (),
    is_private: bool = False,
) -> tuple[ScheduleOutcome, ...]:
    """Make the live schedules of jobs as the jobs say; one that fails does not stop the others.

    Args:
        client: Connected; its data converter is used.
        jobs: Each with its project; those that run on demand are left out.
        also_owns: Marks that are ours as well: former ids of the project.
        is_private: Whether no message may quote values of jobs.

    Returns:
        What became of each, in name order.

    Raises:
        ApplyError: Some failed; it has the outcomes of all.
        InvalidDefinitionError: A job has no project; nothing was written.
        UnreachableError: Temporal cannot be reached; nothing was written.
        NamespaceNotFoundError: There is no such namespace.
    """
    schedules, of_project = Schedules(client), _group(jobs)
    found = [
        await _apply(schedules, specs, project, also_owns, is_private=is_private)
        for project, specs in of_project.items()
    ]
    outcomes = tuple(sorted((outcome for each in found for outcome in each), key=lambda outcome: outcome.name))
    failed = [outcome for outcome in outcomes if outcome.error]
    if failed:
        said = "\n".join(f"  {outcome.name}: {outcome.error}" for outcome in failed)
        raise ApplyError(f"{len(failed)} of {len(outcomes)} schedules could not be applied:\n{said}", outcomes)
    return outcomes


def _group(jobs: Iterable[tuple[JobSpec, str | None]]) -> Mapping[str, Sequence[JobSpec]]:
    of_project: dict[str, list[JobSpec]] = {}
    for spec, project in jobs:
        if spec.schedule is not None:
            of_project.setdefault(require_project(spec, project), []).append(spec)
    return of_project


async def _apply(
    schedules: Schedules, specs: Sequence[JobSpec], project: str, also_owns: Collection[str], *, is_private: bool
) -> list[ScheduleOutcome]:
    """Read once, decide, and write what is to be written, many at once."""
    client = schedules.client
    terms = Terms(
        project=project,
        owners=frozenset({project, *also_owns}),
        now=datetime.now(UTC),
        grace=timedelta(0),
        can_prune=False,
    )
    found = await want_jobs_meanwhile(
        [SourcedSpec(spec=spec, is_private=is_private) for spec in specs],
        converter=client.data_converter,
        namespace=client.namespace,
        now=terms.now,
    )
    live = {**await describe(schedules, found.wanted), **found.failed}
    decisions = {
        name: plan_job(name, found.wanted.get(name), live.get(name), terms=terms)
        for name in sorted(found.wanted.keys() | found.failed.keys())
    }
    plan = collect(list(decisions.values()), terms=terms, namespace=client.namespace)
    assignment = Assignment(schedules=schedules, wanted=found.wanted, terms=terms, only_shown=False)
    written = {outcome.change.name: settle_outcome(outcome) async for outcome in apply_plan(plan, assignment)}
    return [
        written[name] if isinstance(decision, Change) else _settle_unwritten(name, decision, live.get(name))
        for name, decision in decisions.items()
    ]


def _settle_unwritten(name: str, decision: Decision, live: LiveSchedule | JobspecError | None) -> ScheduleOutcome:
    if isinstance(live, JobspecError):
        return ScheduleOutcome(name=name, error=live)
    return ScheduleOutcome(name=name, error=refuse_foreign(decision) if isinstance(decision, Held) else None)
