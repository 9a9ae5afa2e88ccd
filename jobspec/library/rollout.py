"""Plan and apply for the library: for a registry, as the commands do, or for some of its jobs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from jobspec.errors import ApplyError, BugError, ConflictError, JobspecError, RefusedError, UsageError
from jobspec.library.call_arguments import check_list
from jobspec.library.owned_job import refuse_foreign
from jobspec.planning.apply import Assignment, WriteStatus, apply_plan
from jobspec.planning.desired import JobSet
from jobspec.planning.guards import Allowances, Refusal, SpecsFound, parse_allowances
from jobspec.planning.plan import HeldReason
from jobspec.planning.planner import Planned, Terms, plan as plan_sides, plan_live, read_both
from jobspec.results import ScheduleOutcome
from jobspec.spec.project import Project
from jobspec.spec.redaction import Redaction
from jobspec.temporal.schedules.gateway import Schedules

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from temporalio.client import Client

    from jobspec.library.owned_job import OwnedJob
    from jobspec.library.registry import Registry
    from jobspec.planning.apply import Outcome
    from jobspec.planning.plan import Held


async def plan(
    client: Client,
    registry: Registry,
    *,
    prune: bool | None = None,
    keep_going: bool = False,
    allow: Iterable[str] = (),
) -> Planned:
    """Plan the changes that make the live schedules match a registry's jobs; nothing is written.

    Args:
        client: Connected; its data converter is used.
        registry: The jobs.
        prune: Retire the project's schedules that have no job, and delete them after the grace time. Default: only if
            the registry was loaded from files, since code rarely knows all jobs of a project.
        keep_going: Apply valid jobs even if the files of others have mistakes.
        allow: Guards to override: `empty`, or `deletes=25` to remove up to 25 jobs.

    Raises:
        InvalidDefinitionError: The registry has no project.
        UsageError: `allow` names an unknown guard.
        UnreachableError: Temporal cannot be reached.
        NamespaceNotFoundError: The namespace does not exist.
    """
    allowances = _read_allowances(allow)
    owners = registry.require_owners()
    origin = registry.origin
    project = origin.project if origin else Project()
    is_complete = origin is None or not origin.loaded.incomplete
    planned = await plan_live(
        Schedules(client),
        list_jobs(registry),
        Terms(
            project=registry.project or "",
            owners=owners,
            now=datetime.now(UTC),
            grace=project.prune.grace,
            can_prune=is_complete,
            max_deletes=project.guards.max_deletes,
            allowances=allowances,
        ),
        prune=origin is not None if prune is None else prune,
    )
    return planned if keep_going else replace(planned, refusals=(*_refuse_mistakes(registry), *planned.refusals))


def _read_allowances(allow: Iterable[str]) -> Allowances:
    check_list(allow, "allow")
    texts = tuple(allow)
    try:
        return parse_allowances(map(str, texts))
    except UsageError as error:
        raise UsageError(f"`allow={list(texts)!r}` names no guard; write `empty` or `deletes=25`") from error


def list_jobs(registry: Registry) -> JobSet:
    """List the jobs of a registry, and what is not known about them."""
    specs = {definition.name: definition.spec for definition in registry.list()}
    origin = registry.origin
    if origin is None:
        return JobSet(specs=specs, found=SpecsFound(is_empty=not specs))
    job_set = JobSet.of_files(origin.loaded, origin.env)
    return replace(job_set, specs=specs)


def _refuse_mistakes(registry: Registry) -> tuple[Refusal, ...]:
    number = sum(diagnostic.is_error for diagnostic in registry.diagnostics)
    if not number:
        return ()
    message = f"the specs have {number} {'mistake' if number == 1 else 'mistakes'}; `registry.diagnostics` names them"
    return (Refusal(guard="mistakes", message=message, override="keep_going=True"),)


async def apply(client: Client, planned: Planned) -> tuple[ScheduleOutcome, ...]:
    """Carry out a plan: exactly what it shows, each write guarded and read back.

    If one job fails, the others are still applied.

    Args:
        client: Connected, to the namespace that the plan was made for.
        planned: The result of `plan`.

    Returns:
        The outcome of each change, in name order.

    Raises:
        RefusedError: A guard refuses the plan, or it was made for another namespace; nothing was written.
        ConflictError: Nothing was written, because every schedule in the plan was changed by others in the meantime.
        ApplyError: Some changes could not be made; contains all outcomes.
    """
    _refuse(client, planned)
    assignment = Assignment(schedules=Schedules(client), desired=planned.desired, terms=planned.terms)
    return settle_outcomes([outcome async for outcome in apply_plan(planned.plan, assignment)])


def _refuse(client: Client, planned: Planned) -> None:
    if planned.refusals:
        said = "; ".join(f"{refusal.message} (let it pass with {_override(refusal)})" for refusal in planned.refusals)
        raise RefusedError(f"nothing was written: {said}")
    if client.namespace != planned.plan.namespace:
        raise RefusedError(
            f"nothing was written: the plan was made for the namespace `{planned.plan.namespace}`, and the client is "
            f"of `{client.namespace}`"
        )


def _override(refusal: Refusal) -> str:
    """Say in the library's words what the commands say as options."""
    option, _, value = refusal.override.partition(" ")
    return f'`plan(…, allow=["{value}"])`' if option == "--allow" else f"`plan(…, {refusal.override})`"


