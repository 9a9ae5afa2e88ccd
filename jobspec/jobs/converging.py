"""Plan and apply, for the library: what the commands do, over a registry."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from jobspec.errors import ApplyError, ConflictError, RefusedError, UsageError
from jobspec.jobs.call_arguments import check_list
from jobspec.live.schedules import Schedules
from jobspec.planning.apply import Assignment, Status, apply_plan
from jobspec.planning.convergence import DesiredJobs, Planned, desire_loaded, plan_jobs
from jobspec.planning.guards import Allowances, Refusal, SpecsFound, parse_allowances
from jobspec.planning.plan import Terms
from jobspec.planning.wanted import SourcedSpec
from jobspec.results import ScheduleOutcome
from jobspec.spec.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterable

    from temporalio.client import Client

    from jobspec.jobs.registry import Registry
    from jobspec.planning.apply import Outcome


async def plan(
    client: Client,
    registry: Registry,
    *,
    prune: bool | None = None,
    keep_going: bool = False,
    allow: Iterable[str] = (),
) -> Planned:
    """Work out what would make the live schedules equal to a registry's jobs; nothing is written.

    Args:
        client: Connected; its data converter is used.
        registry: The jobs.
        prune: Whether schedules of the project that no job wants are retired, and deleted after the grace time.
            Default: only where the registry was loaded from files, for code rarely knows all jobs of a project.
        keep_going: Whether good jobs may be applied although the files of others have mistakes.
        allow: Guards to let pass: `empty`, or `deletes=25` for up to 25 jobs that go.

    Raises:
        InvalidDefinitionError: The registry has no project.
        UsageError: `allow` names no guard.
        UnreachableError: Temporal cannot be reached.
        NamespaceNotFoundError: There is no such namespace.
    """
    allowances = _read_allowances(allow)
    owners = registry.require_owners()
    origin = registry.origin
    project = origin.project if origin else Project()
    is_complete = origin is None or not origin.loaded.incomplete
    planned = await plan_jobs(
        Schedules(client),
        desire(registry),
        terms=Terms(
            project=registry.project or "",
            owners=owners,
            now=datetime.now(UTC),
            grace=project.prune.grace,
            can_prune=is_complete,
        ),
        max_deletes=project.guards.max_deletes,
        allowances=allowances,
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


def desire(registry: Registry) -> DesiredJobs:
    """Say what a registry wants, and what is not known of it."""
    origin = registry.origin
    is_private = origin is not None and origin.is_private
    jobs = tuple(SourcedSpec(spec=definition.spec, is_private=is_private) for definition in registry.list())
    if origin is None:
        return DesiredJobs(jobs=jobs, found=SpecsFound(is_empty=not jobs))
    loaded = desire_loaded(origin.loaded, origin.env, is_private=is_private)
    sourced = {job.spec.name: job for job in loaded.jobs}
    return replace(loaded, jobs=tuple(sourced.get(job.spec.name, job) for job in jobs))


def _refuse_mistakes(registry: Registry) -> tuple[Refusal, ...]:
    number = sum(diagnostic.is_error for diagnostic in registry.diagnostics)
    if not number:
        return ()
    message = f"the specs have {number} {'mistake' if number == 1 else 'mistakes'}; `registry.diagnostics` names them"
    return (Refusal(guard="mistakes", message=message, override="keep_going=True"),)


async def apply(client: Client, planned: Planned) -> tuple[ScheduleOutcome, ...]:
    """Carry out a plan: exactly what it shows, each write guarded and read back.

    One job that fails does not stop the others.

    Args:
        client: Of the namespace that the plan was made for.
        planned: What `plan` gave.

    Returns:
        What became of each change, in name order.

    Raises:
        RefusedError: A guard refuses the plan, or it was made for another namespace; nothing was written.
        ConflictError: Nothing was written, since other people changed meanwhile all that was to be changed.
        ApplyError: Some changes could not be made; it has the outcomes of all.
    """
    _refuse(client, planned)
    assignment = Assignment(schedules=Schedules(client), wanted=planned.wanted, terms=planned.terms)
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
    failures = [outcome for outcome in settled if outcome.status not in (Status.DONE, Status.UNCHANGED)]
    results = tuple(settle_outcome(outcome) for outcome in settled)
    if not failures:
        return results
    said = "\n".join(f"  {failure.change.name}: {failure.message}" for failure in failures)
    if len(failures) == len(settled) and all(failure.status is Status.CONFLICT for failure in failures):
        raise ConflictError(f"nothing was written, for the schedules were changed meanwhile; plan again:\n{said}")
    raise ApplyError(f"{len(failures)} of {len(settled)} changes were not made:\n{said}", results)


def settle_outcome(outcome: Outcome) -> ScheduleOutcome:
    """Say in the library's words what became of one change."""
    name = outcome.change.name
    match outcome.status:
        case Status.DONE:
            return ScheduleOutcome(name=name, action=outcome.change.action.value)
        case Status.UNCHANGED:
            return ScheduleOutcome(name=name)
        case Status.CONFLICT:
            said = f"cannot {outcome.change.action} the schedule `{name}`: {outcome.message}"
            return ScheduleOutcome(name=name, error=ConflictError(said))
        case Status.SKIPPED:
            return ScheduleOutcome(name=name, error=outcome.error or RefusedError(outcome.message))
        case Status.FAILED:
            return ScheduleOutcome(name=name, error=outcome.error)