def settle_outcomes(outcomes: Iterable[Outcome]) -> tuple[ScheduleOutcome, ...]:
    """Give what became of each change, in name order, if all went well.

    Raises:
        ConflictError: Nothing was written, because of conflicts alone.
        ApplyError: Some changes could not be made.
    """
    settled = sorted(outcomes, key=lambda outcome: outcome.change.name)
    failures = [outcome for outcome in settled if outcome.status not in (WriteStatus.DONE, WriteStatus.UNCHANGED)]
    results = tuple(settle_outcome(outcome) for outcome in settled)
    if not failures:
        return results
    said = "\n".join(f"  {failure.change.name}: {failure.message}" for failure in failures)
    if len(failures) == len(settled) and all(failure.status is WriteStatus.CONFLICT for failure in failures):
        raise ConflictError(f"nothing was written, for the schedules were changed meanwhile; plan again:\n{said}")
    raise ApplyError(f"{len(failures)} of {len(settled)} changes were not made:\n{said}", results)


def settle_outcome(outcome: Outcome) -> ScheduleOutcome:
    """Say in the library's words what became of one change."""
    name = outcome.change.name
    match outcome.status:
        case WriteStatus.DONE:
            return ScheduleOutcome(name=name, action=outcome.change.action.value)
        case WriteStatus.UNCHANGED:
            return ScheduleOutcome(name=name)
        case WriteStatus.CONFLICT:
            said = f"cannot {outcome.change.action} the schedule `{name}`: {outcome.message}"
            return ScheduleOutcome(name=name, error=ConflictError(said))
        case WriteStatus.SKIPPED:
            return ScheduleOutcome(name=name, error=outcome.error or RefusedError(outcome.message))
        case WriteStatus.FAILED:
            return ScheduleOutcome(name=name, error=outcome.error)


async def apply_schedule(client: Client, job: OwnedJob) -> ScheduleOutcome:
    """Make one job's live schedule as the job says.

    Written as ever: on a fresh read, guarded, read back; what an operator paused stays paused. A retired schedule is
    restored, and a job that will never run again is not created.

    Args:
        client: Connected; its data converter is used.
        job: The job.

    Raises:
        NoScheduleError: The job runs on demand.
        InvalidDefinitionError: The job has no project, or the data converter cannot convert what it says.
        ForeignScheduleError: A schedule of that name bears another mark, or none.
        ConflictError: Somebody else keeps changing it.
    """
    job.require_schedule()
    [outcome] = await _apply(Schedules(client), job.require_project(), [job])
    if outcome.error:
        raise outcome.error
    return outcome


async def apply_schedules(client: Client, jobs: Iterable[OwnedJob]) -> tuple[ScheduleOutcome, ...]:
    """Make the live schedules of jobs as the jobs say; one that fails does not stop the others.

    Args:
        client: Connected; its data converter is used.
        jobs: Those that run on demand are left out. Jobs of one project have the same former ids.

    Returns:
        What became of each, in name order.

    Raises:
        ApplyError: Some failed; it has the outcomes of all.
        InvalidDefinitionError: A job has no project; nothing was written.
        UnreachableError: Temporal cannot be reached; nothing was written.
        NamespaceNotFoundError: The namespace does not exist.
    """
    schedules, of_project = Schedules(client), _group(jobs)
    found = [await _apply(schedules, project, group) for project, group in of_project.items()]
    outcomes = tuple(sorted((outcome for each in found for outcome in each), key=lambda outcome: outcome.name))
    failed = [outcome for outcome in outcomes if outcome.error]
    if failed:
        said = "\n".join(f"  {outcome.name}: {outcome.error}" for outcome in failed)
        raise ApplyError(f"{len(failed)} of {len(outcomes)} schedules could not be applied:\n{said}", outcomes)
    return outcomes


def _refuse_held(held: Held) -> JobspecError:
    return refuse_foreign(held) if held.reason is HeldReason.FOREIGN else BugError(held.message)


def _group(jobs: Iterable[OwnedJob]) -> Mapping[str, Sequence[OwnedJob]]:
    of_project: dict[str, list[OwnedJob]] = {}
    for job in jobs:
        if job.spec.schedule is not None:
            of_project.setdefault(job.require_project(), []).append(job)
    return of_project


async def _apply(schedules: Schedules, project: str, jobs: Sequence[OwnedJob]) -> list[ScheduleOutcome]:
    """Plan for these jobs of one project alone, and write what is to be written, many at once."""
    terms = Terms(
        project=project,
        owners=frozenset({project}).union(*(job.also_owns for job in jobs)),
        now=datetime.now(UTC),
        grace=timedelta(0),
        can_prune=False,
    )
    specs = {job.spec.name: job.spec for job in jobs}
    job_set = JobSet(specs=specs, redaction=Redaction.unite(job.redaction for job in jobs))
    desired, live = await read_both(schedules, job_set, terms, prune=False)
    planned = plan_sides(desired, live, terms)
    assignment = Assignment(schedules=schedules, desired=planned.desired, terms=planned.terms, only_shown=False)
    found = {outcome.change.name: settle_outcome(outcome) async for outcome in apply_plan(planned.plan, assignment)}
    for held in planned.plan.held:
        error = desired.failed.get(held.name) or live.get(held.name)
        found[held.name] = ScheduleOutcome(
            name=held.name, error=error if isinstance(error, JobspecError) else _refuse_held(held)
        )
    return [found.get(name) or ScheduleOutcome(name=name) for name in sorted(job_set.specs)]
